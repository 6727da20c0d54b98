"""A managed policy is attached to a role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("iam.attach-role-policy", layer="identity", attack=("T1098.003",), owasp_ml=("ML05",))
class AttachRolePolicy(Fault):
    """Attach a managed policy to a role, as an intruder widening a foothold would.

    Detected by: CloudTrail AttachRolePolicy.

    Attributes:
        role: The role's name, without its path.
        policy: ARN of the managed policy.
    """

    role: str
    policy: str = "arn:aws:iam::aws:policy/AdministratorAccess"

    def changes(self, aws: Reader) -> Changes:
        """Attach; undone by detaching the same ARN. Attached already, it is not ours to detach."""
        attached = Query(
            "iam", "ListAttachedRolePolicies", {"RoleName": self.role}, "sort(AttachedPolicies[].PolicyArn)"
        )
        if self.policy in (aws.read(attached) or ()):
            return
        yield Change(
            do=Call("iam", "AttachRolePolicy", RoleName=self.role, PolicyArn=self.policy),
            undo=(
                Call(
                    "iam",
                    "DetachRolePolicy",
                    absent_ok=("NoSuchEntity",),
                    RoleName=self.role,
                    PolicyArn=self.policy,
                ),
            ),
            state=attached,
        )
