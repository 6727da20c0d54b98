"""A gateway endpoint is deleted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._own_tags import OWN_TAGS

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_STANDS: Final = "State!='deleting' && State!='deleted'"
_CONTENT: Final = (
    "{VpcId: VpcId, ServiceName: ServiceName, PolicyDocument: PolicyDocument, "
    "RouteTableIds: sort(RouteTableIds), IpAddressType: IpAddressType, "
    "DnsRecordIpType: DnsOptions.DnsRecordIpType, "
    f"Tags: {OWN_TAGS}}}"
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
        vpc: The VPC's id. One without such an endpoint is left alone, as is an endpoint without routes, of
            which AWS would make a second one.
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
        told = f"VpcEndpoints[?{_STANDS} && RouteTableIds].{{id: VpcEndpointId, tables: RouteTableIds}}"
        there = aws.read(Query("ec2", "DescribeVpcEndpoints", where, told))
        if not there:
            return
        # One on other route tables, made meanwhile, is none of the undo's. They are told in any order.
        tables = json.dumps([table for one in there for table in one["tables"]])
        deleted = f"VpcEndpoints[?{_STANDS} && RouteTableIds[?contains(`{tables}`, @)]]"
        content = Query("ec2", "DescribeVpcEndpoints", where, f"sort_by({deleted}.{_CONTENT}, &to_string(@))")
        yield Change(
            do=Call("ec2", "DeleteVpcEndpoints", VpcEndpointIds=[one["id"] for one in there]),
            undo=tuple(_again(one) for one in aws.read(content)),
            state=content,
        )


def _again(content: dict[str, Any]) -> Call:
    given = {name: content[name] for name in ("VpcId", "ServiceName", "PolicyDocument", "RouteTableIds")}
    # What AWS gives by itself is not asked for, so that nothing of it can be refused.
    if content["IpAddressType"] not in (None, "ipv4"):
        given["IpAddressType"] = content["IpAddressType"]
        if content["DnsRecordIpType"]:
            # The other DNS options are those of interface endpoints only.
            given["DnsOptions"] = {"DnsRecordIpType": content["DnsRecordIpType"]}
    if content["Tags"]:
        given["TagSpecifications"] = [{"ResourceType": "vpc-endpoint", "Tags": content["Tags"]}]
    return Call(
        "ec2", "CreateVpcEndpoint", absent_ok=("RouteAlreadyExists",), VpcEndpointType="Gateway", **given
    )
