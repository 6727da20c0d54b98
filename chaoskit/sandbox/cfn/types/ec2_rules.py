"""AWS::EC2: security groups and network ACLs, the rules of who may talk to whom."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, gone_is_fine, names
from chaoskit.sandbox.cfn.types.ec2 import is_true, retag, tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chaoskit.sandbox.cfn.types.base import Job


class NetworkAcl(ResourceType):
    """AWS::EC2::NetworkAcl: Ref is the id; Id."""

    name = "AWS::EC2::NetworkAcl"
    properties = names("Tags VpcId")
    replaced_by = names("VpcId")

    def create(self, job: Job) -> Physical:
        made = job.client("ec2").create_network_acl(
            VpcId=job.properties["VpcId"], TagSpecifications=tags(job, "network-acl")
        )
        acl = made["NetworkAcl"]["NetworkAclId"]
        return Physical(acl, {"Id": acl})

    def update(self, job: Job, was: Physical) -> Physical:
        return retag(job, was)

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("ec2").delete_network_acl(NetworkAclId=was.id)


class NetworkAclEntry(ResourceType):
    """AWS::EC2::NetworkAclEntry: one numbered rule of a network ACL."""

    name = "AWS::EC2::NetworkAclEntry"
    replaced_by = names("Egress NetworkAclId RuleNumber")
    properties = replaced_by | names("CidrBlock PortRange Protocol RuleAction")

    def create(self, job: Job) -> Physical:
        job.client("ec2").create_network_acl_entry(**self._entry(job))
        return Physical(job.generated_name(64))

    def update(self, job: Job, was: Physical) -> Physical:
        job.client("ec2").replace_network_acl_entry(**self._entry(job))
        return was

    def delete(self, job: Job, was: Physical) -> None:
        del was
        entry = self._entry(job)
        with gone_is_fine():
            job.client("ec2").delete_network_acl_entry(
                **{name: entry[name] for name in ("NetworkAclId", "RuleNumber", "Egress")}
            )

    def _entry(self, job: Job) -> dict[str, Any]:
        entry = job.pick("CidrBlock", "NetworkAclId", "PortRange", "RuleAction")
        if "PortRange" in entry:
            entry["PortRange"] = {end: int(port) for end, port in entry["PortRange"].items()}
        return {
            **entry,
            "Egress": is_true(job.properties.get("Egress", False)),
            "Protocol": str(job.properties["Protocol"]),
            "RuleNumber": int(job.properties["RuleNumber"]),
        }


class SubnetNetworkAclAssociation(ResourceType):
    """AWS::EC2::SubnetNetworkAclAssociation: a subnet has one always, so deleting it gives the default."""

    name = "AWS::EC2::SubnetNetworkAclAssociation"
    properties = names("NetworkAclId SubnetId")
    replaced_by = properties

    def create(self, job: Job) -> Physical:
        held = _associations(job, job.properties["SubnetId"])
        made = job.client("ec2").replace_network_acl_association(
            AssociationId=held[0][1], NetworkAclId=job.properties["NetworkAclId"]
        )
        return Physical(made["NewAssociationId"], {"AssociationId": made["NewAssociationId"]})

    def delete(self, job: Job, was: Physical) -> None:
        del was
        ec2 = job.client("ec2")
        with gone_is_fine():
            for vpc, association in _associations(job, job.properties["SubnetId"]):
                default = ec2.describe_network_acls(
                    Filters=[
                        {"Name": "vpc-id", "Values": [vpc]},
                        {"Name": "default", "Values": ["true"]},
                    ]
                )["NetworkAcls"][0]["NetworkAclId"]
                ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=default)


class SecurityGroup(ResourceType):
    """AWS::EC2::SecurityGroup: Ref is the id; GroupId, VpcId. The rules that it names are all that it has."""

    name = "AWS::EC2::SecurityGroup"
    replaced_by = names("GroupDescription GroupName VpcId")
    properties = replaced_by | names("SecurityGroupEgress SecurityGroupIngress Tags")

    _WAYS: ClassVar = {
        "SecurityGroupIngress": ("authorize_security_group_ingress", "revoke_security_group_ingress"),
        "SecurityGroupEgress": ("authorize_security_group_egress", "revoke_security_group_egress"),
    }

    def create(self, job: Job) -> Physical:
        ec2 = job.client("ec2")
        made = ec2.create_security_group(
            GroupName=job.properties.get("GroupName") or job.generated_name(255),
            Description=job.properties["GroupDescription"],
            VpcId=job.properties["VpcId"],
            TagSpecifications=tags(job, "security-group"),
        )
        group = job.claim(
            Physical(made["GroupId"], {"GroupId": made["GroupId"], "VpcId": job.properties["VpcId"]})
        )
        if job.properties.get("SecurityGroupEgress"):
            # A group begins with a rule that lets everything out; rules of one's own replace it.
            (found,) = ec2.describe_security_groups(GroupIds=[group.id])["SecurityGroups"]
            ec2.revoke_security_group_egress(GroupId=group.id, IpPermissions=found["IpPermissionsEgress"])
        for way, (authorize, _) in self._WAYS.items():
            self._say(ec2, authorize, group.id, job.properties.get(way))
        return group

    def update(self, job: Job, was: Physical) -> Physical:
        ec2 = job.client("ec2")
        for way, (authorize, revoke) in self._WAYS.items():
            if job.properties.get(way) != job.before.get(way):
                self._say(ec2, revoke, was.id, job.before.get(way))
                self._say(ec2, authorize, was.id, job.properties.get(way))
        return retag(job, was)

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("ec2").delete_security_group(GroupId=was.id)

    def _say(self, ec2: Any, operation: str, group: str, rules: Iterable[Mapping[str, Any]] | None) -> None:
        if rules:
            getattr(ec2, operation)(GroupId=group, IpPermissions=[_permission(rule) for rule in rules])


def _associations(job: Job, subnet: str) -> list[tuple[str, str]]:
    """The VPC and the id of a subnet's association with its network ACL."""
    found = job.client("ec2").describe_network_acls(
        Filters=[{"Name": "association.subnet-id", "Values": [subnet]}]
    )
    return [
        (acl["VpcId"], association["NetworkAclAssociationId"])
        for acl in found["NetworkAcls"]
        for association in acl["Associations"]
        if association["SubnetId"] == subnet
    ]


def _permission(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A template's rule as the API takes it."""
    about = {"Description": rule["Description"]} if "Description" in rule else {}
    permission: dict[str, Any] = {"IpProtocol": str(rule["IpProtocol"])}
    permission |= {port: int(rule[port]) for port in ("FromPort", "ToPort") if port in rule}
    if "CidrIp" in rule:
        permission["IpRanges"] = [{"CidrIp": rule["CidrIp"], **about}]
    if "DestinationPrefixListId" in rule:
        permission["PrefixListIds"] = [{"PrefixListId": rule["DestinationPrefixListId"], **about}]
    group = rule.get("SourceSecurityGroupId") or rule.get("DestinationSecurityGroupId")
    if group:
        permission["UserIdGroupPairs"] = [{"GroupId": group, **about}]
    return permission
