"""A role is given the tag of another project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("iam.tamper-role-tag", layer="identity", attack=("T1098.003", "T1548.005"), owasp_ml=("ML05",))
class TamperRoleTag(Fault):
    """Change the tag of a role that attribute-based access control goes by, to enter another project.

    No policy changes: where `aws:PrincipalTag` decides, a tag is a grant.

    Detected by: CloudTrail TagRole.

    Attributes:
        role: The role's name, without its path.
        key: The tag's key.
        value: The value that it is given.
    """

    role: str
    key: str = "project"
    value: str = "chaoskit-foreign"

    def changes(self, aws: Reader) -> Changes:
        """Tag the role; undone by the prior value, or by untagging where there was none."""
        which: dict[str, Any] = {"RoleName": self.role}
        tags = Query("iam", "ListRoleTags", which, "sort_by(Tags, &Key)")
        prior = next((tag["Value"] for tag in aws.read(tags) or () if tag["Key"] == self.key), None)
        if prior == self.value:
            return
        yield Change(
            do=Call("iam", "TagRole", **which, Tags=[{"Key": self.key, "Value": self.value}]),
            undo=(
                Call("iam", "TagRole", **which, Tags=[{"Key": self.key, "Value": prior}])
                if prior is not None
                else Call("iam", "UntagRole", **which, TagKeys=[self.key]),
            ),
            state=tags,
        )
