"""Where a run's own records are read, and how the log group is asked for many of them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.aws import Call
from chaoskit.contract import Trace
from chaoskit.probes._records import out_of_reach, records
from tests.answers import Answers
from tests.samples import ACCOUNT, NOW, REGION, attempt

if TYPE_CHECKING:
    from chaoskit.aws import Query
    from tests.probes.conftest import Account

ID = "20260301T120000-abc123.1"
OTHER_REGION, OTHER_ACCOUNT = "eu-west-1", "999999999999"


def trail(region: str, account: str, **more: Any) -> dict[str, Any]:
    group = f"arn:aws:logs:{region}:{account}:log-group:trail:*"
    return {"S3BucketName": "b", "CloudWatchLogsLogGroupArn": group, **more}


def burst(count: int) -> Trace:
    """A run that has made so many calls, each with a request id as AWS's are."""
    ids = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(count)]
    return Trace(ID, NOW, tuple(attempt(request_id=each) for each in ids))


def record(request_id: str) -> dict[str, Any]:
    at = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
    made = {"eventName": "AttachRolePolicy", "requestID": request_id, "eventTime": at}
    return {**made, "eventID": f"event of {request_id}"}


@pytest.mark.parametrize(
    ("region", "account", "source"),
    [
        (REGION, ACCOUNT, "log group trail"),
        (OTHER_REGION, ACCOUNT, "event history"),
        (REGION, OTHER_ACCOUNT, "event history"),
    ],
)
def test_a_log_group_of_another_region_or_account_is_not_looked_for_here(
    region: str, account: str, source: str
) -> None:
    run = burst(1)
    mine = json.dumps(record(run.attempts[0].request_id))
    aws = Answers(
        DescribeTrails={"trailList": [trail(region, account)]},
        FilterLogEvents={"events": [{"message": mine, "ingestionTime": 1}]},
        LookupEvents={"Events": [{"CloudTrailEvent": mine}]},
    )
    (found,) = records(aws, run)
    assert found.source == source


def test_the_group_of_a_trail_further_on_is_used_where_the_first_is_elsewhere() -> None:
    trails = [trail(OTHER_REGION, ACCOUNT), trail(REGION, ACCOUNT)]
    aws = Answers(DescribeTrails={"trailList": trails}, FilterLogEvents={"events": []})
    assert records(aws, burst(1)) == []
    assert [query.operation for query in aws.asked] == ["DescribeTrails", "FilterLogEvents"]


@pytest.mark.parametrize("count", [1, 14, 15, 60])
def test_no_filter_pattern_is_longer_than_aws_takes_and_none_of_the_calls_is_left_out(count: int) -> None:
    run = burst(count)

    def matching(query: Query) -> dict[str, Any]:
        pattern = query.params["filterPattern"]
        ids = [each.request_id for each in run.attempts if each.request_id in pattern]
        return {"events": [{"message": json.dumps(record(each)), "ingestionTime": 1} for each in ids]}

    aws = Answers(DescribeTrails={"trailList": [trail(REGION, ACCOUNT)]}, FilterLogEvents=matching)
    found = records(aws, run)
    patterns = [query.params["filterPattern"] for query in aws.asked[1:]]
    assert max(map(len, patterns)) <= 1024
    assert len(patterns) == 1 + len("".join(patterns)) // 1024
    assert len(found) == count


def test_a_record_that_two_patterns_find_counts_once(account: Account) -> None:
    logs, now = account.client("logs"), account.served.cloud.now()
    logs.create_log_group(logGroupName="trail")
    logs.create_log_stream(logGroupName="trail", logStreamName="s")
    run = Trace(ID, now, burst(60).attempts)
    messages = [
        json.dumps({**record(each.request_id), "userAgent": f"Boto3/1 run/{ID}"}) for each in run.attempts
    ]
    events = [{"timestamp": int(now.timestamp() * 1000), "message": each} for each in messages]
    logs.put_log_events(logGroupName="trail", logStreamName="s", logEvents=events)
    found = records(account.reader, run, "trail")
    assert len(found) == len(run.attempts)
    assert {each.at for each in found if each.at and each.at - now < timedelta(minutes=1)}


@pytest.mark.parametrize(
    ("trails", "group", "reached"),
    [
        ([trail(OTHER_REGION, ACCOUNT, IsMultiRegionTrail=True)], None, True),
        ([trail(OTHER_REGION, ACCOUNT, IsMultiRegionTrail=False)], None, False),
        ([trail(REGION, ACCOUNT, IsMultiRegionTrail=True)], None, False),
        ([], None, False),
        ([], "named", True),
    ],
)
def test_a_global_services_calls_are_read_elsewhere_only_from_the_group_of_a_trail_of_all_regions(
    trails: list[dict[str, Any]], group: str | None, reached: bool
) -> None:
    aws = Answers(region=OTHER_REGION, DescribeTrails={"trailList": trails})
    assert (out_of_reach(aws, ["iam"], group) == "") is reached
    assert out_of_reach(aws, [Call("s3", "PutBucketAcl").service], group) == ""
