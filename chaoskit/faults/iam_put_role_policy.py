"""An inline policy that allows everything is put on a role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Fault, fault
from chaoskit.faults._identities import put_inline

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("iam.put-role-policy", layer="identity", attack=("T1098.003",), owasp_ml=("ML05",))
class PutRolePolicy(Fault):
    """Put an inline policy on a role that allows every action on every resource.

    Lists of attached policies don't show it, so an intruder hides a grant there.

    Detected by: CloudTrail PutRolePolicy.

    Attributes:
        role: The role's name, without its path.
        policy: The new inline policy's name.
    """

    role: str
    policy: str = "chaoskit-everything"

    def changes(self, aws: Reader) -> Changes:
        """Put it; undone by deleting the policy of that name."""
        yield from put_inline(aws, "Role", self.role, self.policy)
