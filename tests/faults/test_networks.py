"""That network faults take back what is theirs, and nothing that somebody else did there meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.faults.ec2_bypass_endpoint import BypassEndpoint
from chaoskit.faults.ec2_open_internet_route import OpenInternetRoute
from chaoskit.faults.ec2_open_network_acl import OpenNetworkAcl
from chaoskit.faults.ec2_open_security_group import OpenSecurityGroup
from chaoskit.faults.ec2_share_snapshot import ShareSnapshot
from chaoskit.faults.ec2_strip_tag import StripTag

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.between import Account

EVERYWHERE = "0.0.0.0/0"


@pytest.fixture
def vpc(place: Account) -> str:
    return str(place.client("ec2").create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"])


@pytest.fixture
def table(place: Account, vpc: str) -> str:
    return str(place.client("ec2").create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"])


def default_routes(place: Account, table: str) -> list[str]:
    (found,) = place.client("ec2").describe_route_tables(RouteTableIds=[table])["RouteTables"]
    routes = [route for route in found["Routes"] if route.get("DestinationCidrBlock") == EVERYWHERE]
    return [route.get("TransitGatewayId") or route["GatewayId"] for route in routes]


def transit_gateway(place: Account) -> str:
    return str(place.client("ec2").create_transit_gateway()["TransitGateway"]["TransitGatewayId"])


def gateways(place: Account) -> list[dict[str, Any]]:
    return list(place.client("ec2").describe_internet_gateways()["InternetGateways"])


def test_a_table_that_has_a_default_route_keeps_it(
    place: Account, vpc: str, table: str, tmp_path: Path
) -> None:
    theirs = transit_gateway(place)
    place.client("ec2").create_route(
        RouteTableId=table, DestinationCidrBlock=EVERYWHERE, TransitGatewayId=theirs
    )
    assert place.undone(OpenInternetRoute(vpc=vpc, route_table=table), tmp_path) == []
    assert default_routes(place, table) == [theirs]
    assert gateways(place) == []


def test_a_default_route_that_somebody_else_was_quicker_to_make_stays(
    place: Account, vpc: str, table: str, tmp_path: Path
) -> None:
    theirs = transit_gateway(place)

    class Slow(OpenInternetRoute):
        def changes(self, aws: Any) -> Any:
            made = super().changes(aws)
            reply = yield next(made)
            reply = yield made.send(reply)
            place.client("ec2").create_route(
                RouteTableId=table, DestinationCidrBlock=EVERYWHERE, TransitGatewayId=theirs
            )
            yield made.send(reply)

    undone = place.undone(Slow(vpc=vpc, route_table=table), tmp_path)
    assert [each.ok for each in undone] == [True, True, True]
    assert default_routes(place, table) == [theirs]
    assert gateways(place) == []


def test_a_route_that_somebody_else_has_put_in_the_place_of_ours_stays(
    place: Account, vpc: str, table: str, tmp_path: Path
) -> None:
    theirs = transit_gateway(place)

    def replaced() -> None:
        place.client("ec2").replace_route(
            RouteTableId=table, DestinationCidrBlock=EVERYWHERE, TransitGatewayId=theirs
        )

    undone = place.undone(OpenInternetRoute(vpc=vpc, route_table=table), tmp_path, replaced)
    assert [each.ok for each in undone] == [True, True, True]
    assert default_routes(place, table) == [theirs]
    assert gateways(place) == []


def test_a_gateway_in_use_is_detached_and_deleted_when_it_is_free(
    place: Account, vpc: str, table: str, tmp_path: Path
) -> None:
    # An address of something in the VPC that is going; in the sandbox no address holds a gateway.
    busy = {"DetachInternetGateway": 40, "DeleteInternetGateway": 3}
    place.refusals = {name: ["DependencyViolation"] * times for name, times in busy.items()}
    undone = place.undone(OpenInternetRoute(vpc=vpc, route_table=table), tmp_path)
    assert [each.ok for each in undone] == [True, True, True]
    assert default_routes(place, table) == []
    assert gateways(place) == []


def entries(place: Account, acl: str) -> list[tuple[int, str, str]]:
    (found,) = place.client("ec2").describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"]
    ways = [entry for entry in found["Entries"] if not entry["Egress"]]
    return sorted((entry["RuleNumber"], entry["RuleAction"], entry["CidrBlock"]) for entry in ways)


def rule(number: int, action: str, cidr: str) -> dict[str, Any]:
    return {
        "RuleNumber": number,
        "RuleAction": action,
        "CidrBlock": cidr,
        "Protocol": "-1",
        "Egress": False,
    }


@pytest.fixture
def acl(place: Account, vpc: str) -> str:
    return str(place.client("ec2").create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"])


def test_an_acl_entry_is_deleted_and_others_are_left(place: Account, acl: str, tmp_path: Path) -> None:
    before = entries(place, acl)

    def another() -> None:
        place.client("ec2").create_network_acl_entry(NetworkAclId=acl, **rule(9, "allow", "10.0.0.0/8"))

    (undone,) = place.undone(OpenNetworkAcl(acl=acl), tmp_path, another)
    assert undone.ok
    assert entries(place, acl) == sorted([*before, (9, "allow", "10.0.0.0/8")])


def test_an_acl_entry_that_somebody_else_has_made_deny_stays(
    place: Account, acl: str, tmp_path: Path
) -> None:
    before = entries(place, acl)

    def denied() -> None:
        place.client("ec2").replace_network_acl_entry(NetworkAclId=acl, **rule(1, "deny", EVERYWHERE))

    (undone,) = place.undone(OpenNetworkAcl(acl=acl), tmp_path, denied)
    assert undone.ok
    assert entries(place, acl) == sorted([*before, (1, "deny", EVERYWHERE)])


def test_an_acl_entry_of_the_number_is_left_alone(place: Account, acl: str, tmp_path: Path) -> None:
    place.client("ec2").create_network_acl_entry(NetworkAclId=acl, **rule(1, "allow", EVERYWHERE))
    before = entries(place, acl)
    assert place.undone(OpenNetworkAcl(acl=acl), tmp_path) == []
    assert entries(place, acl) == before


@pytest.fixture
def group(place: Account, vpc: str) -> str:
    made = place.client("ec2").create_security_group(GroupName="g", Description="d", VpcId=vpc)
    return str(made["GroupId"])


def ranges(place: Account, group: str, port: int = 22) -> set[tuple[str, str]]:
    (found,) = place.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    rules = [one for one in found["IpPermissions"] if one["FromPort"] == port]
    return {(one["IpProtocol"], each["CidrIp"]) for one in rules for each in one["IpRanges"]}


def admit(place: Account, group: str, cidr: str, protocol: str = "tcp") -> None:
    place.client("ec2").authorize_security_group_ingress(
        GroupId=group, IpProtocol=protocol, FromPort=22, ToPort=22, CidrIp=cidr
    )


def test_a_range_of_the_same_port_that_somebody_else_adds_keeps_no_fault_in(
    place: Account, group: str, tmp_path: Path
) -> None:
    admit(place, group, "10.0.0.0/8")
    (undone,) = place.undone(
        OpenSecurityGroup(group=group), tmp_path, lambda: admit(place, group, "192.168.0.0/16")
    )
    assert undone.ok
    assert ranges(place, group) == {("tcp", "10.0.0.0/8"), ("tcp", "192.168.0.0/16")}


def test_a_rule_of_another_protocol_is_not_taken_for_the_faults(
    place: Account, group: str, tmp_path: Path
) -> None:
    admit(place, group, EVERYWHERE, "udp")
    (undone,) = place.undone(OpenSecurityGroup(group=group), tmp_path)
    assert undone.ok
    assert ranges(place, group) == {("udp", EVERYWHERE)}


def test_a_rule_that_is_there_already_is_not_revoked(place: Account, group: str, tmp_path: Path) -> None:
    admit(place, group, EVERYWHERE)
    assert place.undone(OpenSecurityGroup(group=group), tmp_path) == []
    assert ranges(place, group) == {("tcp", EVERYWHERE)}


def test_a_tag_is_put_back_though_somebody_else_adds_another(
    place: Account, vpc: str, tmp_path: Path
) -> None:
    ec2 = place.client("ec2")
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "tier", "Value": "restricted"}])

    def another() -> None:
        ec2.create_tags(Resources=[vpc], Tags=[{"Key": "seen-by", "Value": "an auto-tagger"}])

    (undone,) = place.undone(StripTag(resource=vpc), tmp_path, another)
    assert undone.ok
    tags = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"tier": "restricted", "seen-by": "an auto-tagger"}


def test_a_tag_that_somebody_else_has_put_again_keeps_their_value(
    place: Account, vpc: str, tmp_path: Path
) -> None:
    ec2 = place.client("ec2")
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "tier", "Value": "restricted"}])

    def again() -> None:
        ec2.create_tags(Resources=[vpc], Tags=[{"Key": "tier", "Value": "theirs"}])

    (undone,) = place.undone(StripTag(resource=vpc), tmp_path, again)
    assert "somebody else has changed it" in undone.note
    assert ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Tags"] == [{"Key": "tier", "Value": "theirs"}]


def test_a_route_table_leads_to_its_endpoint_again_though_another_does_so_too(
    place: Account, vpc: str, table: str, tmp_path: Path
) -> None:
    ec2 = place.client("ec2")
    made = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", RouteTableIds=[table], VpcEndpointType="Gateway"
    )
    endpoint = made["VpcEndpoint"]["VpcEndpointId"]
    other = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]

    def added() -> None:
        ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=[other])

    (undone,) = place.undone(BypassEndpoint(endpoint=endpoint, route_table=table), tmp_path, added)
    assert undone.ok
    (found,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
    assert set(found["RouteTableIds"]) == {table, other}


def test_a_snapshot_is_shared_no_more_though_somebody_else_shares_it_too(
    place: Account, tmp_path: Path
) -> None:
    ec2 = place.client("ec2")
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    named = [{"ResourceType": "snapshot", "Tags": [{"Key": "Name", "Value": "shared"}]}]
    snapshot = ec2.create_snapshot(VolumeId=volume, TagSpecifications=named)["SnapshotId"]
    where = {"SnapshotId": snapshot, "Attribute": "createVolumePermission"}

    def shared() -> None:
        ec2.modify_snapshot_attribute(
            **where, CreateVolumePermission={"Add": [{"UserId": "111122223333"}, {"Group": "all"}]}
        )

    (undone,) = place.undone(ShareSnapshot(name="shared"), tmp_path, shared)
    assert undone.ok
    left = ec2.describe_snapshot_attribute(**where)["CreateVolumePermissions"]
    assert [one for one in left if "UserId" in one] == [{"UserId": "111122223333"}]
