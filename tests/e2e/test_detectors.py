"""Every detector probe in a whole run: the fault, its telemetry, the detector, the verdict."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.api import run
from chaoskit.errors import TargetError
from chaoskit.result import Verdict
from tests.e2e.conftest import without_scp
from tests.e2e.lab import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from chaoskit.result import Result
    from tests.e2e.lab import Lab

    Write = Callable[..., Path]

GROUP = "/chaoskit/trail"
FILTER = '{ ($.eventName = "AttachRolePolicy") && ($.requestParameters.policyArn = "*AdministratorAccess") }'
ATTACH = 'iam.attach-role-policy: {role: "${workload.training_role}"}'
INVOKE = (
    'sagemaker.leaked-key-invocation: {user: "${workload.ml_engineer}", endpoint: "${workload.endpoint}"}'
)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(detection: str, fault: str = ATTACH, within: str = "2m") -> Path:
        path = tmp_path / "detected.yaml"
        path.write_text(
            f"""\
id: detected
title: One fault, one detector
owner: tests
layer: identity
hypothesis: It is noticed.
blast_radius:
  {{accounts: ["${{sandbox.account}}"], regions: ["${{sandbox.region}}"], max_duration: 15m, max_changes: 9}}
faults:
  - {fault}
expect:
  - detection: {{{detection}}}
    within: {within}
"""
        )
        return path

    return make


@pytest.fixture(scope="module", autouse=True)
def _no_responder(lab: Lab) -> None:
    """What is only to be detected must not be repaired before its effect is seen."""
    for runbook in ("detach-permissive-policy", "disable-leaked-key"):
        lab.client("ssm").delete_document(Name=runbook)


@pytest.fixture(scope="module")
def trail_group(lab: Lab) -> str:
    """The log group that the workload's trail sends its events to, too."""
    (trail,) = lab.client("cloudtrail").describe_trails(trailNameList=["chaoskit-trail"])["trailList"]
    assert f":log-group:{GROUP}:" in trail["CloudWatchLogsLogGroupArn"]
    return GROUP


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _evidence(result: Result, verdict: Verdict = Verdict.PASSED) -> dict[str, Any]:
    assert result.verdict is verdict, result.reason
    assert result.restored
    return dict(result.expectations[0].evidence)


@contextmanager
def without_group(lab: Lab) -> Iterator[None]:
    """The workload's trail does not send its events to a log group for a block."""
    trail = lab.client("cloudtrail")
    (was,) = trail.describe_trails(trailNameList=["chaoskit-trail"])["trailList"]
    logged = {name: was[name] for name in ("CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn")}
    with without_scp(lab, "chaoskit-protect-audit"):
        trail.update_trail(Name="chaoskit-trail", **dict.fromkeys(logged, ""))
    try:
        yield
    finally:
        with without_scp(lab, "chaoskit-protect-audit"):
            trail.update_trail(Name="chaoskit-trail", **logged)


def test_a_shipped_sigma_rule_matches_in_event_history(lab: Lab, journal: Path, write: Write) -> None:
    with without_group(lab):
        found = _evidence(lab.run(write("sigma.matched: {rule: aws_ml_role_permissive_policy}"), journal))
    assert (found["tied_by"], found["read_from"]) == ("user agent", "event history")
    assert found["event_name"] == "AttachRolePolicy"


def test_a_sigma_rule_on_a_data_event_is_answered_from_the_trails_bucket(
    lab: Lab, journal: Path, write: Write
) -> None:
    with without_group(lab):
        found = _evidence(
            lab.run(write("sigma.matched: {rule: aws_sagemaker_leaked_key_invocation}", INVOKE), journal)
        )
    assert found["event_name"] == "InvokeEndpoint"
    assert found["read_from"].startswith("s3://chaoskit-trail-444455556666/AWSLogs/")


def test_a_sigma_rule_on_a_data_event_is_answered_from_the_trails_log_group(
    lab: Lab, journal: Path, write: Write, trail_group: str
) -> None:
    rule = "sigma.matched: {rule: aws_sagemaker_leaked_key_invocation}"
    found = _evidence(lab.run(write(rule, INVOKE), journal))
    assert found["read_from"] == f"log group {trail_group}"


def test_a_sigma_rule_on_something_else_does_not_match(lab: Lab, journal: Path, write: Write) -> None:
    result = lab.run(write("sigma.matched: {rule: aws_cloudtrail_stopped}", within="5s"), journal)
    assert _evidence(result, Verdict.FAILED)["records"]


def test_a_sigma_rule_that_is_not_there_proves_nothing(lab: Lab, journal: Path, write: Write) -> None:
    result = lab.run(write("sigma.matched: {rule: no-such-rule}"), journal)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "there is no Sigma rule no-such-rule" in result.reason


@pytest.mark.parametrize(
    "more",
    [
        "",
        """, match: "event.detail.eventName == 'AttachRolePolicy'" """,
    ],
)
def test_a_message_of_this_run_is_found_in_its_queue(
    lab: Lab, journal: Path, write: Write, more: str
) -> None:
    found = _evidence(
        lab.run(write(f'sqs.message: {{queue: "${{workload.alert_queue_url}}"{more}}}'), journal)
    )
    assert (found["tied_by"], found["about"]) == ("user agent", "iam:AttachRolePolicy")


def test_a_message_of_this_run_that_says_something_else_does_not_count(
    lab: Lab, journal: Path, write: Write
) -> None:
    match = """match: "event.detail.eventName == 'PutBucketAcl'" """
    detection = f'sqs.message: {{queue: "${{workload.alert_queue_url}}", {match}}}'
    _evidence(lab.run(write(detection, within="5s"), journal), Verdict.FAILED)


def test_the_call_is_in_event_history(lab: Lab, journal: Path, write: Write) -> None:
    detection = "cloudtrail.event: {event_name: AttachRolePolicy, event_source: iam.amazonaws.com}"
    assert _evidence(lab.run(write(detection), journal))["tied_by"] == "user agent"


def test_a_call_that_succeeded_is_not_in_event_history_as_denied(
    lab: Lab, journal: Path, write: Write
) -> None:
    detection = "cloudtrail.event: {event_name: AttachRolePolicy, error_code: AccessDenied}"
    _evidence(lab.run(write(detection, within="5s"), journal), Verdict.FAILED)


def test_an_insights_query_flags_the_call_of_this_run(
    lab: Lab, journal: Path, write: Write, trail_group: str
) -> None:
    query = "filter eventName = 'AttachRolePolicy' | stats count(*) as calls by userIdentity.arn"
    flagged = "flagged_when: '[0].calls == `\"1\"`'"
    detection = f'logs-insights.query: {{log_group: {trail_group}, query: "{query}", {flagged}}}'
    found = _evidence(lab.run(write(detection), journal))
    assert found["tied_by"] == "user agent"
    assert len(found["rows"]) == 1


def test_what_the_run_reads_for_itself_is_nothing_that_an_insights_query_flags(
    lab: Lab, journal: Path, write: Write, trail_group: str
) -> None:
    query = "filter eventName = 'ListAttachedRolePolicies' | stats count(*) as looks by eventName"
    detection = f'logs-insights.query: {{log_group: {trail_group}, query: "{query}"}}'
    _evidence(lab.run(write(detection, within="2s"), journal), Verdict.FAILED)


def test_one_invocation_is_not_what_the_model_access_query_flags(
    lab: Lab, journal: Path, write: Write, trail_group: str
) -> None:
    detection = f"logs-insights.query: {{log_group: {trail_group}, query: model-access}}"
    _evidence(lab.run(write(detection, INVOKE, within="5s"), journal), Verdict.FAILED)


@pytest.fixture(scope="module")
def alarm(lab: Lab, trail_group: str) -> str:
    metric = {"metricName": "AdminAttached", "metricNamespace": "Security", "metricValue": "1"}
    lab.client("logs").put_metric_filter(
        logGroupName=trail_group, filterName="admin", filterPattern=FILTER, metricTransformations=[metric]
    )
    lab.client("cloudwatch").put_metric_alarm(
        AlarmName="admin-attached",
        Namespace="Security",
        MetricName="AdminAttached",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )
    lab.cloud.clock.advance(120)
    return "admin-attached"


def test_an_alarm_that_the_fault_raised_counts(lab: Lab, journal: Path, write: Write, alarm: str) -> None:
    found = _evidence(lab.run(write(f"cloudwatch.alarm-raised: {{name: {alarm}}}", within="4m"), journal))
    assert found["tied_by"] == "user agent"


def test_an_alarm_that_rings_already_proves_nothing(
    lab: Lab, journal: Path, write: Write, alarm: str
) -> None:
    lab.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="a test")
    result = lab.run(write(f"cloudwatch.alarm-raised: {{name: {alarm}}}"), journal)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "rings already" in result.reason


def test_an_alarm_whose_cause_cant_be_told_proves_nothing(lab: Lab, journal: Path, write: Write) -> None:
    result = lab.run(write('cloudwatch.alarm-raised: {name: "${workload.inference_error_alarm}"}'), journal)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "fed by no metric filter" in result.reason


def test_athena_proves_nothing_where_nothing_evaluates_sql(lab: Lab, journal: Path, write: Write) -> None:
    lab.client("iam").put_role_policy(
        RoleName=lab.target.variables["workload.harness_role"],
        PolicyName="athena",
        PolicyDocument=_policy({"Effect": "Allow", "Action": "athena:*", "Resource": "*"}),
    )
    output = "s3://chaoskit-trail-444455556666/athena/"
    result = lab.run(write(f'athena.query: {{query: "SHOW TABLES", output: "{output}"}}'), journal)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "Athena does not evaluate SQL here" in result.reason


@pytest.mark.long
def test_realistic_delays_let_an_slo_be_missed_or_kept_within_seconds(write: Write) -> None:
    short = SHIPPED / "identity" / "permissive-policy-on-training-role.yaml"
    long = write("eventbridge.matched: {rule: chaoskit-permissive-policy}", within="6m")
    missed, kept = run(short, long, delays="realistic", predict=False).results
    assert (missed.verdict, kept.verdict) == (Verdict.FAILED, Verdict.PASSED)
    assert missed.restored
    assert kept.restored
    assert missed.expectations[0].met is False, "EventBridge has the event after 5 minutes; the SLO is 60 s"
    for late in (missed.expectations[1], kept.expectations[0]):
        assert late.latency_s is not None
        assert 300 <= late.latency_s < 330


def test_realistic_delays_are_for_one_run_at_a_time() -> None:
    with pytest.raises(TargetError, match="one run at a time"):
        run(SHIPPED / "identity", delays="realistic", jobs=2)
