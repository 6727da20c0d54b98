"""moto's state, as the rest of the sandbox reads it.

Hold the sandbox's lock while you do: moto has no locks of its own.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any, cast

from moto.backends import get_backend
from moto.core.base_backend import BackendDict


@cache
def backends(service: str) -> Any:
    """Moto's backends of a service, by account and region; imported when first asked for."""
    if service == "lambda":
        # moto has two, and serves the one that runs no containers.
        return import_module("moto.awslambda_simple.models").lambda_simple_backends
    if service == "stepfunctions":
        # Likewise: the one that interprets state machines.
        return import_module("moto.stepfunctions.parser.models").stepfunctions_parser_backends
    return get_backend(cast("Any", service))


def backend(service: str, account: str, region: str = "aws") -> Any:
    """A service's state in an account and region; None where there is none yet, or no such region.

    Global services have the region `aws`.
    """
    regions = dict.get(backends(service), account)
    return None if regions is None else regions.get(region, None)


def stores() -> list[Any]:
    """What `backends` gives of every service that has been used; moto's own list, which moto adds to."""
    found: list[Any] = BackendDict._instances  # type: ignore[misc] # noqa: SLF001 - moto has no other list
    return found


def bucket(name: str) -> tuple[str, Any]:
    """The account that owns a bucket, and moto's bucket; empty and None when there is none."""
    held = backends("s3")
    _, owner = held.bucket_accounts.get(name, ("", ""))
    found = held[owner]["aws"].buckets.get(name) if owner else None
    return (owner, found) if found is not None else ("", None)


def organization_of(account: str) -> Any:
    """Moto's organization backend of the organization that an account is in; None when it is in none."""
    held = backends("organizations")
    master, partition = held.master_accounts.get(account, (account, "aws"))
    return held[master][partition] if master in held else None
