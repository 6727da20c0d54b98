"""A security group is opened to every address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_ANYWHERE: Final = "0.0.0.0/0"


@fault(
    "ec2.open-security-group",
    layer="network",
    attack=("T1686.001", "T1021.004"),
    atlas=("AML.T0025",),
    owasp_ml=("ML05",),
)
class OpenSecurityGroup(Fault):
    """Add a rule for every address to a security group: a way in for a shell, or a way out for data.

    Detected by: CloudTrail AuthorizeSecurityGroupIngress or AuthorizeSecurityGroupEgress.

    Attributes:
        group: The security group's id.
        direction: Which way is opened.
        port: The TCP port.
    """

    group: str
    direction: Literal["ingress", "egress"] = "ingress"
    port: int = 22

    def changes(self, aws: Reader) -> Changes:
        """Add the rule; undone by revoking the same rule. There already, it is not ours to revoke."""
        kept = "IpPermissions" if self.direction == "ingress" else "IpPermissionsEgress"
        # AWS tells all ranges of a protocol and its ports as one rule; ours is one of its ranges.
        same = f"IpProtocol=='tcp' && FromPort==`{self.port}` && ToPort==`{self.port}`"
        rule_there = Query(
            "ec2",
            "DescribeSecurityGroups",
            {"GroupIds": [self.group]},
            f"SecurityGroups[0].{kept}[?{same}].IpRanges[] | [?CidrIp=='{_ANYWHERE}'].CidrIp",
        )
        if aws.read(rule_there):
            return
        ports = {"IpProtocol": "tcp", "FromPort": self.port, "ToPort": self.port}
        rule: dict[str, Any] = {
            "GroupId": self.group,
            "IpPermissions": [{**ports, "IpRanges": [{"CidrIp": _ANYWHERE}]}],
        }
        way = self.direction.title()
        yield Change(
            do=Call("ec2", f"AuthorizeSecurityGroup{way}", **rule),
            undo=(
                Call("ec2", f"RevokeSecurityGroup{way}", absent_ok=("InvalidPermission.NotFound",), **rule),
            ),
            state=rule_there,
        )
