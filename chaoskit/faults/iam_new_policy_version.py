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
        """Create it as the default; undone by the prior default, then deleting the new one.

        It is known by what it says: somebody else may have made a version meanwhile.
        """
        which: dict[str, Any] = {"PolicyArn": self.policy}
        default = Query("iam", "ListPolicyVersions", which, "Versions[?IsDefaultVersion].VersionId | [0]")
        # A list of versions does not tell what they say, and so not whose they are.
        ours = Query(
            "iam",
            "GetAccountAuthorizationDetails",
            {"Filter": ["LocalManagedPolicy"]},
            f"Policies[?Arn=='{self.policy}'].PolicyVersionList[] | [?Document==`{EVERYTHING}`].VersionId",
        )
        yield Change(
            do=Call("iam", "CreatePolicyVersion", **which, PolicyDocument=EVERYTHING, SetAsDefault=True),
            undo=(
                Call("iam", "SetDefaultPolicyVersion", **which, VersionId=aws.read(default)),
                Each(ours, Call("iam", "DeletePolicyVersion", absent_ok=(GONE,), **which, VersionId=ITEM)),
            ),
            state=default,
        )
