"""A subnet's way to a gateway endpoint is taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("ec2.bypass-endpoint", layer="network", attack=("T1686.001",), owasp_ml=("ML05",))
class BypassEndpoint(Fault):
    """Take a gateway endpoint out of a route table: traffic goes around its policy, or nowhere.

    Detected by: CloudTrail ModifyVpcEndpoint.

    Attributes:
        endpoint: The gateway endpoint's id.
        route_table: Id of the route table. One that does not lead to the endpoint is left alone.
    """

    endpoint: str
    route_table: str

    def changes(self, aws: Reader) -> Changes:
        """Remove the table from the endpoint; undone by adding it."""
        leads = Query(
            "ec2",
            "DescribeVpcEndpoints",
            {"VpcEndpointIds": [self.endpoint]},
            f"VpcEndpoints[0].RouteTableIds[?@=='{self.route_table}']",
        )
        if not aws.read(leads):
            return
        yield Change(
            do=Call(
                "ec2",
                "ModifyVpcEndpoint",
                VpcEndpointId=self.endpoint,
                RemoveRouteTableIds=[self.route_table],
            ),
            undo=(
                Call(
                    "ec2",
                    "ModifyVpcEndpoint",
                    absent_ok=("RouteAlreadyExists",),
                    VpcEndpointId=self.endpoint,
                    AddRouteTableIds=[self.route_table],
                ),
            ),
            state=leads,
        )
