"""Looks whether a security group is closed to strangers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("ec2.security-group-closed")
class SecurityGroupClosed(Probe):
    """No rule of the security group lets every address in or out.

    Attributes:
        group: The security group's id.
    """

    group: str

    reads = ("ec2:DescribeSecurityGroups",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the rules of both directions."""
        del trace
        query = Query(
            "ec2",
            "DescribeSecurityGroups",
            {"GroupIds": [self.group]},
            "SecurityGroups[0].[IpPermissions, IpPermissionsEgress][]",
        )
        open_ = [
            {"protocol": rule.get("IpProtocol"), "from": rule.get("FromPort"), "to": rule.get("ToPort")}
            for rule in aws.read(query) or ()
            if any(one.get("CidrIp") == "0.0.0.0/0" for one in rule.get("IpRanges") or ())
            or any(one.get("CidrIpv6") == "::/0" for one in rule.get("Ipv6Ranges") or ())
        ]
        return Observation(
            holds=not open_,
            summary=f"security group {self.group} is {'open' if open_ else 'closed'} to every address",
            evidence={"open_rules": open_},
        )
