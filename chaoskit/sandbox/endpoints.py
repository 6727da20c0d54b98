"""VPC endpoints: the network that a call came through, and the policy on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.sandbox.state import backend

if TYPE_CHECKING:
    from chaoskit.sandbox.wire import ApiCall


# What a VPC endpoint's service ends in, and the id by which SDKs know that service.
_SERVICES: Final = {
    "bedrock-runtime": "bedrock-runtime",
    "dynamodb": "dynamodb",
    "s3": "s3",
    "sagemaker.runtime": "sagemaker-runtime",
    "secretsmanager": "secrets-manager",
}


def on_the_way(account: str, region: str, subnets: list[str]) -> dict[str, str]:
    """The VPC endpoints that calls from these subnets go through, by the id of the service called.

    Names of services are resolved to interface endpoints by private DNS, and route tables lead to gateways
    (AWS PrivateLink Guide); here each endpoint of the subnets' VPC is on the way.
    """
    held = backend("ec2", account, region) if subnets else None
    if held is None:
        return {}
    places = [subnet for zone in held.subnets.values() for subnet in zone.values() if subnet.id in subnets]
    vpcs = {subnet.vpc_id for subnet in places}
    found = {}
    for each in held.vpc_end_points.values():
        service = _SERVICES.get(each.service_name.partition(f".{region}.")[2])
        if service and each.vpc_id in vpcs:
            found[service] = each.id
    return found


def endpoint(call: ApiCall) -> Any:
    """Moto's VPC endpoint that a call says it came through; None when it is none of the caller's."""
    held = backend("ec2", call.principal.account, call.region) if call.vpce else None
    return held.vpc_end_points.get(call.vpce) if held is not None else None
