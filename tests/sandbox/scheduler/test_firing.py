"""Schedules that are fired: as whom, when, what becomes of refusals, and of the schedule itself."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from chaoskit.sandbox.server import Served
    from tests.sandbox.aws import Aws

ACCOUNT = "444455556666"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/fires"


@pytest.fixture(scope="module")
def queues(aws: Aws) -> dict[str, str]:
    """A queue for messages and one for dead letters, and a role that may send to them."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "scheduler.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
            }
        ],
    }
    may = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}],
    }
    aws.client("iam").create_role(RoleName="fires", AssumeRolePolicyDocument=json.dumps(trust))
    aws.client("iam").put_role_policy(RoleName="fires", PolicyName="send", PolicyDocument=json.dumps(may))
    return {n: aws.client("sqs").create_queue(QueueName=n)["QueueUrl"] for n in ("arrived", "dead")}


def schedule(aws: Aws, name: str, when: str, target: dict[str, Any], **more: Any) -> None:
    aws.client("scheduler").create_schedule(
        Name=name,
        ScheduleExpression=when,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"RoleArn": ROLE, "DeadLetterConfig": {"Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead"}}
        | target,
        **more,
    )


def at(served: Served, seconds: float) -> str:
    return f"at({served.cloud.now() + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S})"


def taken(aws: Aws, served: Served, url: str) -> list[dict[str, Any]]:
    assert served.cloud.idle(10)
    sqs = aws.client("sqs")
    got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    for message in got.get("Messages", []):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return list(got.get("Messages", []))


def test_a_one_time_schedule_calls_any_operation_at_its_time_and_goes_away(
    aws: Aws, served: Served, queues: dict[str, str]
) -> None:
    message = json.dumps({"QueueUrl": queues["arrived"], "MessageBody": "<aws.scheduler.schedule-arn>"})
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "Input": message}
    schedule(aws, "once", at(served, 90), target, ActionAfterCompletion="DELETE")
    served.cloud.clock.advance(60)
    assert taken(aws, served, queues["arrived"]) == []
    served.cloud.clock.advance(60)
    assert [m["Body"] for m in taken(aws, served, queues["arrived"])] == [
        f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/default/once"
    ]
    scheduler = aws.client("scheduler")
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
        scheduler.get_schedule(Name="once")


def test_a_deleted_schedule_is_not_fired_and_an_updated_one_only_at_its_new_time(
    aws: Aws, served: Served, queues: dict[str, str]
) -> None:
    target = {"Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:arrived", "Input": "old"}
    for name in ("gone", "moved"):
        schedule(aws, name, at(served, 60), target)
    scheduler = aws.client("scheduler")
    scheduler.delete_schedule(Name="gone")
    scheduler.update_schedule(
        Name="moved",
        ScheduleExpression=at(served, 300),
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=target | {"RoleArn": ROLE, "Input": "new"},
    )
    served.cloud.clock.advance(120)
    assert taken(aws, served, queues["arrived"]) == []
    served.cloud.clock.advance(240)
    assert [m["Body"] for m in taken(aws, served, queues["arrived"])] == ["new"]


def test_a_rate_fires_again_and_again_until_it_is_disabled(
    aws: Aws, served: Served, queues: dict[str, str]
) -> None:
    target = {"Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:arrived", "Input": "tick", "RoleArn": ROLE}
    schedule(aws, "often", "rate(5 minutes)", target)
    for _ in range(2):
        served.cloud.clock.advance(300)
    assert len(taken(aws, served, queues["arrived"])) == 3  # at once, and twice after
    aws.client("scheduler").update_schedule(
        Name="often",
        ScheduleExpression="rate(5 minutes)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=target,
        State="DISABLED",
    )
    served.cloud.clock.advance(900)
    assert taken(aws, served, queues["arrived"]) == []


def test_a_call_that_the_role_may_not_make_ends_in_the_dead_letter_queue(
    aws: Aws, served: Served, queues: dict[str, str]
) -> None:
    call = {
        "Arn": "arn:aws:scheduler:::aws-sdk:iam:deleteUser",
        "Input": json.dumps({"UserName": "admin"}),
    }
    schedule(aws, "denied", at(served, 60), call)
    served.cloud.clock.advance(120)
    (letter,) = taken(aws, served, queues["dead"])
    told = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert told["ERROR_CODE"] == "AccessDenied"
    assert told["TARGET_ARN"] == call["Arn"]
    assert json.loads(letter["Body"]) == {"UserName": "admin"}


def test_the_audit_trail_shows_the_role_and_the_service_behind_a_fired_call(
    aws: Aws, served: Served, queues: dict[str, str]
) -> None:
    call = {"Arn": "arn:aws:scheduler:::aws-sdk:iam:deleteRole", "Input": '{"RoleName": "fires"}'}
    schedule(aws, "traced", at(served, 60), call)
    served.cloud.clock.advance(120)
    assert len(taken(aws, served, queues["dead"])) == 1
    found = aws.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "DeleteRole"}]
    )
    record = json.loads(found["Events"][0]["CloudTrailEvent"])
    assert record["sourceIPAddress"] == record["userAgent"] == "scheduler.amazonaws.com"
    assert record["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == ROLE
    assert record["errorCode"] == "AccessDenied"
