from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.aws import refusal

if TYPE_CHECKING:
    from tests.sandbox.metrics.monitored import Monitored

LINE = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'


def test_each_match_publishes_the_metric_value(aws: Monitored) -> None:
    group = aws.log_group()
    metric = aws.filter(group, "ERROR", metricValue="2.5", unit="Count")
    aws.log(group, "ERROR one", "fine", "ERROR two")
    assert aws.data(metric) == [(2.5, {}, "Count"), (2.5, {}, "Count")]


def test_a_value_from_the_event_is_published_if_it_is_a_number(aws: Monitored) -> None:
    group = aws.log_group()
    metric = aws.filter(group, "{ $.latency = * }", metricValue="$.latency")
    aws.log(group, {"latency": 50}, {"latency": "12.5"}, {"latency": "slow"}, {"other": 1})
    assert [value for value, _, _ in aws.data(metric)] == [50.0, 12.5]


def test_dimensions_are_taken_from_the_event_and_all_must_be_there(aws: Monitored) -> None:
    group = aws.log_group()
    metric = aws.filter(
        group, '{ $.op = "*" }', dimensions={"Op": "$.op", "Who": "$.user.name"}, metricValue="1"
    )
    aws.log(group, {"op": "Get", "user": {"name": "ann"}}, {"op": "Get"})
    assert aws.data(metric) == [(1.0, {"Op": "Get", "Who": "ann"}, "None")]


def test_fields_of_space_delimited_events_can_be_values_and_dimensions(aws: Monitored) -> None:
    group = aws.log_group()
    metric = aws.filter(
        group,
        "[ip, server, username, timestamp, request, status_code = 4*, bytes]",
        metricValue="$bytes",
        dimensions={"Server": "$server"},
    )
    aws.log(group, LINE, LINE.replace("404", "200"))
    assert aws.data(metric) == [(1534.0, {"Server": "Prod"}, "None")]


def test_the_default_value_is_published_for_a_minute_without_a_match(aws: Monitored) -> None:
    group = aws.log_group()
    metric = aws.filter(group, "ERROR", defaultValue=0.0)
    aws.log(group, "fine", "fine", ago=120)
    aws.log(group, "ERROR", "fine")
    assert [value for value, _, _ in aws.data(metric)] == [0.0, 1.0]


def test_a_filter_sees_only_its_own_log_group_and_only_what_comes_after_it(aws: Monitored) -> None:
    group, other = aws.log_group(), aws.log_group()
    aws.log(group, "ERROR before")
    metric = aws.filter(group, "ERROR")
    aws.log(other, "ERROR elsewhere")
    assert aws.data(metric) == []


def test_a_filter_of_the_same_name_is_replaced(aws: Monitored) -> None:
    group, logs = aws.log_group(), aws.client("logs")
    for pattern in ("ERROR", "WARN"):
        logs.put_metric_filter(
            logGroupName=group,
            filterName="f",
            filterPattern=pattern,
            metricTransformations=[{"metricName": "Same", "metricNamespace": "N", "metricValue": "1"}],
        )
    (found,) = logs.describe_metric_filters(logGroupName=group)["metricFilters"]
    assert (found["filterPattern"], found["logGroupName"]) == ("WARN", group)
    aws.log(group, "ERROR", "WARN")
    assert len(aws.data(("N", "Same"))) == 1


def test_filters_are_listed_by_prefix_and_metric_a_page_at_a_time(aws: Monitored) -> None:
    group, logs = aws.log_group(), aws.client("logs")
    metrics = [aws.filter(group, "x") for _ in range(3)]
    first = logs.describe_metric_filters(logGroupName=group, limit=2)
    rest = logs.describe_metric_filters(logGroupName=group, nextToken=first["nextToken"])
    assert len(first["metricFilters"]) == 2
    assert len(rest["metricFilters"]) == 1
    (one,) = logs.describe_metric_filters(metricName=metrics[1][1], metricNamespace="Test")["metricFilters"]
    assert one["filterName"] == metrics[1][1]
    by_prefix = logs.describe_metric_filters(logGroupName=group, filterNamePrefix=metrics[0][1])
    assert [one["filterName"] for one in by_prefix["metricFilters"]] == [metrics[0][1]]


def test_a_deleted_filter_is_gone_and_cannot_be_deleted_again(aws: Monitored) -> None:
    group, logs = aws.log_group(), aws.client("logs")
    metric = aws.filter(group, "ERROR")
    logs.delete_metric_filter(logGroupName=group, filterName=metric[1])
    aws.log(group, "ERROR")
    assert aws.data(metric) == []
    code, _, _ = refusal(logs.delete_metric_filter, logGroupName=group, filterName=metric[1])
    assert code == "ResourceNotFoundException"


def test_test_metric_filter_shows_matches_and_what_they_hold(aws: Monitored) -> None:
    logs = aws.client("logs")
    matches = logs.test_metric_filter(
        filterPattern="[..., status_code = 4*, bytes]", logEventMessages=["no", LINE]
    )["matches"]
    assert [(one["eventNumber"], one["eventMessage"]) for one in matches] == [(2, LINE)]
    assert matches[0]["extractedValues"]["$bytes"] == "1534"
    told = logs.test_metric_filter(filterPattern='{ $.a.b = "*" }', logEventMessages=['{"a": {"b": 7}}'])
    assert told["matches"][0]["extractedValues"] == {"$.a.b": "7"}


@pytest.mark.parametrize(
    ("pattern", "transformation", "said"),
    [
        ("{ $.a EXISTS }", {}, "EXISTS is not supported"),
        ("ERROR", {"dimensions": {"A": "$.a"}}, "The specified filter pattern does not support dimensions"),
        (
            "{ $.a = * }",
            {"dimensions": {"A": "$.a"}, "defaultValue": 0.0},
            "dimensions and default value are mutually exclusive properties",
        ),
        ("{ $.a = * }", {"dimensions": dict.fromkeys("ABCD", "$.a")}, "at most 3 dimensions"),
        ("{ $.a = * }", {"dimensions": {"A": "b"}}, "is no field"),
        ("{ $.a = * }", {"metricValue": "many"}, "metricValue 'many' is no number and no field"),
        ("ERROR", {"metricValue": "$.a"}, "the filter pattern has no fields"),
        ("ERROR", {"metricName": "a:b"}, "metricName has 1 to 255 characters"),
    ],
)
def test_a_filter_that_cloudwatch_logs_would_refuse_is_refused(
    aws: Monitored, pattern: str, transformation: dict[str, Any], said: str
) -> None:
    group = aws.log_group()
    code, message, status = refusal(lambda: aws.filter(group, pattern, **transformation))
    assert (code, status) == ("InvalidParameterException", 400)
    assert said in message
    assert aws.client("logs").describe_metric_filters(logGroupName=group)["metricFilters"] == []


def test_a_filter_needs_a_log_group_and_a_group_takes_five_with_regular_expressions(aws: Monitored) -> None:
    assert refusal(lambda: aws.filter("nowhere", "x"))[0] == "ResourceNotFoundException"
    group = aws.log_group()
    for _ in range(5):
        aws.filter(group, "%x+%")
    assert refusal(lambda: aws.filter(group, "%y%"))[0] == "LimitExceededException"
    aws.filter(group, "y")


def test_filter_log_events_searches_with_the_whole_pattern_language(aws: Monitored) -> None:
    group, logs = aws.log_group(), aws.client("logs")
    logs.create_log_stream(logGroupName=group, logStreamName="other")
    aws.log(group, {"status": 500}, "text", ago=10)
    aws.log(group, {"status": 404}, {"status": 503}, stream="other")

    def found(pattern: str = "", **more: Any) -> list[str]:
        events = logs.filter_log_events(logGroupName=group, filterPattern=pattern, **more)["events"]
        return [f"{one['logStreamName']}:{one['message']}" for one in events]

    assert found("{ $.status >= 500 }") == ['s:{"status": 500}', 'other:{"status": 503}']
    assert found("{ $.status = 5* }", logStreamNames=["other"]) == ['other:{"status": 503}']
    assert found("-status") == ["s:text"]
    assert found(endTime=aws.now_ms() - 5000) == ['s:{"status": 500}', "s:text"]
    page = logs.filter_log_events(logGroupName=group, limit=3)
    rest = logs.filter_log_events(logGroupName=group, nextToken=page["nextToken"])
    assert (len(page["events"]), len(rest["events"]), "nextToken" in rest) == (3, 1, False)
    code, message, _ = refusal(logs.filter_log_events, logGroupName=group, filterPattern="{ $.status")
    assert code == "InvalidParameterException"
    assert "must end with '}'" in message
