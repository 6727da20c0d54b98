"""The account asks to leave its organization."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from chaoskit.contract import Fault, fault
from chaoskit.faults._sessions import harmless

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("organizations.leave-organization", layer="identity", attack=("T1666",))
class LeaveOrganization(Fault):
    """Ask to take the account out of its organization, and so out of reach of all its guardrails.

    Leaving can't be undone from here, so the call is never let through: see `harmless`. What is seen is which
    policy refuses it.

    Detected by: CloudTrail LeaveOrganization (denied).

    Attributes:
        role_arn: A role that the run may assume, which need not be allowed anything.
    """

    role_arn: str

    example: ClassVar = {"role_arn": "arn:aws:iam::444455556666:role/a-role"}

    def changes(self, aws: Reader) -> Changes:
        """Ask in a session that is limited to nothing: it is refused with or without a guardrail."""
        del aws
        yield from harmless(self.role_arn, "organizations", "LeaveOrganization")
