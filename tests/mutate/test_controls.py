"""Which controls are found, and that each kind is really gone once it is taken away."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from chaoskit.aws import Aws, Query
from chaoskit.errors import TargetError
from chaoskit.journal import SqliteJournal
from chaoskit.mutate import Stage, controls

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chaoskit.mutate import Control
    from tests.e2e.lab import Lab

KINDS: Final = (
    "access-analyzer",
    "alarm",
    "boundary",
    "bucket-policy",
    "config-rule",
    "endpoint-policy",
    "event-rule",
    "guardduty",
    "guardrail",
    "key-policy",
    "metric-filter",
    "public-access-block",
    "responder",
    "scp",
    "secret-policy",
    "trail-log",
    "trust-condition",
)
GROUP, FILTER = "/chaoskit/tests", "errors"


def find(lab: Lab) -> dict[str, Control]:
    """The account's controls as they are now."""
    member, management = Aws(lab.target.connection), Aws(lab.target.management or lab.target.connection)
    return {each.id: each for each in controls(member, management, lab.target.account)}


@pytest.fixture(scope="module")
def found(lab: Lab) -> dict[str, Control]:
    return find(lab)


def test_the_workload_has_controls_of_every_kind(found: dict[str, Control]) -> None:
    assert sorted({each.kind for each in found.values()}) == sorted(KINDS)


def test_a_control_has_its_name_once_and_says_how_it_goes_and_comes_back(found: dict[str, Control]) -> None:
    assert all(each.away for each in found.values())
    # What is deleted is given back by the snapshot; all others by a person too.
    assert {each.kind for each in found.values() if not each.back} == {"responder"}
    assert {each.kind for each in found.values() if each.management} == {"scp"}


def test_no_name_tells_of_the_sandbox_it_was_found_in(found: dict[str, Control], lab: Lab) -> None:
    aws = lab.client("ec2")
    drawn = [each["VpcEndpointId"] for each in aws.describe_vpc_endpoints()["VpcEndpoints"]]
    drawn += [each["KeyId"] for each in lab.client("kms").list_keys()["Keys"]]
    drawn += [each["VpcId"] for each in aws.describe_vpcs()["Vpcs"]]
    assert [name for name in found for each in drawn if each in name] == []


# Where each kind is to be seen: service, operation, which of the control's own parameters it takes, and what
# of its answer tells.
LOOKS: Final[dict[str, tuple[str, str, tuple[str, ...], str]]] = {
    "access-analyzer": ("accessanalyzer", "ListArchiveRules", ("analyzerName",), "archiveRules"),
    "alarm": ("cloudwatch", "DescribeAlarms", (), "MetricAlarms[].[AlarmName, Threshold]"),
    "boundary": ("iam", "GetRole", ("RoleName",), "Role.PermissionsBoundary"),
    "config-rule": ("config", "DescribeConfigRules", (), "ConfigRules[].[ConfigRuleName, Scope]"),
    "endpoint-policy": ("ec2", "DescribeVpcEndpoints", (), "VpcEndpoints[].[VpcEndpointId, PolicyDocument]"),
    "event-rule": ("events", "DescribeRule", ("Name",), "EventPattern"),
    "guardduty": ("guardduty", "GetDetector", ("DetectorId",), "Status"),
    "guardrail": ("bedrock", "GetGuardrail", ("guardrailIdentifier",), "[contentPolicy, wordPolicy]"),
    "key-policy": ("kms", "GetKeyPolicy", ("KeyId", "PolicyName"), "Policy"),
    "public-access-block": ("s3", "GetPublicAccessBlock", ("Bucket",), "PublicAccessBlockConfiguration"),
    "secret-policy": ("secretsmanager", "GetResourcePolicy", ("SecretId",), "ResourcePolicy"),
    "scp": ("organizations", "DescribePolicy", ("PolicyId",), "Policy.Content"),
    "trail-log": ("cloudtrail", "GetTrail", ("Name",), "Trail.CloudWatchLogsLogGroupArn"),
    "trust-condition": ("iam", "GetRole", ("RoleName",), "Role.AssumeRolePolicyDocument"),
}


def _look(lab: Lab, control: Control) -> Any:
    service, operation, names, select = LOOKS[control.kind]
    params = {name: control.away[0].params[name] for name in names}
    connection = lab.target.management if control.management else lab.target.connection
    assert connection is not None
    return Aws(connection).read(Query(service, operation, params, select))


@pytest.mark.parametrize("kind", sorted(LOOKS))
def test_a_control_that_is_taken_away_is_gone_and_back_once_the_sandbox_is_restored(
    lab: Lab, stage: Stage, kind: str
) -> None:
    control = next(each for each in stage.controls.values() if each.kind == kind and _is_roles(each))
    before = _look(lab, control)
    stage.take_away(control.id)
    assert _look(lab, control) != before
    stage.restore()
    assert _look(lab, control) == before


def _is_roles(control: Control) -> bool:
    """Boundaries are on users too, which another operation tells."""
    return control.kind != "boundary" or "RoleName" in control.away[0].params


def _sids(content: str) -> list[str]:
    return [each["Sid"] for each in json.loads(content)["Statement"]]


def test_a_statement_goes_alone(lab: Lab, stage: Stage) -> None:
    control = next(each for each in stage.controls.values() if each.kind == "scp")
    sid = control.name.partition("/")[2]
    before = _sids(_look(lab, control))
    stage.take_away(control.id)
    assert _sids(_look(lab, control)) == [each for each in before if each != sid]
    stage.restore()
    assert _sids(_look(lab, control)) == before


def test_a_responder_of_each_service_is_deleted(lab: Lab, stage: Stage) -> None:
    services = Counter(each.away[0].service for each in stage.controls.values() if each.kind == "responder")
    assert services["ssm"] > 1
    name = "detach-permissive-policy"
    stage.take_away(f"responder:{name}")
    with pytest.raises(lab.client("ssm").exceptions.InvalidDocument):
        lab.client("ssm").describe_document(Name=name)
    stage.restore()
    assert lab.client("ssm").describe_document(Name=name)["Document"]["Name"] == name


def test_a_runbook_that_only_code_starts_is_found(found: dict[str, Control], lab: Lab) -> None:
    rules = lab.client("events").list_rules()["Rules"]
    targets = [lab.client("events").list_targets_by_rule(Rule=each["Name"])["Targets"] for each in rules]
    started = {each["Arn"] for some in targets for each in some}
    assert not any("automation-definition/restore-canary" in arn for arn in started)
    assert "responder:restore-canary" in found


def test_a_function_speaks_where_its_environment_says_and_its_rule_stands_before_it(
    found: dict[str, Control], lab: Lab
) -> None:
    function = found["responder:chaoskit-integrity"]
    assert lab.target.variables["workload.alert_queue_url"] in function.feeds
    assert found["event-rule:chaoskit-canary-written"].is_before(function)
    assert not found["event-rule:chaoskit-permissive-policy"].is_before(function)


def test_a_trails_log_group_stands_before_the_metric_filters_on_it(found: dict[str, Control]) -> None:
    trail = found["trail-log:chaoskit-trail/chaoskit/trail"]
    assert trail.is_before(found["metric-filter:/chaoskit/trail/chaoskit-model-extraction"])
    assert not trail.is_before(found["alarm:chaoskit-inference-errors"])


def test_a_guardrails_draft_is_put_back_as_it_was_read(lab: Lab) -> None:
    control = find(lab)["guardrail:ml-research/DRAFT"]
    aws, before = Aws(lab.target.connection), _draft(lab, control)
    aws.send(control.away[0])
    assert "contentPolicy" not in _draft(lab, control)
    aws.send(control.back[0])
    assert _draft(lab, control) == before


def _draft(lab: Lab, control: Control) -> dict[str, Any]:
    found = lab.client("bedrock").get_guardrail(
        guardrailIdentifier=control.back[0].params["guardrailIdentifier"]
    )
    return {name: value for name, value in found.items() if name not in ("updatedAt", "ResponseMetadata")}


def test_what_an_scp_keeps_as_deployed_goes_all_the_same_and_the_scp_stays(lab: Lab, stage: Stage) -> None:
    organization, account = lab.organization(), lab.target.account
    where: dict[str, Any] = {"TargetId": account, "Filter": "SERVICE_CONTROL_POLICY"}
    before = sorted(each["Id"] for each in organization.list_policies_for_target(**where)["Policies"])
    rule = stage.controls["event-rule:chaoskit-protected-audit-tampering"]
    stage.take_away(rule.id)
    assert "chaoskit.nobody" in lab.client("events").describe_rule(Name=rule.name)["EventPattern"]
    after = sorted(each["Id"] for each in organization.list_policies_for_target(**where)["Policies"])
    assert after == before
    stage.restore()


def test_a_metric_filter_is_made_blind_and_stands_before_its_alarm(lab: Lab) -> None:
    logs, cloudwatch = lab.client("logs"), lab.client("cloudwatch")
    logs.create_log_group(logGroupName=GROUP)
    made = {"metricName": "Errors", "metricNamespace": "tests", "metricValue": "1"}
    filter_: Callable[..., Any] = logs.put_metric_filter
    filter_(logGroupName=GROUP, filterName=FILTER, filterPattern="ERROR", metricTransformations=[made])
    alarm: dict[str, Any] = {"MetricName": "Errors", "Namespace": "tests", "Statistic": "Sum", "Period": 60}
    alarm |= {"EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold"}
    cloudwatch.put_metric_alarm(AlarmName="too-many-errors", **alarm)
    try:
        found = find(lab)
        control = found[f"metric-filter:{GROUP}/{FILTER}"]
        assert control.is_before(found["alarm:too-many-errors"])
        assert not control.is_before(found["alarm:chaoskit-inference-errors"])
        aws = Aws(lab.target.connection)
        aws.send(control.away[0])
        patterns = _patterns(logs)
        assert logs.test_metric_filter(filterPattern=patterns[0], logEventMessages=["ERROR"])["matches"] == []
        aws.send(control.back[0])
        assert _patterns(logs) == ["ERROR"]
    finally:
        logs.delete_log_group(logGroupName=GROUP)
        cloudwatch.delete_alarms(AlarmNames=["too-many-errors"])


def _patterns(logs: Any) -> list[str]:
    found = logs.describe_metric_filters(logGroupName=GROUP)["metricFilters"]
    return [each["filterPattern"] for each in found]


def test_a_stage_needs_the_management_account(lab: Lab, tmp_path: Path) -> None:
    with (
        SqliteJournal(tmp_path / "journal.sqlite") as journal,
        pytest.raises(TargetError, match="the target names none"),
    ):
        Stage(lab.instance, replace(lab.target, management=None), [], journal)
