"""Somebody asks for a session of an account's root user."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from chaoskit.contract import Fault, fault
from chaoskit.faults._sessions import harmless

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("sts.assume-root", layer="identity", attack=("T1078.004", "T1548.005"), atlas=("AML.T0012",))
class AssumeRoot(Fault):
    """Ask for a privileged session of the account's root user, which no identity policy limits.

    With central root access the management account can, and a member account must not even try. The call is
    never let through: see `harmless`.

    Detected by: CloudTrail AssumeRoot (denied).

    Attributes:
        role_arn: A role that the run may assume, which need not be allowed anything.
    """

    role_arn: str

    example: ClassVar = {"role_arn": "arn:aws:iam::444455556666:role/a-role"}

    def changes(self, aws: Reader) -> Changes:
        """Ask in a session that is limited to nothing: it is refused with or without a guardrail."""
        task = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
        yield from harmless(
            self.role_arn, "sts", "AssumeRoot", TargetPrincipal=aws.account, TaskPolicyArn={"arn": task}
        )
