"""The network layer: its faults are undone exactly, its experiments pass, and don't without their control."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.faults.ec2_delete_flow_log import DeleteFlowLog
from chaoskit.faults.ec2_delete_gateway_endpoint import DeleteGatewayEndpoint
from chaoskit.faults.ec2_open_security_group import OpenSecurityGroup
from chaoskit.result import Verdict
from tests.e2e.lab import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.lab import Lab

IDS = sorted(path.stem for path in (SHIPPED / "network").glob("*.yaml"))
PREVENTED = [*(name for name in IDS if name.endswith("-in-production")), "work-in-other-region"]
OTHER_SCPS = {
    "function-outside-vpc-in-production": "chaoskit-keep-ml-safe",
    "work-in-other-region": "chaoskit-stay-in-approved-regions",
}
# moto does a job at once, so it is never seen in progress.
LET_THROUGH = {
    f"{job}-outside-vpc-in-production": (Verdict.FAILED, Verdict.INCONCLUSIVE)
    for job in ("processing", "training")
}
RULES = [
    ("endpoint-bypass-in-research", "chaoskit-endpoint-routes"),
    ("endpoint-deletion-in-research", "chaoskit-endpoint-deleted"),
    ("endpoint-policy-in-research", "chaoskit-endpoint-policy"),
    ("flow-log-deletion-in-research", "chaoskit-flow-log-deleted"),
    ("function-outside-vpc-in-research", "chaoskit-function-changed"),
    ("internet-route-in-research", "chaoskit-internet-gateway"),
    ("internet-route-in-research", "chaoskit-internet-route"),
    ("model-outside-vpc-in-research", "chaoskit-model-outside-vpc"),
    ("open-egress-in-research", "chaoskit-open-security-group"),
    ("open-network-acl-in-research", "chaoskit-open-network-acl"),
    ("open-security-group-in-research", "chaoskit-open-security-group"),
    ("public-subnet-in-research", "chaoskit-public-subnet"),
    ("untagged-subnet-in-production", "chaoskit-guardrail-hit"),
]
RUNBOOKS = [
    ("endpoint-bypass-in-research", "restore-endpoint-routes"),
    ("endpoint-policy-in-research", "restore-endpoint-policy"),
    ("flow-log-deletion-in-research", "restore-flow-log"),
    ("function-outside-vpc-in-research", "restore-function"),
    ("internet-route-in-research", "remove-internet-route"),
    ("open-network-acl-in-research", "close-network-acl"),
    ("open-security-group-in-research", "revoke-open-rules"),
    ("public-subnet-in-research", "close-public-subnet"),
]
DROP_ZONE = "chaoskit-stranger-drop-zone"


@pytest.mark.parametrize("experiment", IDS)
def test_an_experiment_passes_and_leaves_the_network_as_it_was(
    lab: Lab, journal: Path, experiment: str
) -> None:
    before = _picture(lab)
    result = lab.run(experiment, journal)
    assert result.verdict is Verdict.PASSED, result.reason
    assert result.restored
    assert _picture(lab) == before


@pytest.mark.parametrize("experiment", PREVENTED)
def test_without_the_scp_the_fault_goes_through_and_is_undone(
    lab: Lab, journal: Path, without: Any, experiment: str
) -> None:
    before = _picture(lab)
    with without("scp", OTHER_SCPS.get(experiment, "chaoskit-keep-private")):
        result = lab.run(experiment, journal)
    assert result.verdict in LET_THROUGH.get(experiment, (Verdict.FAILED,)), result.reason
    assert all(change.outcome == "applied" for fault in result.faults for change in fault.changes)
    assert result.restored
    assert _picture(lab) == before


@pytest.mark.parametrize(("experiment", "rule"), RULES)
def test_without_its_rule_an_experiment_proves_nothing(
    lab: Lab, journal: Path, without: Any, experiment: str, rule: str
) -> None:
    with without("rule", rule):
        result = lab.run(experiment, journal)
    assert result.verdict is Verdict.INCONCLUSIVE, result.reason


@pytest.mark.parametrize(("experiment", "runbook"), RUNBOOKS)
def test_without_its_runbook_an_experiment_fails_and_the_fault_is_undone(
    lab: Lab, journal: Path, without: Any, experiment: str, runbook: str
) -> None:
    before = _picture(lab)
    with without("runbook", runbook):
        result = lab.run(experiment, journal)
    assert result.verdict is Verdict.FAILED, result.reason
    assert result.restored
    assert _picture(lab) == before


def test_every_experiment_has_a_control_that_is_taken_away() -> None:
    assert {*PREVENTED, *(name for name, _ in RULES), "exfiltration-through-endpoint"} == set(IDS)


def test_an_endpoint_that_is_open_already_is_seen_before_anything_is_sent(lab: Lab, journal: Path) -> None:
    with _drop_zone(lab) as strangers, _open_endpoint(lab):
        result = lab.run("exfiltration-through-endpoint", journal)
        assert "Contents" not in strangers.list_objects_v2(Bucket=DROP_ZONE)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "allows every resource" in result.reason


def test_what_is_so_already_is_not_a_faults_to_undo(lab: Lab) -> None:
    aws = lab.target.open("network", "network", 0)
    ec2, name = lab.client("ec2"), lab.target.variables
    vpc = ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    group = name["workload.research_security_group"]
    rule = {
        "GroupId": group,
        "IpPermissions": [
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ],
    }
    try:
        assert list(DeleteGatewayEndpoint(vpc=vpc).changes(aws)) == []
        assert list(DeleteFlowLog(vpc=vpc).changes(aws)) == []
    finally:
        ec2.delete_vpc(VpcId=vpc)
    with _rule_off(lab, "chaoskit-open-security-group"):
        ec2.authorize_security_group_ingress(**rule)
        try:
            assert list(OpenSecurityGroup(group=group).changes(aws)) == []
        finally:
            ec2.revoke_security_group_ingress(**rule)


def test_an_endpoint_is_not_made_again_where_one_is(lab: Lab) -> None:
    aws = lab.target.open("network", "network", 0)
    vpc = lab.target.variables["workload.research_vpc"]
    (change,) = _planned(DeleteGatewayEndpoint(vpc=vpc).changes(aws))
    (undo,) = change.undo
    before = _picture(lab)
    with pytest.raises(lab.client("ec2").exceptions.ClientError, match="RouteAlreadyExists"):
        lab.client("ec2").create_vpc_endpoint(**undo.params)
    assert undo.absent_ok == ("RouteAlreadyExists",)
    assert _picture(lab) == before


def _planned(changes: Any) -> list[Any]:
    return [next(changes)]


@contextmanager
def _rule_off(lab: Lab, rule: str) -> Iterator[None]:
    lab.client("events").disable_rule(Name=rule)
    try:
        yield
    finally:
        assert lab.cloud.idle(10)
        lab.client("events").enable_rule(Name=rule)


@contextmanager
def _drop_zone(lab: Lab) -> Iterator[Any]:
    """A bucket of another account that lets everybody of the sandbox account in."""
    s3 = lab.management.client("s3", endpoint_url=lab.url)
    s3.create_bucket(Bucket=DROP_ZONE)
    open_ = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{lab.cloud.account}:root"},
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{DROP_ZONE}", f"arn:aws:s3:::{DROP_ZONE}/*"],
    }
    s3.put_bucket_policy(Bucket=DROP_ZONE, Policy=json.dumps({"Version": "2012-10-17", "Statement": [open_]}))
    try:
        yield s3
    finally:
        s3.delete_bucket(Bucket=DROP_ZONE)


@contextmanager
def _open_endpoint(lab: Lab) -> Iterator[None]:
    """Production's S3 endpoint lets everything through, as one without a policy does."""
    organization, ec2 = lab.organization(), lab.client("ec2")
    endpoint = lab.target.variables["workload.production_s3_endpoint"]
    (found,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
    everything = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    open_ = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    pages = organization.get_paginator("list_policies").paginate(Filter="SERVICE_CONTROL_POLICY")
    scp = next(p["Id"] for page in pages for p in page["Policies"] if p["Name"] == "chaoskit-keep-private")
    organization.detach_policy(PolicyId=scp, TargetId=lab.cloud.account)
    try:
        ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PolicyDocument=open_)
        yield
        ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, PolicyDocument=found["PolicyDocument"])
    finally:
        organization.attach_policy(PolicyId=scp, TargetId=lab.cloud.account)


def _picture(lab: Lab) -> dict[str, Any]:
    """Everything that the faults touch, as the account shows it; AWS names endpoints and logs anew."""
    ec2 = lab.client("ec2")
    endpoints = [
        (one["VpcId"], one["ServiceName"], json.loads(one["PolicyDocument"]), sorted(one["RouteTableIds"]))
        for one in ec2.describe_vpc_endpoints()["VpcEndpoints"]
    ]
    logs = [
        {name: value for name, value in one.items() if name not in ("FlowLogId", "CreationTime", "Tags")}
        for one in ec2.describe_flow_logs()["FlowLogs"]
    ]
    tables = ec2.describe_route_tables()["RouteTables"]
    routes = {
        table["RouteTableId"]: [
            (one.get("DestinationCidrBlock"), one.get("GatewayId"))
            for one in table["Routes"]
            if one.get("DestinationCidrBlock")
        ]
        for table in tables
    }
    return {
        "endpoints": sorted(endpoints, key=str),
        "flow logs": sorted(logs, key=str),
        "routes": routes,
        "gateways": ec2.describe_internet_gateways()["InternetGateways"],
        "groups": ec2.describe_security_groups()["SecurityGroups"],
        "acls": [acl["Entries"] for acl in ec2.describe_network_acls()["NetworkAcls"]],
        "subnets": {s["SubnetId"]: s["MapPublicIpOnLaunch"] for s in ec2.describe_subnets()["Subnets"]},
    }
