"""An inline policy that allows everything is put on a group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Fault, fault
from chaoskit.faults._identities import put_inline

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("iam.put-group-policy", layer="identity", attack=("T1098.003",), owasp_ml=("ML05",))
class PutGroupPolicy(Fault):
    """Put an inline policy on a group that allows every action on every resource.

    Every member, present and future, then has it, and no member looks changed.

    Detected by: CloudTrail PutGroupPolicy.

    Attributes:
        group: The group's name.
        policy: The new inline policy's name.
    """

    group: str
    policy: str = "chaoskit-everything"

    def changes(self, aws: Reader) -> Changes:
        """Put it; undone by deleting the policy of that name."""
        yield from put_inline(aws, "Group", self.group, self.policy)
