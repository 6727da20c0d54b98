"""That what a fault deletes is made again with all that it had, whatever somebody else does meanwhile."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jmespath
import pytest

from chaoskit.faults import cloudtrail_delete_trail, ec2_delete_flow_log
from chaoskit.faults.cloudtrail_delete_trail import DeleteTrail
from chaoskit.faults.cloudtrail_disable_log_validation import DisableLogValidation
from chaoskit.faults.cloudtrail_narrow_event_selectors import NarrowEventSelectors
from chaoskit.faults.cloudtrail_stop_logging import StopLogging
from chaoskit.faults.ec2_delete_flow_log import DeleteFlowLog
from chaoskit.faults.ec2_delete_gateway_endpoint import DeleteGatewayEndpoint
from chaoskit.sandbox.state import backends
from tests.faults import shapes
from tests.faults.between import account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chaoskit.aws import Call, Query
    from chaoskit.contract import Change, Fault
    from tests.faults.between import Account
    from tests.one_sandbox import OneSandbox

OF_A_STACK = "aws:cloudformation:stack-name"


@pytest.fixture(scope="module")
def place(one_sandbox: OneSandbox) -> Iterator[Account]:
    with account(one_sandbox) as made:
        for bucket in ("first", "second", "third"):
            made.client("s3").create_bucket(Bucket=bucket)
        yield made


@pytest.fixture
def vpc(place: Account) -> str:
    return str(place.client("ec2").create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"])


class Answers:
    """An account that answers each operation with what is said here: with more than the sandbox keeps."""

    account, region = "444455556666", "us-east-1"

    def __init__(self, **answers: dict[str, Any]) -> None:
        self.answers = answers

    def read(self, query: Query) -> Any:
        return jmespath.search(query.select, self.answers[query.operation])


def first(fault: Fault, aws: Any) -> Change:
    change = next(fault.changes(aws), None)
    assert change
    return change


def members(service: str, operation: str) -> set[str]:
    """What an operation takes."""
    return set(shapes.operation(service, operation).input_shape.members)


def told(service: str, operation: str, *path: str) -> Any:
    """The shape of what an operation tells of a thing."""
    shape = shapes.operation(service, operation).output_shape
    for name in path:
        shape = shape.members[name]
        shape = getattr(shape, "member", shape)
    return shape


def keep_tag(place: Account, resource: str) -> None:
    """A tag as CloudFormation puts it; nobody else can."""
    backends("ec2")[place.account][place.region].tags[resource][OF_A_STACK] = "network"


# Flow logs


def logged(place: Account, vpc: str, bucket: str, **more: Any) -> str:
    made = place.client("ec2").create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="s3",
        LogDestination=f"arn:aws:s3:::{bucket}",
        **more,
    )
    return str(made["FlowLogIds"][0])


def logs(place: Account, vpc: str) -> dict[str, dict[str, Any]]:
    """A VPC's flow logs by their destinations, without what AWS makes anew."""
    found = place.client("ec2").describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [vpc]}])
    anew = ("FlowLogId", "CreationTime")
    return {
        log["LogDestination"]: {name: value for name, value in log.items() if name not in anew}
        for log in found["FlowLogs"]
    }


def test_a_flow_log_is_made_again_with_its_files_and_fields(place: Account, vpc: str, tmp_path: Path) -> None:
    options = {"FileFormat": "parquet", "HiveCompatiblePartitions": True, "PerHourPartition": True}
    fields = [{"ResourceType": "network-interface", "TagKeys": ["team"]}]
    role = "arn:aws:iam::444455556666:role/across"
    tags = [{"ResourceType": "vpc-flow-log", "Tags": [{"Key": "tier", "Value": "research"}]}]
    logged(
        place,
        vpc,
        "first",
        DestinationOptions=options,
        TagFieldSpecifications=fields,
        DeliverCrossAccountRole=role,
        TagSpecifications=tags,
    )
    before = logs(place, vpc)
    assert before["arn:aws:s3:::first"]["DestinationOptions"] == options
    (undone,) = place.undone(DeleteFlowLog(vpc=vpc), tmp_path)
    assert undone.ok
    assert logs(place, vpc) == before


def test_flow_logs_are_compared_in_any_order(place: Account, vpc: str, tmp_path: Path) -> None:
    for bucket in ("first", "second"):
        logged(place, vpc, bucket)
    before = logs(place, vpc)

    def made_in_another_order() -> None:
        for bucket in ("second", "first"):
            logged(place, vpc, bucket)

    (undone,) = place.undone(DeleteFlowLog(vpc=vpc), tmp_path, made_in_another_order)
    assert undone.ok
    assert logs(place, vpc) == before


def test_a_flow_log_to_elsewhere_that_somebody_else_makes_keeps_no_fault_in(
    place: Account, vpc: str, tmp_path: Path
) -> None:
    logged(place, vpc, "first")
    (undone,) = place.undone(DeleteFlowLog(vpc=vpc), tmp_path, lambda: logged(place, vpc, "second"))
    assert undone.ok
    assert set(logs(place, vpc)) == {"arn:aws:s3:::first", "arn:aws:s3:::second"}


def test_a_flow_log_of_a_stack_is_made_again_without_the_stacks_tags(
    place: Account, vpc: str, tmp_path: Path
) -> None:
    tags = [{"Key": "tier", "Value": "research"}]
    log = logged(place, vpc, "first", TagSpecifications=[{"ResourceType": "vpc-flow-log", "Tags": tags}])
    keep_tag(place, log)
    (undone,) = place.undone(DeleteFlowLog(vpc=vpc), tmp_path)
    assert undone.ok
    assert logs(place, vpc)["arn:aws:s3:::first"]["Tags"] == tags


def again(**log: Any) -> Call:
    """How the fault makes a flow log again that is told so."""
    whole = {**shapes.value(told("ec2", "DescribeFlowLogs", "FlowLogs")), **log}
    (call,) = first(DeleteFlowLog(vpc="vpc-1"), Answers(DescribeFlowLogs={"FlowLogs": [whole]})).undo
    return call  # type: ignore[return-value] # no sweep


def test_nothing_that_is_told_of_a_flow_log_and_can_be_given_is_forgotten() -> None:
    of_the_call = {"DryRun", "ClientToken"}
    given = {
        *again(LogDestinationType="s3", LogGroupName=None).params,
        *again(LogDestinationType="cloud-watch-logs", DeliverCrossAccountRole=None).params,
    }
    assert given == members("ec2", "CreateFlowLogs") - of_the_call
    assert set(ec2_delete_flow_log.GIVEN) <= set(told("ec2", "DescribeFlowLogs", "FlowLogs").members)


@pytest.mark.parametrize(
    ("role", "kept"), [(None, "LogGroupName"), ("arn:aws:iam::444455556666:role/across", "LogDestination")]
)
def test_a_log_group_of_another_account_is_named_by_its_arn(role: str | None, kept: str) -> None:
    params = again(LogDestinationType="cloud-watch-logs", DeliverCrossAccountRole=role).params
    assert {name for name in ("LogGroupName", "LogDestination") if name in params} == {kept}
    assert "DestinationOptions" not in params  # of files


# Gateway endpoints

S3 = "com.amazonaws.us-east-1.s3"


def made(place: Account, vpc: str, *tables: str, **more: Any) -> str:
    endpoint = place.client("ec2").create_vpc_endpoint(
        VpcId=vpc, ServiceName=S3, VpcEndpointType="Gateway", RouteTableIds=list(tables), **more
    )
    return str(endpoint["VpcEndpoint"]["VpcEndpointId"])


def route_table(place: Account, vpc: str) -> str:
    return str(place.client("ec2").create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"])


def endpoints(place: Account, vpc: str) -> list[dict[str, Any]]:
    found = place.client("ec2").describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    anew = ("VpcEndpointId", "CreationTimestamp")
    return sorted(
        ({k: v for k, v in one.items() if k not in anew} for one in found["VpcEndpoints"]),
        key=lambda one: str(one["RouteTableIds"]),
    )


def test_an_endpoint_is_made_again_with_its_kind_of_addresses(
    place: Account, vpc: str, tmp_path: Path
) -> None:
    dual = {"IpAddressType": "dualstack", "DnsOptions": {"DnsRecordIpType": "ipv6"}}
    made(place, vpc, route_table(place, vpc), **dual)
    before = endpoints(place, vpc)
    assert before[0]["IpAddressType"] == "dualstack"
    (undone,) = place.undone(DeleteGatewayEndpoint(vpc=vpc, service="s3"), tmp_path)
    assert undone.ok
    assert endpoints(place, vpc) == before


def test_an_endpoint_without_routes_is_left_alone(place: Account, vpc: str, tmp_path: Path) -> None:
    bare = made(place, vpc)
    assert place.undone(DeleteGatewayEndpoint(vpc=vpc, service="s3"), tmp_path) == []
    made(place, vpc, route_table(place, vpc))
    before = endpoints(place, vpc)
    (undone,) = place.undone(DeleteGatewayEndpoint(vpc=vpc, service="s3"), tmp_path)
    assert undone.ok
    assert bare not in str(undone.entry.record.do)
    assert endpoints(place, vpc) == before


def test_a_deletion_that_failed_makes_no_second_endpoint(place: Account, vpc: str, tmp_path: Path) -> None:
    made(place, vpc)
    made(place, vpc, route_table(place, vpc))
    before = endpoints(place, vpc)
    place.refusals["DeleteVpcEndpoints"] = ["InternalFault"]
    (undone,) = place.undone(DeleteGatewayEndpoint(vpc=vpc, service="s3"), tmp_path)
    assert undone.ok
    assert endpoints(place, vpc) == before


def test_endpoints_are_compared_in_any_order_and_without_a_stacks_tags(
    place: Account, vpc: str, tmp_path: Path
) -> None:
    tables = [route_table(place, vpc) for _ in range(2)]
    tags = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "tier", "Value": "research"}]}]
    keep_tag(place, made(place, vpc, tables[0], TagSpecifications=tags))
    made(place, vpc, tables[1])

    def made_in_another_order() -> None:
        made(place, vpc, tables[1])
        made(place, vpc, tables[0], TagSpecifications=tags)

    (undone,) = place.undone(DeleteGatewayEndpoint(vpc=vpc, service="s3"), tmp_path, made_in_another_order)
    assert undone.ok
    found = {one["RouteTableIds"][0]: one["Tags"] for one in endpoints(place, vpc)}
    assert found == {tables[0]: [{"Key": "tier", "Value": "research"}], tables[1]: []}


def test_an_endpoint_on_other_routes_that_somebody_else_makes_keeps_no_fault_in(
    place: Account, vpc: str, tmp_path: Path
) -> None:
    table, other = (route_table(place, vpc) for _ in range(2))
    made(place, vpc, table)
    (undone,) = place.undone(
        DeleteGatewayEndpoint(vpc=vpc, service="s3"), tmp_path, lambda: made(place, vpc, other)
    )
    assert undone.ok
    assert [one["RouteTableIds"] for one in endpoints(place, vpc)] == sorted([[table], [other]])


def test_nothing_that_is_told_of_a_gateway_endpoint_and_can_be_given_is_forgotten() -> None:
    shape = told("ec2", "DescribeVpcEndpoints", "VpcEndpoints")
    one = {**shapes.value(shape), "State": "available", "IpAddressType": "dualstack"}
    answer = {"VpcEndpoints": [one]}
    (call,) = first(DeleteGatewayEndpoint(vpc="vpc-1"), Answers(DescribeVpcEndpoints=answer)).undo
    given = set(call.params)  # type: ignore[union-attr] # no sweep
    of_the_call = {"DryRun", "ClientToken"}
    # CreateVpcEndpointRequest says of the first ones which types they are for; a gateway's service is here.
    of_other_types = {
        *("SubnetIds", "SecurityGroupIds", "PrivateDnsEnabled", "SubnetConfigurations"),
        *("ServiceNetworkArn", "ResourceConfigurationArn", "ServiceRegion"),
    }
    assert given == members("ec2", "CreateVpcEndpoint") - of_the_call - of_other_types
    assert call.params["DnsOptions"] == {"DnsRecordIpType": one["DnsOptions"]["DnsRecordIpType"]}  # type: ignore[union-attr] # as above


def test_of_an_ipv4_endpoint_nothing_is_asked_that_aws_gives_by_itself() -> None:
    shape = told("ec2", "DescribeVpcEndpoints", "VpcEndpoints")
    answer = {"VpcEndpoints": [{**shapes.value(shape), "State": "available", "IpAddressType": "ipv4"}]}
    (call,) = first(DeleteGatewayEndpoint(vpc="vpc-1"), Answers(DescribeVpcEndpoints=answer)).undo
    assert {"IpAddressType", "DnsOptions"}.isdisjoint(call.params)  # type: ignore[union-attr] # no sweep


# Trails

WRITES = [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True, "DataResources": []}]


@pytest.fixture
def trail(place: Account, tmp_path: Path) -> str:
    name = tmp_path.name.replace("_", "-")
    place.client("cloudtrail").create_trail(Name=name, S3BucketName="first", EnableLogFileValidation=True)
    place.client("cloudtrail").start_logging(Name=name)
    return name


def whole(place: Account, trail: str) -> list[Any]:
    """All of a trail."""
    client = place.client("cloudtrail")
    about = client.get_trail(Name=trail)["Trail"]
    return [
        {name: about[name] for name in about if name not in ("SnsTopicName", "HasCustomEventSelectors")},
        client.get_event_selectors(TrailName=trail)["EventSelectors"],
        client.list_tags(ResourceIdList=[about["TrailARN"]])["ResourceTagList"][0]["TagsList"],
        client.get_trail_status(Name=trail)["IsLogging"],
    ]


def test_a_trail_without_selectors_of_its_own_is_made_again(
    place: Account, trail: str, tmp_path: Path
) -> None:
    before = whole(place, trail)
    (undone,) = place.undone(DeleteTrail(trail=trail), tmp_path)
    assert undone.ok, undone.note
    assert whole(place, trail) == before


def test_a_trail_is_made_again_with_its_topic_and_all_tags_that_can_be_given(
    place: Account, trail: str, tmp_path: Path
) -> None:
    client = place.client("cloudtrail")
    topic = place.client("sns").create_topic(Name="new-log-files")["TopicArn"]
    client.update_trail(Name=trail, SnsTopicName="new-log-files")
    client.put_event_selectors(TrailName=trail, EventSelectors=WRITES)
    arn = client.get_trail(Name=trail)["Trail"]["TrailARN"]
    client.add_tags(ResourceId=arn, TagsList=[{"Key": "tier", "Value": "research"}])
    before = whole(place, trail)
    assert before[0]["SnsTopicARN"] == topic
    # As CloudFormation puts it; nobody else can.
    client.add_tags(ResourceId=arn, TagsList=[{"Key": OF_A_STACK, "Value": "audit"}])
    (undone,) = place.undone(DeleteTrail(trail=trail), tmp_path)
    assert undone.ok, undone.note
    assert whole(place, trail) == before
    assert OF_A_STACK not in json.dumps([call.dump() for call in place.sent])


def test_a_topic_that_is_told_by_its_arn_alone_is_given_again() -> None:
    assert _created(SnsTopicName=None, SnsTopicARN="arn:of-it")["SnsTopicName"] == "arn:of-it"
    assert _created(SnsTopicName="of-old", SnsTopicARN=None)["SnsTopicName"] == "of-old"
    assert _created(SnsTopicName="of-it", SnsTopicARN="arn:of-it")["SnsTopicName"] == "arn:of-it"


def _created(**more: Any) -> Any:
    """How the fault makes a trail again that is told so."""
    trail = {**shapes.value(told("cloudtrail", "GetTrail", "Trail")), "HasInsightSelectors": False, **more}
    aws = Answers(
        GetTrail={"Trail": trail},
        GetEventConfiguration={},
        GetEventSelectors={"EventSelectors": WRITES},
        ListTags={"ResourceTagList": [{"TagsList": []}]},
        GetTrailStatus={"IsLogging": False},
    )
    return first(DeleteTrail(trail="t"), aws).undo[0].params  # type: ignore[union-attr] # no sweep


def test_nothing_that_is_told_of_a_trail_and_can_be_given_is_forgotten() -> None:
    shape = told("cloudtrail", "GetTrail", "Trail")
    assert set(_created()) == members("cloudtrail", "CreateTrail") - {"TagsList"}  # they are added
    said_only = {"HasCustomEventSelectors", "HasInsightSelectors", "HomeRegion", "TrailARN"}
    assert set(cloudtrail_delete_trail.GIVEN) == set(shape.members) - said_only


def test_a_trail_that_aggregates_events_is_left_alone(place: Account, trail: str, tmp_path: Path) -> None:
    aggregated = [{"Templates": ["API_ACTIVITY"], "EventCategory": "Data"}]
    place.client("cloudtrail").put_event_configuration(TrailName=trail, AggregationConfigurations=aggregated)
    assert place.undone(DeleteTrail(trail=trail), tmp_path) == []


def test_a_new_trail_is_waited_for_until_it_is_loaded(place: Account, trail: str, tmp_path: Path) -> None:
    client = place.client("cloudtrail")
    client.put_event_selectors(TrailName=trail, EventSelectors=WRITES)
    arn = client.get_trail(Name=trail)["Trail"]["TrailARN"]
    client.add_tags(ResourceId=arn, TagsList=[{"Key": "tier", "Value": "research"}])
    before = whole(place, trail)
    steps = ("CreateTrail", "PutEventSelectors", "AddTags", "StartLogging")
    place.refusals = {step: ["ConflictException"] * 40 for step in steps}
    (undone,) = place.undone(DeleteTrail(trail=trail), tmp_path)
    assert undone.ok, undone.note
    assert whole(place, trail) == before


@pytest.mark.parametrize("fault", [StopLogging, NarrowEventSelectors, DisableLogValidation])
def test_a_trail_that_a_responder_is_changing_is_put_back_after_that(
    place: Account, trail: str, tmp_path: Path, fault: type[StopLogging]
) -> None:
    before = whole(place, trail)

    def busy() -> None:
        steps = ("StartLogging", "PutEventSelectors", "UpdateTrail")
        place.refusals = {step: ["ConflictException"] * 40 for step in steps}

    (undone,) = place.undone(fault(trail=trail), tmp_path, busy)
    place.refusals.clear()
    assert undone.ok, undone.note
    assert whole(place, trail) == before
