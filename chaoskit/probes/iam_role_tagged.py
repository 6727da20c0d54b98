"""Looks whether a role has the tag that access goes by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("iam.role-tagged")
class RoleTagged(Probe):
    """The role has the tag with this value.

    Attributes:
        role: The role's name, without its path.
        value: The value that the tag must have.
        key: The tag's key.
    """

    role: str
    value: str
    key: str = "project"

    reads = ("iam:ListRoleTags",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """List the role's tags."""
        del trace
        tags = aws.read(Query("iam", "ListRoleTags", {"RoleName": self.role}, "Tags"))
        found = next((tag["Value"] for tag in tags or () if tag["Key"] == self.key), None)
        return Observation(
            holds=found == self.value,
            summary=f"role {self.role} has {self.key} {found or 'not set'}",
            evidence={"value": found},
        )
