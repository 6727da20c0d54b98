"""Looks whether a role, user or group is free of a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("iam.no-grant")
class NoGrant(Probe):
    """The policy is neither attached to the role, user or group, nor an inline policy of it.

    One that does not exist has no policy.

    Attributes:
        kind: What it is.
        name: Its name, without its path.
        policy: ARN of a managed policy, or an inline policy's name.
    """

    kind: Literal["Role", "User", "Group"]
    name: str
    policy: str = "arn:aws:iam::aws:policy/AdministratorAccess"

    reads = (
        "iam:ListAttachedRolePolicies",
        "iam:ListAttachedUserPolicies",
        "iam:ListAttachedGroupPolicies",
        "iam:ListRolePolicies",
        "iam:ListUserPolicies",
        "iam:ListGroupPolicies",
    )

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """List the managed and the inline policies."""
        del trace
        who, gone = {f"{self.kind}Name": self.name}, ("NoSuchEntity",)
        attached = f"ListAttached{self.kind}Policies"
        managed = aws.read(Query("iam", attached, who, "sort(AttachedPolicies[].PolicyArn)", gone))
        inline = aws.read(Query("iam", f"List{self.kind}Policies", who, "sort(PolicyNames)", gone))
        found = [*(managed or ()), *(inline or ())]
        holds = self.policy not in found
        return Observation(
            holds=holds,
            summary=f"{self.kind.lower()} {self.name} has {'not ' if holds else ''}the policy {self.policy}",
            evidence={"policies": found},
        )
