"""AWS::EC2: internet gateways and the routes to them."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, gone_is_fine, names
from chaoskit.sandbox.cfn.types.ec2 import retag, tags

if TYPE_CHECKING:
    from chaoskit.sandbox.cfn.types.base import Job


class InternetGateway(ResourceType):
    """AWS::EC2::InternetGateway: Ref is the id; InternetGatewayId."""

    name = "AWS::EC2::InternetGateway"
    properties = names("Tags")

    def create(self, job: Job) -> Physical:
        made = job.client("ec2").create_internet_gateway(TagSpecifications=tags(job, "internet-gateway"))
        gateway = made["InternetGateway"]["InternetGatewayId"]
        return Physical(gateway, {"InternetGatewayId": gateway})

    def update(self, job: Job, was: Physical) -> Physical:
        return retag(job, was)

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("ec2").delete_internet_gateway(InternetGatewayId=was.id)


class VpcGatewayAttachment(ResourceType):
    """AWS::EC2::VPCGatewayAttachment of an internet gateway: Ref is `IGW|vpc`."""

    name = "AWS::EC2::VPCGatewayAttachment"
    properties = replaced_by = names("InternetGatewayId VpcId")

    def create(self, job: Job) -> Physical:
        job.client("ec2").attach_internet_gateway(**job.pick("InternetGatewayId", "VpcId"))
        return Physical(f"IGW|{job.properties['VpcId']}")

    def delete(self, job: Job, was: Physical) -> None:
        del was
        with gone_is_fine():
            job.client("ec2").detach_internet_gateway(**job.pick("InternetGatewayId", "VpcId"))


class Route(ResourceType):
    """AWS::EC2::Route to an internet gateway: Ref is `table|destination`."""

    name = "AWS::EC2::Route"
    properties = names("DestinationCidrBlock GatewayId RouteTableId")
    replaced_by = names("DestinationCidrBlock RouteTableId")

    def create(self, job: Job) -> Physical:
        job.client("ec2").create_route(**job.properties)
        return Physical(f"{job.properties['RouteTableId']}|{job.properties['DestinationCidrBlock']}")

    def update(self, job: Job, was: Physical) -> Physical:
        job.client("ec2").replace_route(**job.properties)
        return was

    def delete(self, job: Job, was: Physical) -> None:
        del was
        with gone_is_fine():
            job.client("ec2").delete_route(**job.pick("DestinationCidrBlock", "RouteTableId"))
