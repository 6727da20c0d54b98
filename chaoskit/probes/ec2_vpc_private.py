"""Looks whether a VPC has a way to the internet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("ec2.vpc-private")
class VpcPrivate(Probe):
    """No internet gateway, no route to one, and no subnet that gives public addresses.

    Attributes:
        vpc: The VPC's id.
    """

    vpc: str

    reads = ("ec2:DescribeInternetGateways", "ec2:DescribeRouteTables", "ec2:DescribeSubnets")

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the VPC's gateways, routes and subnets."""
        del trace
        own = {"Filters": [{"Name": "vpc-id", "Values": [self.vpc]}]}
        attached = {"Filters": [{"Name": "attachment.vpc-id", "Values": [self.vpc]}]}
        routes = "RouteTables[].Routes[?starts_with(GatewayId || '', 'igw-')].GatewayId[]"
        found = {
            "internet_gateways": aws.read(
                Query(
                    "ec2",
                    "DescribeInternetGateways",
                    attached,
                    "InternetGateways[].InternetGatewayId",
                )
            ),
            "routes_to": aws.read(Query("ec2", "DescribeRouteTables", own, routes)),
            "public_subnets": aws.read(
                Query("ec2", "DescribeSubnets", own, "Subnets[?MapPublicIpOnLaunch].SubnetId")
            ),
        }
        bad = [name.replace("_", " ") for name, value in found.items() if value]
        return Observation(
            holds=not bad,
            summary=f"{self.vpc} " + (f"has {' and '.join(bad)}" if bad else "has no way to the internet"),
            evidence=found,
        )
