"""A managed policy gets a new default version that allows everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from chaoskit.aws import ITEM, Call, Each, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._identities import EVERYTHING, GONE

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("iam.new-policy-version", layer="identity", attack=("T1098.003", "T1548.005"), owasp_ml=("ML05",))
class NewPolicyVersion(Fault):
    """Make a version of a customer managed policy that allows everything its default version.

    Whoever the policy is attached to is raised, and no attachment changes. The policy must have room for
    one more version (AWS keeps five).

    Detected by: CloudTrail CreatePolicyVersion.

    Attributes:
        policy: ARN of the customer managed policy.
    """

    policy: str

    example: ClassVar = {"policy": "arn:aws:iam::444455556666:policy/a-policy"}

    def changes(self, aws: Reader) -> Changes:
        """Create it as the default; undone by the prior default, then deleting every version that is new."""
        which: dict[str, Any] = {"PolicyArn": self.policy}
        versions = "ListPolicyVersions"
        default = Query("iam", versions, which, "Versions[?IsDefaultVersion].VersionId | [0]")
        yield Change(
            do=Call("iam", "CreatePolicyVersion", **which, PolicyDocument=EVERYTHING, SetAsDefault=True),
            undo=(
                Call("iam", "SetDefaultPolicyVersion", **which, VersionId=aws.read(default)),
                Each(
                    Query("iam", versions, which, "Versions[].VersionId"),
                    Call("iam", "DeletePolicyVersion", absent_ok=(GONE,), **which, VersionId=ITEM),
                ),
            ),
            state=Query(
                "iam",
                versions,
                which,
                "sort_by(Versions[].{version: VersionId, default: IsDefaultVersion}, &version)",
            ),
        )
