from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.sandbox.server import serve
from tests.sandbox.aws import Aws, allow, refusal
from tests.sandbox.receivers import NUMBERS, Function

if TYPE_CHECKING:
    from collections.abc import Iterator

LOGS = "logs.amazonaws.com"
HOUR = 3_600_000


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    """A sandbox of its own: its clock is moved."""
    with serve() as served:
        yield Aws(served)


def stream(aws: Aws) -> dict[str, str]:
    logs, name = aws.client("logs"), f"/written/{next(NUMBERS)}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    return {"logGroupName": name, "logStreamName": "s"}


def now(aws: Aws) -> int:
    return int(aws.served.cloud.now().timestamp() * 1000)


def write(aws: Aws, place: dict[str, str], *messages: str, at: int = 0) -> dict[str, Any]:
    events = [{"timestamp": now(aws) + at, "message": message} for message in messages]
    answer: dict[str, Any] = aws.client("logs").put_log_events(**place, logEvents=events)
    return answer


def test_events_are_taken_and_dated_by_the_sandboxs_clock(aws: Aws) -> None:
    place = stream(aws)
    aws.served.cloud.clock.advance(30 * 86_400)
    assert "rejectedLogEventsInfo" not in write(aws, place, "later")
    (event,) = aws.client("logs").get_log_events(**place)["events"]
    assert event["message"] == "later"
    assert abs(event["ingestionTime"] - now(aws)) < HOUR


@pytest.mark.parametrize(
    ("at", "why"),
    [(3 * HOUR, {"tooNewLogEventStartIndex": 0}), (-15 * 24 * HOUR, {"tooOldLogEventEndIndex": 1})],
)
def test_events_too_far_from_now_are_rejected(aws: Aws, at: int, why: dict[str, int]) -> None:
    place = stream(aws)
    assert write(aws, place, "away", at=at)["rejectedLogEventsInfo"] == why
    assert aws.client("logs").get_log_events(**place)["events"] == []


def test_a_batch_out_of_order_is_refused_whole(aws: Aws) -> None:
    place = stream(aws)
    events = [{"timestamp": now(aws) - at, "message": "m"} for at in (0, 5)]
    code, words, _ = refusal(aws.client("logs").put_log_events, **place, logEvents=events)
    assert (code, "chronological order" in words) == ("InvalidParameterException", True)


def test_a_subscription_filter_sends_what_its_pattern_matches_to_its_function(aws: Aws) -> None:
    place, function = stream(aws), Function(aws)
    function.let(LOGS, f"arn:aws:logs:us-east-1:444455556666:log-group:{place['logGroupName']}:*")
    about = {"logGroupName": place["logGroupName"], "filterName": "f", "destinationArn": function.arn}
    aws.client("logs").put_subscription_filter(**about, filterPattern='{ $.level = "bad" }')
    write(aws, place, '{"level": "bad"}', '{"level": "good"}')
    (event,) = function.events()
    told = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    assert (told["messageType"], told["subscriptionFilters"]) == ("DATA_MESSAGE", ["f"])
    assert (told["logGroup"], told["logStream"]) == (place["logGroupName"], "s")
    assert [one["message"] for one in told["logEvents"]] == ['{"level": "bad"}']


def test_a_function_that_does_not_let_logs_cannot_be_subscribed(aws: Aws) -> None:
    place, function = stream(aws), Function(aws)
    put = aws.client("logs").put_subscription_filter
    about = {"logGroupName": place["logGroupName"], "filterName": "f", "filterPattern": ""}
    code, words, _ = refusal(put, **about, destinationArn=function.arn)
    assert (code, "Could not execute the lambda function" in words) == ("InvalidParameterException", True)
    code, _, _ = refusal(put, **{**about, "filterPattern": "{ $.a = "}, destinationArn=function.arn)
    assert code == "InvalidParameterException"


def test_a_subscription_filter_writes_to_a_stream_as_its_role(aws: Aws) -> None:
    place, kinesis = stream(aws), aws.client("kinesis")
    kinesis.create_stream(StreamName="logs", ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName="logs")["StreamDescriptionSummary"]["StreamARN"]
    trust = {"Effect": "Allow", "Principal": {"Service": LOGS}, "Action": "sts:AssumeRole"}
    role = aws.role("logs-to-kinesis", trust, allow("kinesis:PutRecord"))
    about = {"logGroupName": place["logGroupName"], "filterName": "f", "destinationArn": arn, "roleArn": role}
    aws.client("logs").put_subscription_filter(**about, filterPattern="ERROR")
    write(aws, place, "ERROR one", "INFO two")
    assert aws.served.cloud.idle(10)
    shard = kinesis.list_shards(StreamName="logs")["Shards"][0]["ShardId"]
    iterator = kinesis.get_shard_iterator(StreamName="logs", ShardId=shard, ShardIteratorType="TRIM_HORIZON")[
        "ShardIterator"
    ]
    (record,) = kinesis.get_records(ShardIterator=iterator)["Records"]
    told = json.loads(gzip.decompress(record["Data"]))
    assert [one["message"] for one in told["logEvents"]] == ["ERROR one"]
