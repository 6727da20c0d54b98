"""A security group is opened to every address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


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
        rules = Query(
            "ec2", "DescribeSecurityGroups", {"GroupIds": [self.group]}, f"SecurityGroups[0].{kept}"
        )
        if any(self._is_ours(rule) for rule in aws.read(rules) or ()):
            return
        ports = {"IpProtocol": "tcp", "FromPort": self.port, "ToPort": self.port}
        rule: dict[str, Any] = {
            "GroupId": self.group,
            "IpPermissions": [{**ports, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
        }
        way = self.direction.title()
        yield Change(
            do=Call("ec2", f"AuthorizeSecurityGroup{way}", **rule),
            undo=(
                Call("ec2", f"RevokeSecurityGroup{way}", absent_ok=("InvalidPermission.NotFound",), **rule),
            ),
            state=rules,
        )

    def _is_ours(self, rule: dict[str, Any]) -> bool:
        ranges = [one["CidrIp"] for one in rule.get("IpRanges", ())]
        return rule.get("FromPort") == rule.get("ToPort") == self.port and "0.0.0.0/0" in ranges
