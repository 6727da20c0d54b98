"""A managed policy is attached to a group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Fault, fault
from chaoskit.faults._identities import ADMINISTRATOR, attach

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("iam.attach-group-policy", layer="identity", attack=("T1098.003",), owasp_ml=("ML05",))
class AttachGroupPolicy(Fault):
    """Attach a managed policy to a group, which raises all of its members at once.

    An intruder prefers it to a grant of one user, since no user looks changed.

    Detected by: CloudTrail AttachGroupPolicy.

    Attributes:
        group: The group's name.
        policy: ARN of the managed policy.
    """

    group: str
    policy: str = ADMINISTRATOR

    def changes(self, aws: Reader) -> Changes:
        """Attach; undone by detaching the same ARN."""
        yield from attach(aws, "Group", self.group, self.policy)
