"""AWS::EC2: a VPC, its subnets and routes, its endpoints and its flow logs."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, document, gone_is_fine, names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.sandbox.cfn.types.base import Job

_ON: dict[bool, Mapping[str, bool]] = {True: {"Value": True}, False: {"Value": False}}


class Vpc(ResourceType):
    """AWS::EC2::VPC: Ref is the id; CidrBlock, DefaultNetworkAcl, DefaultSecurityGroup, VpcId."""

    name = "AWS::EC2::VPC"
    properties = names("CidrBlock EnableDnsHostnames EnableDnsSupport Tags")
    replaced_by = names("CidrBlock")

    def create(self, job: Job) -> Physical:
        ec2 = job.client("ec2")
        made = ec2.create_vpc(CidrBlock=job.properties["CidrBlock"], TagSpecifications=tags(job, "vpc"))
        vpc = made["Vpc"]["VpcId"]
        job.claim(Physical(vpc))
        self._set(job, vpc)
        own = [{"Name": "vpc-id", "Values": [vpc]}]
        group = ec2.describe_security_groups(Filters=[*own, {"Name": "group-name", "Values": ["default"]}])
        acl = ec2.describe_network_acls(Filters=[*own, {"Name": "default", "Values": ["true"]}])
        return Physical(
            vpc,
            {
                "VpcId": vpc,
                "CidrBlock": job.properties["CidrBlock"],
                "DefaultSecurityGroup": group["SecurityGroups"][0]["GroupId"],
                "DefaultNetworkAcl": acl["NetworkAcls"][0]["NetworkAclId"],
            },
        )

    def update(self, job: Job, was: Physical) -> Physical:
        self._set(job, was.id)
        return retag(job, was)

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("ec2").delete_vpc(VpcId=was.id)

    def _set(self, job: Job, vpc: str) -> None:
        for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
            if attribute in job.properties:
                value = _ON[is_true(job.properties[attribute])]
                job.client("ec2").modify_vpc_attribute(VpcId=vpc, **{attribute: value})


class Subnet(ResourceType):
    """AWS::EC2::Subnet: Ref is the id; SubnetId, VpcId."""

    name = "AWS::EC2::Subnet"
    properties = names("AvailabilityZone CidrBlock MapPublicIpOnLaunch Tags VpcId")
    replaced_by = names("AvailabilityZone CidrBlock VpcId")

    def create(self, job: Job) -> Physical:
        made = job.client("ec2").create_subnet(
            TagSpecifications=tags(job, "subnet"), **job.pick("AvailabilityZone", "CidrBlock", "VpcId")
        )
        subnet = job.claim(
            Physical(
                made["Subnet"]["SubnetId"],
                {"SubnetId": made["Subnet"]["SubnetId"], "VpcId": job.properties["VpcId"]},
            )
        )
        self._set(job, subnet)
        return subnet

    def update(self, job: Job, was: Physical) -> Physical:
        self._set(job, was)
        return retag(job, was)

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("ec2").delete_subnet(SubnetId=was.id)

    def _set(self, job: Job, subnet: Physical) -> None:
        public = _ON[is_true(job.properties.get("MapPublicIpOnLaunch", False))]
        job.client("ec2").modify_subnet_attribute(SubnetId=subnet.id, MapPublicIpOnLaunch=public)


class RouteTable(ResourceType):
    """AWS::EC2::RouteTable: Ref is the id; RouteTableId."""

    name = "AWS::EC2::RouteTable"
    properties = names("Tags VpcId")
    replaced_by = names("VpcId")

    def create(self, job: Job) -> Physical:
        made = job.client("ec2").create_route_table(
            VpcId=job.properties["VpcId"], TagSpecifications=tags(job, "route-table")
        )
        table = made["RouteTable"]["RouteTableId"]
        return Physical(table, {"RouteTableId": table})

    def update(self, job: Job, was: Physical) -> Physical:
        return retag(job, was)

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("ec2").delete_route_table(RouteTableId=was.id)


class SubnetRouteTableAssociation(ResourceType):
    """AWS::EC2::SubnetRouteTableAssociation: Ref is the association's id."""

    name = "AWS::EC2::SubnetRouteTableAssociation"
    properties = names("RouteTableId SubnetId")
    replaced_by = properties

    def create(self, job: Job) -> Physical:
        made = job.client("ec2").associate_route_table(**job.pick("RouteTableId", "SubnetId"))
        return Physical(made["AssociationId"], {"Id": made["AssociationId"]})

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("ec2").disassociate_route_table(AssociationId=was.id)


class VpcEndpoint(ResourceType):
    """AWS::EC2::VPCEndpoint: Ref is the id; Id."""

    name = "AWS::EC2::VPCEndpoint"
    replaced_by = names("ServiceName VpcEndpointType VpcId")
    properties = replaced_by | names(
        "PolicyDocument PrivateDnsEnabled RouteTableIds SecurityGroupIds SubnetIds Tags"
    )

    def create(self, job: Job) -> Physical:
        given = job.pick("PrivateDnsEnabled", "RouteTableIds", "SecurityGroupIds", "SubnetIds")
        if "PrivateDnsEnabled" in given:
            given["PrivateDnsEnabled"] = is_true(given["PrivateDnsEnabled"])
        made = job.client("ec2").create_vpc_endpoint(
            VpcEndpointType=job.properties.get("VpcEndpointType", "Gateway"),
            TagSpecifications=tags(job, "vpc-endpoint"),
            **job.pick("ServiceName", "VpcId"),
            **given,
            **_policy(job),
        )
        endpoint = made["VpcEndpoint"]["VpcEndpointId"]
        return Physical(endpoint, {"Id": endpoint})

    def update(self, job: Job, was: Physical) -> Physical:
        changes: dict[str, Any] = dict(_policy(job)) if job.changed("PolicyDocument") else {}
        for of in ("RouteTableIds", "SecurityGroupIds", "SubnetIds"):
            now, then = set(job.properties.get(of, ())), set(job.before.get(of, ()))
            changes |= {f"Add{of}": sorted(now - then)} if now - then else {}
            changes |= {f"Remove{of}": sorted(then - now)} if then - now else {}
        if changes:
            job.client("ec2").modify_vpc_endpoint(VpcEndpointId=was.id, **changes)
        return retag(job, was)

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[was.id])


class FlowLog(ResourceType):
    """AWS::EC2::FlowLog: Ref is the id; Id. It cannot be changed, only replaced."""

    name = "AWS::EC2::FlowLog"
    replaced_by = names(
        "DeliverLogsPermissionArn LogDestination LogDestinationType LogGroupName MaxAggregationInterval "
        "ResourceId ResourceType TrafficType"
    )
    properties = replaced_by | names("Tags")

    def create(self, job: Job) -> Physical:
        given = job.pick(
            "DeliverLogsPermissionArn", "LogDestination", "LogDestinationType", "LogGroupName", "TrafficType"
        )
        if "MaxAggregationInterval" in job.properties:
            given["MaxAggregationInterval"] = int(job.properties["MaxAggregationInterval"])
        made = job.client("ec2").create_flow_logs(
            ResourceIds=[job.properties["ResourceId"]],
            ResourceType=job.properties["ResourceType"],
            TagSpecifications=tags(job, "vpc-flow-log"),
            **given,
        )
        return Physical(made["FlowLogIds"][0], {"Id": made["FlowLogIds"][0]})

    def update(self, job: Job, was: Physical) -> Physical:
        return retag(job, was)

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("ec2").delete_flow_logs(FlowLogIds=[was.id])


def _policy(job: Job) -> dict[str, str]:
    policy = job.properties.get("PolicyDocument")
    return {"PolicyDocument": document(policy)} if policy else {}


def tags(job: Job, kind: str) -> list[dict[str, Any]]:
    """What a creation takes as `TagSpecifications`."""
    return [{"ResourceType": kind, "Tags": job.tag_list()}] if job.tags else []


def retag(job: Job, was: Physical) -> Physical:
    """Bring the tags to the template's; the resource stays the same."""
    if job.tags:
        job.client("ec2").create_tags(Resources=[was.id], Tags=job.tag_list())
    return was


def is_true(value: Any) -> bool:
    """A template's boolean, which may be text."""
    return str(value).lower() == "true"
