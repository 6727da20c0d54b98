"""Who from outside the account a policy lets in: what probes of buckets, keys, secrets and models share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chaoskit.contract import Observation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chaoskit.aws import Reader


def strangers(policy: str | None, account: str) -> list[str]:
    """The principals of other accounts, or everyone, that a policy's `Allow` statements name.

    Conditions are not looked at: they may narrow what a stranger may do, and still he is one.
    """
    if not policy:
        return []
    statements = json.loads(policy).get("Statement", [])
    allowed = [each for each in listed(statements) if each.get("Effect") == "Allow"]
    named = [name for statement in allowed for name in _principals(statement)]
    return sorted({name for name in named if not is_own(name, account)})


def is_own(principal: str, account: str) -> bool:
    """Whether an ARN, or an account's bare id, is of the account; services have no account."""
    return principal == account or principal.split(":")[4:5] == [account]


def shared(what: str, found: Sequence[str], aws: Reader) -> Observation:
    """The answer about a thing that must be used by its own account only."""
    return Observation(
        holds=not found,
        summary=f"{what} is shared with {', '.join(found)}"
        if found
        else f"{what} is used by account {aws.account} only",
        evidence={"strangers": list(found)},
    )


def _principals(statement: dict[str, Any]) -> Iterator[str]:
    principal = statement.get("Principal", "*")
    if isinstance(principal, str):
        yield principal
    else:
        yield from listed(principal.get("AWS", []))


def listed(value: Any) -> list[Any]:
    """What a policy says of one or, in a list, of several."""
    return value if isinstance(value, list) else [value]
