"""A responder's role loses a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "iam.strip-responder-role",
    layer="application",
    attack=(
        "T1685",
        "T1098.003",
    ),
)
class StripResponderRole(Fault):
    """Detach a managed policy from a responder's role: the responder starts, and fails at its first call.

    Detected by: CloudTrail `DetachRolePolicy`.

    Attributes:
        role: The role's name, without its path.
        policy: ARN of the managed policy.
    """

    role: str
    policy: str = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"

    def changes(self, aws: Reader) -> Changes:
        """Detach; undone by attaching the same ARN. Not attached, it is not ours to attach."""
        attached = Query(
            "iam",
            "ListAttachedRolePolicies",
            {"RoleName": self.role},
            f"AttachedPolicies[?PolicyArn=='{self.policy}'].PolicyArn",
        )
        if not aws.read(attached):
            return
        named: dict[str, Any] = {"RoleName": self.role, "PolicyArn": self.policy}
        yield Change(
            do=Call("iam", "DetachRolePolicy", **named),
            undo=(Call("iam", "AttachRolePolicy", **named),),
            state=attached,
        )
