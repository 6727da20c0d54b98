"""What the probes of attached policies read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query

if TYPE_CHECKING:
    from chaoskit.aws import Reader


def attached(aws: Reader, role: str) -> list[str]:
    """The ARNs of a role's managed policies, sorted."""
    found: list[str] = aws.read(
        Query("iam", "ListAttachedRolePolicies", {"RoleName": role}, "sort(AttachedPolicies[].PolicyArn)")
    )
    return found
