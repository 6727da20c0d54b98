"""A sandbox in a process of its own, as `chaoskit sandbox up` keeps one, for what talks to it."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from chaoskit.places import sandboxes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.embedded import Instance

ROOT = Path(__file__).parents[1]
PEERS = ROOT / ".venv-peers" / "bin"


@contextmanager
def sandbox_up() -> Iterator[tuple[Instance, Path]]:
    """A sandbox with the workload, in a home of its own: history and journal begin empty.

    Yields:
        The sandbox, and the home's folder.
    """
    before = os.environ.get("CHAOSKIT_HOME")
    with tempfile.TemporaryDirectory(prefix="chaoskit-bench-") as folder:
        os.environ["CHAOSKIT_HOME"] = folder
        try:
            sandboxes().up()
            running = sandboxes().with_workload()
            if running is None:
                raise RuntimeError("the sandbox does not start")
            yield running, Path(folder)
        finally:
            sandboxes().down()
            if before is None:
                del os.environ["CHAOSKIT_HOME"]
            else:
                os.environ["CHAOSKIT_HOME"] = before


def environment(of: Instance) -> dict[str, str]:
    """What has any AWS SDK talk to the sandbox as its administrator."""
    return {
        **os.environ,
        "AWS_ENDPOINT_URL": of.url,
        "AWS_ACCESS_KEY_ID": of.admin.access_key_id,
        "AWS_SECRET_ACCESS_KEY": of.admin.secret_access_key,
        "AWS_DEFAULT_REGION": of.region,
        "AWS_REGION": of.region,
    }


def client(of: Instance, service: str, **more: Any) -> Any:
    """A boto3 client of the sandbox's administrator."""
    return boto3.client(
        service,
        endpoint_url=of.url,
        region_name=of.region,
        aws_access_key_id=of.admin.access_key_id,
        aws_secret_access_key=of.admin.secret_access_key,
        **more,
    )
