"""What EC2 refuses and moto lets pass or stumbles over, put right in moto's own store.

Source: Amazon EC2 API Reference, "Error codes for the Amazon EC2 API"; Amazon VPC PrivateLink Guide,
"Gateway endpoints" (one route table can't have two of a service).
"""

from __future__ import annotations

from functools import wraps
from inspect import unwrap
from typing import TYPE_CHECKING, Any

from moto.ec2.models.network_acls import NetworkAclBackend
from moto.ec2.models.vpcs import VPCBackend
from moto.ec2.responses.elastic_block_store import ElasticBlockStore
from moto.ec2.responses.flow_logs import FlowLogs
from moto.ec2.responses.vpcs import VPCs

from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable


def amend() -> None:
    """Put moto's ways right; again, it changes nothing."""
    store, rules = VPCBackend, NetworkAclBackend
    vars_of: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
        (store, "create_vpc_endpoint", _one_route_each),
        (store, "delete_vpc_endpoints", _forgotten),
        (rules, "delete_network_acl_entry", _entry_there),
        (ElasticBlockStore, "modify_snapshot_attribute", _shared),
        (VPCs, "create_vpc_endpoint", _addressed),
        (FlowLogs, "create_flow_logs", _delivered),
    )
    for of, name, better in vars_of:
        setattr(of, name, better(unwrap(getattr(of, name))))


def _one_route_each(create: Callable[..., Any]) -> Callable[..., Any]:
    """Creating an endpoint, refused when one of the route tables has a route to the service already."""

    @wraps(create)
    def checked(backend: Any, *args: Any, **given: Any) -> Any:
        for table in given.get("route_table_ids") or ():
            for one in backend.vpc_end_points.values():
                if one.service_name == given["service_name"] and table in (one.route_table_ids or ()):
                    raise ApiError(
                        "RouteAlreadyExists",
                        f"route table {table} already has a route with destination-prefix-list-id "
                        f"{one.destination_prefix_list_id}",
                    )
        return create(backend, *args, **given)

    return checked


def _forgotten(delete: Callable[..., None]) -> Callable[..., None]:
    """Deleting endpoints, which are then not listed any more."""

    @wraps(delete)
    def gone(backend: Any, vpce_ids: list[str] | None = None) -> None:
        delete(backend, vpce_ids)
        for one in vpce_ids or ():
            backend.vpc_end_points.pop(one, None)

    return gone


def _entry_there(delete: Callable[..., Any]) -> Callable[..., Any]:
    """Deleting a network ACL's entry, refused in EC2's words when there is none."""

    @wraps(delete)
    def checked(backend: Any, network_acl_id: str, rule_number: int, egress: bool) -> Any:
        try:
            return delete(backend, network_acl_id, rule_number, egress)
        except StopIteration:
            raise ApiError(
                "InvalidNetworkAclEntry.NotFound",
                f"The network acl entry '{rule_number}' does not exist in network acl '{network_acl_id}'",
            ) from None

    return checked


def _shared(modify: Callable[..., Any]) -> Callable[..., Any]:
    """Changing who may use a snapshot, told as `CreateVolumePermission` too; moto knows the older form only.

    Source: Amazon EC2 API Reference, "ModifySnapshotAttribute".
    """

    @wraps(modify)
    def told(response: Any) -> Any:
        done = modify(response)
        asked = response._get_param("CreateVolumePermission") or {}  # noqa: SLF001 - as moto's own responses ask
        snapshot, held = response._get_param("SnapshotId"), response.ec2_backend  # noqa: SLF001 - as above
        for kind, change in (
            ("Add", held.add_create_volume_permission),
            ("Remove", held.remove_create_volume_permission),
        ):
            who = asked.get(kind) or []
            users = [one["UserId"] for one in who if "UserId" in one]
            change(snapshot, user_ids=users, groups=[one["Group"] for one in who if "Group" in one])
        return done

    return told


def _addressed(create: Callable[..., Any]) -> Callable[..., Any]:
    """Creating an endpoint, with its kind of addresses and DNS records kept and told as they are given.

    Source: Amazon EC2 API Reference, "CreateVpcEndpoint"; what EC2 gives by itself is not told.
    """

    @wraps(create)
    def kept(response: Any) -> Any:
        made = create(response)
        endpoint = made.result["VpcEndpoint"]
        endpoint.ip_address_type = response._get_param("IpAddressType")  # noqa: SLF001 - as moto's own responses ask
        endpoint.dns_options = response._get_param("DnsOptions")  # noqa: SLF001 - as above
        return made

    return kept


def _delivered(create: Callable[..., Any]) -> Callable[..., Any]:
    """Creating flow logs, with all of how they are delivered kept and told as it is given.

    Source: Amazon EC2 API Reference, "CreateFlowLogs".
    """

    @wraps(create)
    def kept(response: Any) -> Any:
        made = create(response)
        for each in made.result["FlowLogIds"]:
            log = response.ec2_backend.flow_logs[each]
            for name, attribute in (
                ("DeliverCrossAccountRole", "deliver_cross_account_role"),
                ("DestinationOptions", "destination_options"),
                ("TagFieldSpecifications", "tag_field_specifications"),
            ):
                setattr(log, attribute, response._get_param(name))  # noqa: SLF001 - as above
        return made

    return kept
