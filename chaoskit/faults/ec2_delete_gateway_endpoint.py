"""A gateway endpoint is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_CONTENT: Final = (
    "VpcEndpoints[?State!='deleting' && State!='deleted'].{VpcId: VpcId, ServiceName: ServiceName, "
    "PolicyDocument: PolicyDocument, RouteTableIds: sort(RouteTableIds), Tags: sort_by(Tags, &Key)}"
)


@fault("ec2.delete-gateway-endpoint", layer="network", attack=("T1686.001",), owasp_ml=("ML05",))
class DeleteGatewayEndpoint(Fault):
    """Delete a VPC's gateway endpoint for a service, so that its policy no longer stands between.

    What is put back has the same routes, policy and tags but, as AWS names it, another id: nothing that
    names the old id finds it (a stack, `aws:SourceVpce`). Choose an endpoint that nothing names, or one that
    a guardrail protects. A gateway endpoint is its routes, and one route table can't have two of a service,
    so an undo that comes twice, or after a deletion that never was, is refused by AWS (`RouteAlreadyExists`).

    Detected by: CloudTrail DeleteVpcEndpoints.

    Attributes:
        vpc: The VPC's id. One without such an endpoint is left alone.
        service: The service's short name, e.g. `dynamodb`.
    """

    vpc: str
    service: str = "dynamodb"

    def changes(self, aws: Reader) -> Changes:
        """Delete it; undone by creating one of the same content."""
        where = {
            "Filters": [
                {"Name": "vpc-id", "Values": [self.vpc]},
                {"Name": "service-name", "Values": [f"com.amazonaws.{aws.region}.{self.service}"]},
                {"Name": "vpc-endpoint-type", "Values": ["Gateway"]},
            ]
        }
        there = aws.read(Query("ec2", "DescribeVpcEndpoints", where, "VpcEndpoints[].VpcEndpointId"))
        content = Query("ec2", "DescribeVpcEndpoints", where, _CONTENT)
        if not there:
            return
        yield Change(
            do=Call("ec2", "DeleteVpcEndpoints", VpcEndpointIds=there),
            undo=tuple(_again(one) for one in aws.read(content)),
            state=content,
        )


def _again(content: dict[str, Any]) -> Call:
    # Tags of AWS's own can't be given; those that CloudFormation puts are among them.
    tags = [tag for tag in content["Tags"] or () if not tag["Key"].startswith("aws:")]
    given = {name: content[name] for name in ("VpcId", "ServiceName", "PolicyDocument", "RouteTableIds")}
    if tags:
        given["TagSpecifications"] = [{"ResourceType": "vpc-endpoint", "Tags": tags}]
    return Call(
        "ec2", "CreateVpcEndpoint", absent_ok=("RouteAlreadyExists",), VpcEndpointType="Gateway", **given
    )
