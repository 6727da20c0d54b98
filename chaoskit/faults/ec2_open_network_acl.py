"""A network ACL lets everybody in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import ITEM, Call, Each, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_ALL: Final = "-1"
_ANYWHERE: Final = "0.0.0.0/0"


@fault(
    "ec2.open-network-acl", layer="network", attack=("T1686.001",), atlas=("AML.T0025",), owasp_ml=("ML05",)
)
class OpenNetworkAcl(Fault):
    """Put a rule before all others of a network ACL that allows all traffic from or to every address.

    Detected by: CloudTrail CreateNetworkAclEntry.

    Attributes:
        acl: The network ACL's id.
        egress: True to open the way out.
        number: The rule's number; one that is taken already is left alone.
    """

    acl: str
    egress: bool = False
    number: int = 1

    def changes(self, aws: Reader) -> Changes:
        """Add the entry; undone by deleting the entry of that number, if it still is the same."""
        if aws.read(self._acls_with("")):
            return
        # Somebody else may have replaced it by one of that number that denies.
        same = f" && CidrBlock=='{_ANYWHERE}' && Protocol=='{_ALL}' && RuleAction=='allow'"
        ours = self._acls_with(same)
        which: dict[str, Any] = {"RuleNumber": self.number, "Egress": self.egress}
        yield Change(
            do=Call(
                "ec2",
                "CreateNetworkAclEntry",
                NetworkAclId=self.acl,
                **which,
                Protocol=_ALL,
                RuleAction="allow",
                CidrBlock=_ANYWHERE,
            ),
            undo=(
                Each(
                    ours,
                    Call(
                        "ec2",
                        "DeleteNetworkAclEntry",
                        absent_ok=("InvalidNetworkAclEntry.NotFound",),
                        NetworkAclId=ITEM,
                        **which,
                    ),
                ),
            ),
            state=ours,
        )

    def _acls_with(self, more: str) -> Query:
        """The ACL's id, in a list, if it has an entry of that number and way."""
        way = "Egress" if self.egress else "!Egress"
        return Query(
            "ec2",
            "DescribeNetworkAcls",
            {"NetworkAclIds": [self.acl]},
            f"NetworkAcls[?Entries[?{way} && RuleNumber==`{self.number}`{more}]].NetworkAclId",
        )
