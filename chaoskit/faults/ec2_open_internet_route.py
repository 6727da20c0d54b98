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
_BUSY: Final = "DependencyViolation"
"""What has dependent resources is not detached or deleted yet (Amazon EC2 API Reference, "Error codes for the
Amazon EC2 API"): a gateway while something in the VPC has a public address, or while it is attached."""
_FREE_AFTER_S: Final = 300.0
"""Addresses go some minutes after what had them: a load balancer, a NAT gateway."""


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
        route_table: Id of the route table that gets a default route. With one that has one, nothing is done.
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
        if aws.read(attached) or aws.read(self._routes()):
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
                        not_yet=(_BUSY,),
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
                    not_yet=(_BUSY,),
                    settles=_FREE_AFTER_S,
                    InternetGatewayId=gateway,
                    VpcId=self.vpc,
                ),
            ),
            state=attached,
        )
        # Not by its destination alone: somebody else may have put another route in its place.
        ours = self._routes(f" && GatewayId=='{gateway}'")
        yield Change(
            do=Call(
                "ec2",
                "CreateRoute",
                RouteTableId=self.route_table,
                DestinationCidrBlock=_ANYWHERE,
                GatewayId=gateway,
            ),
            undo=(
                Each(
                    ours,
                    Call(
                        "ec2",
                        "DeleteRoute",
                        absent_ok=("InvalidRoute.NotFound",),
                        RouteTableId=self.route_table,
                        DestinationCidrBlock=ITEM,
                    ),
                ),
            ),
            state=ours,
        )

    def _routes(self, more: str = "") -> Query:
        """The table's default routes, as a list of their destination."""
        return Query(
            "ec2",
            "DescribeRouteTables",
            {"RouteTableIds": [self.route_table]},
            f"RouteTables[0].Routes[?DestinationCidrBlock=='{_ANYWHERE}'{more}].DestinationCidrBlock",
        )
