"""A role is given the tag of another project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import ITEM, Call, Each, Query
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
        """Tag the role; undone by the prior value, or by untagging where there was none.

        A key in another case is the same key of a role (IAM User Guide, "Tags for AWS Identity and Access
        Management resources"), so the tag keeps the spelling that it has.
        """
        which: dict[str, Any] = {"RoleName": self.role}
        tags = aws.read(Query("iam", "ListRoleTags", which, "Tags")) or ()
        prior = next((tag for tag in tags if tag["Key"].lower() == self.key.lower()), None)
        if prior and prior["Value"] == self.value:
            return
        key = prior["Key"] if prior else self.key
        ours = f"Tags[?Key=='{key}' && Value=='{self.value}'].Key"
        yield Change(
            do=Call("iam", "TagRole", **which, Tags=[{"Key": key, "Value": self.value}]),
            undo=(
                Call("iam", "TagRole", **which, Tags=[prior])
                if prior
                # Untagging takes a value that somebody has set since, too.
                else Each(
                    Query("iam", "ListRoleTags", which, ours),
                    Call("iam", "UntagRole", **which, TagKeys=[ITEM]),
                ),
            ),
            state=Query("iam", "ListRoleTags", which, f"Tags[?Key=='{key}'].Value"),
        )
