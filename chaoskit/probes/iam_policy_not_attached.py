"""Looks whether a role is free of a managed policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Observation, Probe, probe
from chaoskit.probes._attached import attached

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("iam.policy-not-attached")
class PolicyNotAttached(Probe):
    """The managed policy is not attached to the role.

    Attributes:
        role: The role's name, without its path.
        policy: ARN of the managed policy.
    """

    role: str
    policy: str = "arn:aws:iam::aws:policy/AdministratorAccess"

    reads = ("iam:ListAttachedRolePolicies",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """List the role's managed policies."""
        del trace
        found = attached(aws, self.role)
        holds = self.policy not in found
        return Observation(
            holds=holds,
            summary=f"{self.policy} is {'not ' if holds else ''}attached to role {self.role}",
            evidence={"attached": found},
        )
