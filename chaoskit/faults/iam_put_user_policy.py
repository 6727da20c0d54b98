"""An inline policy that allows everything is put on a user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Fault, fault
from chaoskit.faults._identities import put_inline

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("iam.put-user-policy", layer="identity", attack=("T1098.003",), owasp_ml=("ML05",))
class PutUserPolicy(Fault):
    """Put an inline policy on a user that allows every action on every resource.

    It is found only by reading the user itself, and stays when groups are cleaned up.

    Detected by: CloudTrail PutUserPolicy.

    Attributes:
        user: The user's name.
        policy: The new inline policy's name.
    """

    user: str
    policy: str = "chaoskit-everything"

    def changes(self, aws: Reader) -> Changes:
        """Put it; undone by deleting the policy of that name."""
        yield from put_inline(aws, "User", self.user, self.policy)
