"""Looks whether a role has a managed policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Observation, Probe, probe
from chaoskit.probes._attached import attached

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("iam.policy-attached")
class PolicyAttached(Probe):
    """The managed policy is attached to the role.

    Attributes:
        role: The role's name, without its path.
        policy: ARN of the managed policy.
    """

    role: str
    policy: str = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"

    reads = ("iam:ListAttachedRolePolicies",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """List the role's managed policies."""
        del trace
        found = attached(aws, self.role)
        holds = self.policy in found
        return Observation(
            holds=holds,
            summary=f"{self.policy} is attached to role {self.role}"
            if holds
            else f"{self.policy} is not attached to role {self.role}",
            evidence={"found": found},
        )
