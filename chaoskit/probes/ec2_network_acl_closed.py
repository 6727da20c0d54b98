"""Looks whether a network ACL keeps strangers out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("ec2.network-acl-closed")
class NetworkAclClosed(Probe):
    """No entry of the network ACL allows all traffic from or to every address.

    Attributes:
        acl: The network ACL's id.
    """

    acl: str

    reads = ("ec2:DescribeNetworkAcls",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the entries of both directions."""
        del trace
        query = Query("ec2", "DescribeNetworkAcls", {"NetworkAclIds": [self.acl]}, "NetworkAcls[0].Entries")
        open_ = [
            {"number": entry.get("RuleNumber"), "egress": entry.get("Egress")}
            for entry in aws.read(query) or ()
            if entry.get("RuleAction") == "allow"
            and entry.get("Protocol") == "-1"
            and (entry.get("CidrBlock") == "0.0.0.0/0" or entry.get("Ipv6CidrBlock") == "::/0")
        ]
        return Observation(
            holds=not open_,
            summary=f"network ACL {self.acl} is {'open' if open_ else 'closed'} to every address",
            evidence={"open_entries": open_},
        )
