"""A role's permissions boundary is taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Fault, fault
from chaoskit.faults._identities import remove_boundary

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("iam.delete-role-boundary", layer="identity", attack=("T1098.003", "T1548.005"), owasp_ml=("ML05",))
class DeleteRoleBoundary(Fault):
    """Take a role's permissions boundary away, so that any grant it gets counts in full.

    An intruder does it before raising the role: a boundary caps whatever is granted later.

    Detected by: CloudTrail DeleteRolePermissionsBoundary.

    Attributes:
        role: The role's name, without its path.
    """

    role: str

    def changes(self, aws: Reader) -> Changes:
        """Delete it; undone by setting the boundary that was there."""
        yield from remove_boundary(aws, "Role", self.role)
