from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chaoskit.sandbox
from tests.sandbox.aws import MEMBER, refusal

if TYPE_CHECKING:
    from tests.sandbox.aws import Aws

NUMBERS = itertools.count(1)


def group(aws: Aws, *messages: Any) -> str:
    logs, name = aws.client("logs"), f"/trail/{next(NUMBERS)}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    texts = [one if isinstance(one, str) else json.dumps(one) for one in messages]
    events = [{"timestamp": now(aws) * 1000 + place, "message": text} for place, text in enumerate(texts)]
    if events:
        logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=events)
    return name


def now(aws: Aws) -> int:
    return int(aws.served.cloud.now().timestamp())


def start(aws: Aws, query: str, **more: Any) -> str:
    span = {"startTime": now(aws) - 60, "endTime": now(aws) + 60}
    return str(aws.client("logs").start_query(queryString=query, **span | more)["queryId"])


def rows(aws: Aws, query: str, **more: Any) -> list[dict[str, str]]:
    answer = aws.client("logs").get_query_results(queryId=start(aws, query, **more))
    assert answer["status"] == "Complete"
    return [{cell["field"]: cell["value"] for cell in row} for row in answer["results"]]


def test_a_query_answers_with_text_for_every_field_that_a_row_has(aws: Aws) -> None:
    name = group(aws, {"op": "Get", "ms": 2.5}, {"op": "Put"}, {"op": "Get", "ms": 3.5})
    found = rows(aws, "stats count(*) as n, sum(ms) as total by op | sort n desc", logGroupName=name)
    assert found == [{"op": "Get", "n": "2", "total": "6"}, {"op": "Put", "n": "1"}]


def test_events_are_shown_with_a_pointer_and_know_their_stream_and_group(aws: Aws) -> None:
    name = group(aws, "one", "two")
    (newest,) = rows(aws, "fields @message, @logStream, @log | limit 1", logGroupName=name)
    assert newest["@ptr"]
    assert (newest["@message"], newest["@logStream"], newest["@log"]) == ("two", "s", f"{MEMBER}:{name}")


def test_a_query_covers_several_groups_and_only_its_span_of_time(aws: Aws) -> None:
    one, other = group(aws, "a"), group(aws, "b", "c")
    arn = f"arn:aws:logs:us-east-1:{MEMBER}:log-group:{other}"
    count = "stats count(*) as n"
    assert rows(aws, count, logGroupNames=[one, other]) == [{"n": "3"}]
    assert rows(aws, count, logGroupIdentifiers=[one, arn]) == [{"n": "3"}]
    assert rows(aws, count, logGroupName=other, startTime=now(aws) - 900, endTime=now(aws) - 300) == []


def test_the_requests_limit_holds_unless_the_query_has_its_own(aws: Aws) -> None:
    name = group(aws, *"abcd")
    assert len(rows(aws, "fields @message", logGroupName=name, limit=2)) == 2
    assert len(rows(aws, "fields @message | limit 3", logGroupName=name, limit=2)) == 3


def test_statistics_count_what_was_scanned_and_what_matched(aws: Aws) -> None:
    name = group(aws, "error", "fine", "error")
    query = start(aws, "filter @message like /err/ | stats count(*)", logGroupName=name)
    statistics = aws.client("logs").get_query_results(queryId=query)["statistics"]
    assert (statistics["recordsScanned"], statistics["recordsMatched"]) == (3.0, 2.0)
    assert statistics["bytesScanned"] == 14.0


def test_queries_are_listed_newest_first_and_a_finished_one_cannot_be_stopped(aws: Aws) -> None:
    name, logs = group(aws, "x"), aws.client("logs")
    first, second = (start(aws, query, logGroupName=name) for query in ("limit 1", "limit 2"))
    listed = logs.describe_queries(logGroupName=name)["queries"]
    assert [one["queryId"] for one in listed] == [second, first]
    assert [one["queryString"] for one in listed] == ["limit 2", "limit 1"]
    assert logs.describe_queries(logGroupName=name, status="Running")["queries"] == []
    assert refusal(logs.stop_query, queryId=first)[0] == "InvalidParameterException"


def test_what_logs_insights_refuses_is_refused(aws: Aws) -> None:
    name, logs = group(aws), aws.client("logs")
    span = {"startTime": 0, "endTime": 1}
    code, message, _ = refusal(logs.start_query, logGroupName=name, queryString="fields a | count()", **span)
    assert code == "MalformedQueryException"
    assert message.startswith("mismatched input 'count' expecting {fields")
    assert message.endswith("(character 12 of the query)")
    assert refusal(logs.start_query, logGroupName="none", queryString="limit 1", **span)[0] == (
        "ResourceNotFoundException"
    )
    assert refusal(logs.start_query, queryString="limit 1", **span)[0] == "InvalidParameterException"
    assert refusal(logs.get_query_results, queryId="x")[0] == "ResourceNotFoundException"


def test_the_model_access_query_flags_an_endpoint_with_too_many_callers(aws: Aws) -> None:
    record = {"eventSource": "sagemaker.amazonaws.com", "eventName": "InvokeEndpoint"}
    name = group(
        aws,
        *(
            {
                **record,
                "userIdentity": {"arn": f"arn:aws:iam::{MEMBER}:user/u{number}"},
                "requestParameters": {"endpointName": "scoring"},
            }
            for number in range(11)
        ),
    )
    query = (Path(chaoskit.sandbox.__file__).parent / "detections" / "model-access.insights").read_text()
    (flagged,) = rows(aws, query, logGroupName=name)
    assert (flagged["endpoint"], flagged["invocations"], flagged["callers"]) == ("scoring", "11", "11")
