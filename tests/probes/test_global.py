"""Calls of global services are recorded in us-east-1: elsewhere nobody could have told of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.aws import Call
from chaoskit.contract import Trace
from chaoskit.probes._global import unrecorded
from chaoskit.probes.cloudtrail_event import TrailEvent
from chaoskit.probes.eventbridge_matched import Matched
from chaoskit.probes.lambda_responder_succeeded import ResponderSucceeded
from chaoskit.probes.sigma_matched import SigmaMatched
from chaoskit.probes.ssm_runbook_succeeded import RunbookSucceeded
from tests.answers import Answers
from tests.samples import NOW, REGION, attempt

if TYPE_CHECKING:
    from chaoskit.contract import Probe

ELSEWHERE = "eu-west-1"
IAM = Trace("t", NOW, (attempt(effect=False),))
S3 = Trace("t", NOW, (attempt(call=Call("s3", "PutBucketAcl", Bucket="b"), effect=False),))
IAM_RULE: dict[str, Any] = {"source": ["aws.iam"], "detail": {"eventSource": ["iam.amazonaws.com"]}}
RULES = [
    IAM_RULE,
    {"detail": {"eventSource": ["organizations.amazonaws.com"]}},
    {"source": ["aws.iam", "aws.s3"]},
    {"source": [{"prefix": "aws."}]},
]


def account(region: str, pattern: dict[str, Any] | None = None) -> Answers:
    """An account that is set up as it should be, and has told of nothing yet."""
    rule = {"State": "ENABLED", "EventPattern": json.dumps(pattern or {})}
    return Answers(
        region=region,
        DescribeRule=rule,
        ListTargetsByRule={"Targets": [{"Arn": f"arn:aws:sqs:{region}:444455556666:q"}]},
        GetQueueUrl={"QueueUrl": "url"},
        DescribeTrails={"trailList": [{"TrailARN": "arn", "S3BucketName": "b"}]},
        GetTrailStatus={"IsLogging": True},
        LookupEvents={"Events": []},
        ListObjectsV2={"Contents": []},
    )


@pytest.mark.parametrize(
    ("region", "services", "told"),
    [
        (ELSEWHERE, ["iam"], False),
        (ELSEWHERE, ["aws.iam", "cloudfront.amazonaws.com"], False),
        (ELSEWHERE, ["iam", "s3"], True),
        (ELSEWHERE, ["sts"], True),
        (ELSEWHERE, [], True),
        (REGION, ["iam"], True),
        ("us-gov-east-1", ["iam"], True),
        ("cn-north-1", ["iam"], True),
    ],
)
def test_a_region_may_tell_of_a_call_unless_it_is_a_global_services_elsewhere(
    region: str, services: list[str], told: bool
) -> None:
    assert (unrecorded(region, services) == "") is told


@pytest.mark.parametrize(
    ("probe", "pattern", "ready"),
    [
        (TrailEvent(event_name="AttachRolePolicy", event_source="iam.amazonaws.com"), None, False),
        (TrailEvent(event_name="PutBucketAcl", event_source="s3.amazonaws.com"), None, True),
        (SigmaMatched(rule="aws_ml_role_permissive_policy"), None, False),
        (SigmaMatched(rule="aws_ml_role_permissive_policy", log_group="g"), None, True),
        (SigmaMatched(rule="aws_cloudtrail_stopped"), None, True),
        (Matched(rule="r"), RULES[0], False),
        (Matched(rule="r"), RULES[1], False),
        (Matched(rule="r"), RULES[2], True),
        (Matched(rule="r"), RULES[3], True),
        (Matched(rule="r", bus="forwarded"), IAM_RULE, True),
    ],
)
def test_a_detector_is_not_on_where_what_it_waits_for_is_never_recorded(
    probe: Probe, pattern: dict[str, Any] | None, ready: bool
) -> None:
    seen = probe.ready(account(ELSEWHERE, pattern))
    assert seen.holds is ready
    assert ready or "recorded in us-east-1" in seen.summary
    assert probe.ready(account(REGION, pattern)).holds is True


class Silent(Answers):
    """The same account, whose queue holds nothing."""

    def messages(self, queue_url: str) -> list[Any]:
        del queue_url
        return []


@pytest.mark.parametrize(
    "probe",
    [
        TrailEvent(event_name="AttachRolePolicy"),
        SigmaMatched(rule="aws_cloudtrail_stopped"),
        Matched(rule="r"),
        ResponderSucceeded(function="tidy"),
    ],
)
def test_that_nobody_told_of_what_is_recorded_elsewhere_is_unknown_and_no_miss(probe: Probe) -> None:
    answers = account(ELSEWHERE).answers
    seen = probe.look(Silent(region=ELSEWHERE, **answers), IAM)
    assert seen.holds is None
    assert "recorded in us-east-1" in seen.summary
    assert probe.look(Silent(region=ELSEWHERE, **answers), S3).holds is False
    assert probe.look(Silent(region=REGION, **answers), IAM).holds is False


def test_a_runbook_whose_writes_are_recorded_elsewhere_says_why_it_proves_nothing() -> None:
    execution = {
        "AutomationExecutionId": "0a1b",
        "AutomationExecutionStatus": "Success",
        "ExecutionStartTime": NOW.isoformat(),
        "Parameters": {"RoleName": ["training"]},
    }
    listed = {"DocumentName": "d", "AutomationExecutionId": "0a1b"}
    aws = Answers(
        region=ELSEWHERE,
        DescribeAutomationExecutions={"AutomationExecutionMetadataList": [listed]},
        GetAutomationExecution={"AutomationExecution": execution},
        LookupEvents={"Events": []},
    )
    seen = RunbookSucceeded(document="d").look(aws, IAM)
    assert "repaired" not in seen.evidence
    assert seen.summary.startswith("runbook d succeeded, but calls of iam are recorded in us-east-1")
