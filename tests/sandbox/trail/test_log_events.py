from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.sandbox.trail.log_events import _batches
from chaoskit.sandbox.trail.records import Recorded
from tests.sandbox.aws import MEMBER, allow
from tests.sandbox.trail.delivered import CLOUDTRAIL, Delivered

if TYPE_CHECKING:
    from tests.sandbox.trail.audited import Audited

TRUST = allow("sts:AssumeRole", "*", Principal=CLOUDTRAIL)
TRUST.pop("Resource")


class Logged(Delivered):
    """A trail that sends its events to a log group."""

    def __init__(self, aws: Audited, name: str, *grants: dict[str, Any], **settings: Any) -> None:
        self.group = f"CloudTrail/{name}"
        self.logs = aws.client("logs")
        self.logs.create_log_group(logGroupName=self.group)
        group = f"arn:aws:logs:us-east-1:{MEMBER}:log-group:{self.group}:*"
        role = aws.role(f"{name}-logs", TRUST, *(grants or (self.grant(name),)))
        super().__init__(aws, name, CloudWatchLogsLogGroupArn=group, CloudWatchLogsRoleArn=role, **settings)

    @staticmethod
    def grant(name: str) -> dict[str, Any]:
        """What the CloudTrail User Guide's role policy allows."""
        stream = (
            f"arn:aws:logs:us-east-1:{MEMBER}:log-group:CloudTrail/{name}:log-stream:{MEMBER}_CloudTrail*"
        )
        return allow(["logs:CreateLogStream", "logs:PutLogEvents"], stream)

    def events(self) -> list[dict[str, Any]]:
        """The log events of the trail's stream."""
        self.flush()
        stream = f"{MEMBER}_CloudTrail_us-east-1"
        got = self.logs.get_log_events(
            logGroupName=self.group, logStreamName=stream, startFromHead=True, limit=10_000
        )
        events: list[dict[str, Any]] = got["events"]
        return events


def test_events_that_come_together_are_sent_together(aws: Audited) -> None:
    trail = Logged(aws, "together")
    trail.flush()
    iam = aws.client("iam")
    for number in range(5):
        iam.create_group(GroupName=f"together-{number}")
    made = [event for event in trail.events() if "CreateGroup" in event["message"]]
    assert len(made) == 5
    assert len({event["timestamp"] for event in made}) <= 2, "each call has a time of its own"


def test_each_event_becomes_a_log_event(aws: Audited) -> None:
    trail = Logged(aws, "at-once")
    aws.client("iam").create_user(UserName="at-once")
    newest = trail.events()[-1]
    assert json.loads(newest["message"]) == aws.record("CreateUser")
    assert abs(newest["timestamp"] / 1000 - aws.served.cloud.now().timestamp()) < 10
    assert "LatestCloudWatchLogsDeliveryTime" in trail.status()


def test_the_role_writes_as_the_session_that_cloudtrail_takes(aws: Audited) -> None:
    Logged(aws, "role-used").events()
    record = aws.record("CreateLogStream")
    assert record["userIdentity"]["arn"].endswith("role-used-logs/CLOUDWATCH_LOGS_DELIVERY_SESSION")
    assert record["userIdentity"]["invokedBy"] == record["sourceIPAddress"] == "cloudtrail.amazonaws.com"


def test_a_role_without_permission_is_reported(aws: Audited) -> None:
    trail = Logged(aws, "forbidden", allow("logs:CreateLogStream"))
    aws.client("iam").create_user(UserName="forbidden")
    status = trail.status()
    assert status["LatestCloudWatchLogsDeliveryError"] == "AccessDeniedException"
    assert "LatestCloudWatchLogsDeliveryTime" not in status
    assert "LatestDeliveryError" not in status


def test_a_role_that_does_not_trust_cloudtrail_is_reported(aws: Audited) -> None:
    trail = Logged(aws, "untrusting")
    elsewhere = {**TRUST, "Principal": {"Service": "ec2.amazonaws.com"}}
    arn = aws.role("untrusting-ec2", elsewhere, Logged.grant("untrusting"))
    trail.cloudtrail.update_trail(Name="untrusting", CloudWatchLogsRoleArn=arn)
    assert trail.status()["LatestCloudWatchLogsDeliveryError"] == "AccessDenied"


def test_a_burst_arrives_whole_and_in_order(aws: Audited) -> None:
    trail = Logged(aws, "burst")
    iam = aws.client("iam")
    for number in range(20):
        iam.create_group(GroupName=f"burst-{number}")
    groups = [
        record["requestParameters"]["groupName"]
        for event in trail.events()
        if (record := json.loads(event["message"]))["eventName"] == "CreateGroup"
    ]
    assert groups == [f"burst-{number}" for number in range(20)]


def test_a_metric_filter_on_the_trail_rings_an_alarm(aws: Audited) -> None:
    trail = Logged(aws, "ringing")
    trail.logs.put_metric_filter(
        logGroupName=trail.group,
        filterName="stops",
        filterPattern="{ $.eventName = StopLogging }",
        metricTransformations=[{"metricName": "Stops", "metricNamespace": "CIS", "metricValue": "1"}],
    )
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="stops",
        Namespace="CIS",
        MetricName="Stops",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    trail.cloudtrail.stop_logging(Name="ringing")
    trail.flush()
    assert cloudwatch.describe_alarms(AlarmNames=["stops"])["MetricAlarms"][0]["StateValue"] == "ALARM"


@pytest.mark.parametrize(("sizes", "expected"), [([1], [1]), ([200_000] * 8, [5, 3]), ([300_000, 1], [1])])
def test_batches_keep_to_the_limits_of_put_log_events(
    aws: Audited, sizes: list[int], expected: list[int]
) -> None:
    now = aws.served.cloud.now()
    events = [Recorded({"text": "x" * size}, MEMBER, "us-east-1", now) for size in sizes]
    assert [len(batch) for batch in _batches(events)] == expected
