"""The one sandbox of a test process: served and deployed once, a fresh copy of it for each module."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3

from chaoskit.sandbox import collector, workload
from chaoskit.sandbox.server import serve
from chaoskit.sandbox.snapshot.snapshot import BusyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.sandbox.server import Served
    from chaoskit.sandbox.snapshot.snapshot import Snapshot

_ROOT: Final = Path(__file__).parents[1]


class OneSandbox:
    """Hands out the process's sandbox, one borrower at a time.

    Between borrowers it is bare, and so does nothing: another sandbox may be served in the process then. That
    wipes moto's state, which the next borrower's snapshot brings back.
    """

    def __init__(self) -> None:
        self._running = ExitStack()
        self._served: Served | None = None
        self._bare: Snapshot | None = None
        self._full: Snapshot | None = None
        self._outputs: dict[str, str] = {}

    @contextmanager
    def bare(self) -> Iterator[Served]:
        """With nothing but the organization and its administrators."""
        served = self._serve()
        try:
            yield served
        finally:
            self._rest()

    @contextmanager
    def deployed(self) -> Iterator[tuple[Served, dict[str, str]]]:
        """With the reference workload; the outputs of its stack too."""
        with self.bare() as served:
            if self._full is None:
                self._outputs = deploy(served)
                self._full = served.cloud.snapshot()
            else:
                served.cloud.restore(self._full)
            yield served, dict(self._outputs)

    def close(self) -> None:
        """Stop serving and forget the snapshots."""
        self._running.close()
        self._served = self._bare = self._full = None

    def _serve(self) -> Served:
        if self._served is None:
            collector.relax()
            self._served = self._running.enter_context(serve())
            self._bare = self._served.cloud.snapshot()
        else:
            self._rest()
        return self._served or self._serve()

    def _rest(self) -> None:
        """Go back to the bare state; a sandbox in which work never ends is given up for the next one."""
        if self._served is None or self._bare is None:
            return
        try:
            self._served.cloud.restore(self._bare, timeout=5)
        except BusyError:
            self.close()


def deploy(served: Served, profile: str | None = None) -> dict[str, str]:
    """Deploy the reference workload, with an anti-pattern if one is named; the outputs of its stack."""

    def connect(who: str) -> Any:
        key = served.credentials[who]
        session = boto3.Session(key.access_key_id, key.secret_access_key, region_name=served.cloud.region)
        return lambda service: session.client(service, endpoint_url=served.url)

    pace = workload.Pace(poll=5, timeout=60, sleep=served.cloud.idle)
    return workload.deploy(
        connect("admin"), connect("management"), _ROOT / "runbooks", pace=pace, profile=profile
    )
