"""Looks whether a role or user has its permissions boundary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("iam.has-boundary")
class HasBoundary(Probe):
    """The role or user has the permissions boundary.

    Attributes:
        kind: What it is.
        name: Its name, without its path.
        boundary: ARN of the boundary.
    """

    kind: Literal["Role", "User"]
    name: str
    boundary: str

    reads = ("iam:GetRole", "iam:GetUser")

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read which boundary there is."""
        del trace
        select = f"{self.kind}.PermissionsBoundary.PermissionsBoundaryArn"
        found = aws.read(Query("iam", f"Get{self.kind}", {f"{self.kind}Name": self.name}, select))
        return Observation(
            holds=found == self.boundary,
            summary=f"the boundary of {self.kind.lower()} {self.name} is {found or 'absent'}",
            evidence={"boundary": found},
        )
