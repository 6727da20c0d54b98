"""A managed policy is attached to a user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Fault, fault
from chaoskit.faults._identities import ADMINISTRATOR, attach

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("iam.attach-user-policy", layer="identity", attack=("T1098.003",), owasp_ml=("ML05",))
class AttachUserPolicy(Fault):
    """Attach a managed policy to a user, as an intruder who holds the user's key would.

    A user's own grants outlive every session, and reviews of roles and groups don't see them.

    Detected by: CloudTrail AttachUserPolicy.

    Attributes:
        user: The user's name.
        policy: ARN of the managed policy.
    """

    user: str
    policy: str = ADMINISTRATOR

    def changes(self, aws: Reader) -> Changes:
        """Attach; undone by detaching the same ARN."""
        yield from attach(aws, "User", self.user, self.policy)
