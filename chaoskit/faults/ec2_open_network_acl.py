"""A network ACL lets everybody in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_ALL: Final = "-1"


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
        """Add the entry; undone by deleting the entry of that number."""
        way = "Egress" if self.egress else "!Egress"
        entries = Query(
            "ec2",
            "DescribeNetworkAcls",
            {"NetworkAclIds": [self.acl]},
            f"sort_by(NetworkAcls[0].Entries[?{way}], &RuleNumber)",
        )
        if any(entry["RuleNumber"] == self.number for entry in aws.read(entries) or ()):
            return
        which: dict[str, Any] = {"NetworkAclId": self.acl, "RuleNumber": self.number, "Egress": self.egress}
        yield Change(
            do=Call(
                "ec2",
                "CreateNetworkAclEntry",
                **which,
                Protocol=_ALL,
                RuleAction="allow",
                CidrBlock="0.0.0.0/0",
            ),
            undo=(
                Call("ec2", "DeleteNetworkAclEntry", absent_ok=("InvalidNetworkAclEntry.NotFound",), **which),
            ),
            state=entries,
        )
