"""A private network gets a way to the internet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaoskit.aws import ITEM, Call, Each, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_MARK: Final = "chaoskit-internet-route"
_ANYWHERE: Final = "0.0.0.0/0"


@fault(
    "ec2.open-internet-route",
    layer="network",
    attack=("T1686.001", "T1048"),
    atlas=("AML.T0025",),
    owasp_ml=("ML05",),
)
class OpenInternetRoute(Fault):
    """Attach an internet gateway to a VPC and send everything there, so that data can leave it.

    Detected by: CloudTrail CreateInternetGateway, AttachInternetGateway, CreateRoute.

    Attributes:
        vpc: The VPC's id. One that has a gateway already is left alone.
        route_table: Id of the route table that gets a default route.
    """

    vpc: str
    route_table: str

    def changes(self, aws: Reader) -> Changes:
        """Create, attach, route; undone by removing just that route and that gateway, found by its tag."""
        attached = Query(
            "ec2",
            "DescribeInternetGateways",
            {"Filters": [{"Name": "attachment.vpc-id", "Values": [self.vpc]}]},
            "sort(InternetGateways[].InternetGatewayId)",
        )
        if aws.read(attached):
            return
        tag = {"Key": _MARK, "Value": self.vpc}
        ours = Query(
            "ec2",
            "DescribeInternetGateways",
            {"Filters": [{"Name": f"tag:{_MARK}", "Values": [self.vpc]}]},
            "sort(InternetGateways[].InternetGatewayId)",
        )
        reply = yield Change(
            do=Call(
                "ec2",
                "CreateInternetGateway",
                TagSpecifications=[{"ResourceType": "internet-gateway", "Tags": [tag]}],
            ),
            undo=(
                Each(
                    ours,
                    Call(
                        "ec2",
                        "DeleteInternetGateway",
                        absent_ok=("InvalidInternetGatewayID.NotFound",),
                        InternetGatewayId=ITEM,
                    ),
                ),
            ),
            state=ours,
        )
        gateway = reply["InternetGateway"]["InternetGatewayId"]
        yield Change(
            do=Call("ec2", "AttachInternetGateway", InternetGatewayId=gateway, VpcId=self.vpc),
            undo=(
                Call(
                    "ec2",
                    "DetachInternetGateway",
                    absent_ok=("Gateway.NotAttached", "InvalidInternetGatewayID.NotFound"),
                    InternetGatewayId=gateway,
                    VpcId=self.vpc,
                ),
            ),
            state=attached,
        )
        yield Change(
            do=Call(
                "ec2",
                "CreateRoute",
                RouteTableId=self.route_table,
                DestinationCidrBlock=_ANYWHERE,
                GatewayId=gateway,
            ),
            undo=(
                Call(
                    "ec2",
                    "DeleteRoute",
                    absent_ok=("InvalidRoute.NotFound",),
                    RouteTableId=self.route_table,
                    DestinationCidrBlock=_ANYWHERE,
                ),
            ),
            state=Query(
                "ec2",
                "DescribeRouteTables",
                {"RouteTableIds": [self.route_table]},
                "RouteTables[0].Routes[?DestinationCidrBlock].[DestinationCidrBlock, GatewayId, State]",
            ),
        )
