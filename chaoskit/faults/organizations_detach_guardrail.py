"""A member account asks to detach a service control policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from chaoskit.contract import Fault, fault
from chaoskit.faults._sessions import harmless

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("organizations.detach-guardrail", layer="identity", attack=("T1666", "T1685"))
class DetachGuardrail(Fault):
    """Ask from within a member account to detach a service control policy from it.

    Only the management account or a delegated administrator can, and the call is never let through: see
    `harmless`. What is seen is whether a guardrail refuses it, should the account ever be made a delegate.

    Detected by: CloudTrail DetachPolicy (denied).

    Attributes:
        role_arn: A role that the run may assume, which need not be allowed anything.
        policy: Id of the service control policy; AWS's own FullAWSAccess is attached everywhere.
    """

    role_arn: str
    policy: str = "p-FullAWSAccess"

    example: ClassVar = {"role_arn": "arn:aws:iam::444455556666:role/a-role"}

    def changes(self, aws: Reader) -> Changes:
        """Ask in a session that is limited to nothing: it is refused with or without a guardrail."""
        yield from harmless(
            self.role_arn, "organizations", "DetachPolicy", PolicyId=self.policy, TargetId=aws.account
        )
