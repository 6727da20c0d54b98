"""A user's permissions boundary is taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Fault, fault
from chaoskit.faults._identities import remove_boundary

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("iam.delete-user-boundary", layer="identity", attack=("T1098.003", "T1548.005"), owasp_ml=("ML05",))
class DeleteUserBoundary(Fault):
    """Take a user's permissions boundary away, so that any grant it gets counts in full.

    An intruder does it before raising the user: a boundary caps whatever is granted later.

    Detected by: CloudTrail DeleteUserPermissionsBoundary.

    Attributes:
        user: The user's name.
    """

    user: str

    def changes(self, aws: Reader) -> Changes:
        """Delete it; undone by setting the boundary that was there."""
        yield from remove_boundary(aws, "User", self.user)
