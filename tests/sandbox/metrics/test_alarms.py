from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.aws import MEMBER, policy, refusal

if TYPE_CHECKING:
    from tests.sandbox.metrics.monitored import Monitored

DENIED = {"eventName": "GetObject", "errorCode": "AccessDenied"}


def put(aws: Monitored, metric: tuple[str, str], value: float, **more: Any) -> None:
    datum = {"MetricName": metric[1], "Value": value, **more}
    aws.client("cloudwatch").put_metric_data(Namespace=metric[0], MetricData=[datum])


def metric(aws: Monitored) -> tuple[str, str]:
    return "Own", aws.fresh("Metric")


def test_a_log_line_that_a_filter_matches_rings_the_alarm_and_tells_the_topic(aws: Monitored) -> None:
    group = aws.log_group()
    topic, queue = aws.topic_with_queue()
    watched = aws.filter(group, '{ $.errorCode = "AccessDenied*" }')
    alarm = aws.alarm(watched, AlarmActions=[topic], AlarmDescription="denials")
    aws.log(group, {"eventName": "GetObject"})
    assert aws.state(alarm) != "ALARM"
    aws.log(group, DENIED)
    described = aws.described(alarm)
    assert described["StateValue"] == "ALARM"
    assert described["StateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoints [1.0 (")
    assert described["StateUpdatedTimestamp"] >= described["AlarmConfigurationUpdatedTimestamp"]
    (envelope,) = aws.bodies(queue)
    told = json.loads(envelope["Message"])
    assert envelope["Subject"] == f'ALARM: "{alarm}" in US East (N. Virginia)'
    assert (told["AlarmName"], told["NewStateValue"], told["AWSAccountId"]) == (alarm, "ALARM", MEMBER)
    assert told["OldStateValue"] in {"OK", "INSUFFICIENT_DATA"}
    assert told["Trigger"]["MetricName"] == watched[1]
    assert told["AlarmDescription"] == "denials"


def test_a_new_alarm_knows_nothing_and_an_update_keeps_its_state(aws: Monitored) -> None:
    what = metric(aws)
    alarm = aws.alarm(what, TreatMissingData="missing")
    assert aws.described(alarm)["StateReason"] == "Unchecked: Initial alarm creation"
    assert aws.state(alarm) == "INSUFFICIENT_DATA"
    put(aws, what, 5)
    assert aws.state(alarm) == "ALARM"
    before = aws.described(alarm)
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName=alarm,
        Namespace=what[0],
        MetricName=what[1],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=2.0,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    after = aws.described(alarm)
    assert (after["StateValue"], after["Threshold"]) == ("ALARM", 2.0)
    assert after["StateUpdatedTimestamp"] == before["StateUpdatedTimestamp"]


def test_an_alarm_recovers_as_time_goes_on_and_tells_so(aws: Monitored) -> None:
    topic, queue = aws.topic_with_queue()
    what = metric(aws)
    alarm = aws.alarm(what, OKActions=[topic])
    put(aws, what, 1)
    assert aws.state(alarm) == "ALARM"
    aws.advance(600)
    assert aws.state(alarm) == "OK"
    told = [json.loads(envelope["Message"]) for envelope in aws.bodies(queue)]
    assert {one["NewStateValue"] for one in told} == {"OK"}
    assert sorted(one["OldStateValue"] for one in told) == ["ALARM", "INSUFFICIENT_DATA"]


def test_an_average_is_judged_when_its_period_is_over(aws: Monitored) -> None:
    what = metric(aws)
    alarm = aws.alarm(what, Statistic="Average", TreatMissingData="missing")
    put(aws, what, 9)
    aws.advance(60)
    assert aws.state(alarm) == "ALARM"
    put(aws, what, 0)
    aws.advance(60)
    assert aws.state(alarm) == "OK"


def test_only_the_alarms_own_dimensions_count(aws: Monitored) -> None:
    what = metric(aws)
    dimension = [{"Name": "Endpoint", "Value": "a"}]
    alarm, plain = aws.alarm(what, Dimensions=dimension), aws.alarm(what)
    put(aws, what, 1, Dimensions=[{"Name": "Endpoint", "Value": "b"}])
    put(aws, what, 1, Dimensions=[*dimension, {"Name": "Variant", "Value": "x"}])
    assert (aws.state(alarm), aws.state(plain)) == ("OK", "OK")
    put(aws, what, 1, Dimensions=dimension)
    assert (aws.state(alarm), aws.state(plain)) == ("ALARM", "OK")


def test_datapoints_to_alarm_within_the_evaluation_periods(aws: Monitored) -> None:
    what = metric(aws)
    alarm = aws.alarm(what, EvaluationPeriods=3, DatapointsToAlarm=2)
    put(aws, what, 1)
    assert aws.state(alarm) == "OK"
    aws.advance(60)
    put(aws, what, 1)
    assert aws.state(alarm) == "ALARM"


def test_values_counts_and_statistic_sets_are_all_data(aws: Monitored) -> None:
    cloudwatch, what = aws.client("cloudwatch"), metric(aws)
    alarm = aws.alarm(what, Threshold=10.0)
    datum = {"MetricName": what[1], "Values": [1.0, 2.0], "Counts": [1.0, 2.0]}
    cloudwatch.put_metric_data(Namespace=what[0], MetricData=[datum])
    assert aws.state(alarm) == "OK"
    sets = {"SampleCount": 2.0, "Sum": 5.0, "Minimum": 1.0, "Maximum": 4.0}
    cloudwatch.put_metric_data(
        Namespace=what[0], MetricData=[{"MetricName": what[1], "StatisticValues": sets}]
    )
    assert aws.state(alarm) == "ALARM"


def test_disabled_actions_are_not_carried_out(aws: Monitored) -> None:
    topic, queue = aws.topic_with_queue()
    what = metric(aws)
    alarm = aws.alarm(what, AlarmActions=[topic], ActionsEnabled=False)
    put(aws, what, 1)
    assert aws.state(alarm) == "ALARM"
    assert aws.bodies(queue) == []


def test_a_topic_that_does_not_let_cloudwatch_in_gets_nothing_and_history_says_so(aws: Monitored) -> None:
    topic, queue = aws.topic_with_queue()
    only = {"Effect": "Allow", "Principal": {"AWS": MEMBER}, "Action": "sns:Publish", "Resource": topic}
    aws.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=policy(only)
    )
    what = metric(aws)
    alarm = aws.alarm(what, AlarmActions=[topic])
    put(aws, what, 1)
    assert aws.bodies(queue) == []
    history = aws.client("cloudwatch").describe_alarm_history(AlarmName=alarm, HistoryItemType="Action")
    (item,) = history["AlarmHistoryItems"]
    assert item["HistorySummary"].startswith(f"Failed to execute action {topic}")


def test_a_change_of_state_is_an_event_on_the_default_bus(aws: Monitored) -> None:
    events, name = aws.client("events"), aws.fresh("rule")
    what = metric(aws)
    alarm = aws.alarm(what)
    pattern = {"source": ["aws.cloudwatch"], "detail": {"alarmName": [alarm], "state": {"value": ["ALARM"]}}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    queue = aws.queue(name)
    events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": f"arn:aws:sqs:us-east-1:{MEMBER}:{name}"}])
    put(aws, what, 1)
    (event,) = aws.bodies(queue)
    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert event["resources"] == [f"arn:aws:cloudwatch:us-east-1:{MEMBER}:alarm:{alarm}"]
    assert event["detail"]["previousState"]["value"] == "OK"
    (configured,) = event["detail"]["configuration"]["metrics"]
    assert configured["metricStat"]["metric"]["name"] == what[1]
    assert json.loads(event["detail"]["state"]["reasonData"])["threshold"] == 1.0


def test_set_alarm_state_tells_topics_and_lasts_until_the_next_evaluation(aws: Monitored) -> None:
    topic, queue = aws.topic_with_queue()
    alarm = aws.alarm(metric(aws), AlarmActions=[topic])
    aws.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="drill")
    assert aws.described(alarm)["StateReason"] == "drill"
    assert json.loads(aws.bodies(queue)[0]["Message"])["NewStateReason"] == "drill"
    aws.advance(60)
    assert aws.state(alarm) == "OK"


def test_history_tells_creation_change_and_action_newest_first(aws: Monitored) -> None:
    topic, queue = aws.topic_with_queue()
    what = metric(aws)
    alarm = aws.alarm(what, AlarmActions=[topic], TreatMissingData="missing")
    put(aws, what, 1)
    assert aws.bodies(queue)
    items = aws.client("cloudwatch").describe_alarm_history(AlarmName=alarm)["AlarmHistoryItems"]
    assert [one["HistoryItemType"] for one in items] == ["Action", "StateUpdate", "ConfigurationUpdate"]
    assert items[1]["HistorySummary"] == "Alarm updated from INSUFFICIENT_DATA to ALARM"


def test_an_alarm_on_a_single_metric_query_rings_too(aws: Monitored) -> None:
    what, name = metric(aws), aws.fresh("alarm")
    stat = {
        "Metric": {"Namespace": what[0], "MetricName": what[1]},
        "Period": 60,
        "Stat": "Maximum",
    }
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Metrics=[{"Id": "m1", "MetricStat": stat}],
        EvaluationPeriods=1,
        Threshold=3.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    put(aws, what, 4)
    assert aws.state(name) == "ALARM"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"Period": 45}, "Period must be"),
        ({"EvaluationPeriods": 2, "DatapointsToAlarm": 3}, "DatapointsToAlarm must be from 1"),
        ({"TreatMissingData": "skip"}, "Option skip is not supported"),
        ({"ComparisonOperator": "Near"}, "ComparisonOperator must be one of"),
        ({"ExtendedStatistic": "p99"}, "Exactly one of Statistic and ExtendedStatistic"),
        ({"Period": 300, "EvaluationPeriods": 500}, "across more than 1 days"),
    ],
)
def test_an_alarm_that_cloudwatch_would_refuse_is_refused(
    aws: Monitored, wrong: dict[str, Any], said: str
) -> None:
    code, message, status = refusal(lambda **more: aws.alarm(("N", "M"), **more), **wrong)
    assert (code, status) == ("ValidationError", 400)
    assert said in message


def test_metric_data_of_aws_namespaces_cannot_be_put(aws: Monitored) -> None:
    code, _, _ = refusal(
        aws.client("cloudwatch").put_metric_data,
        Namespace="AWS/SageMaker",
        MetricData=[{"MetricName": "Invocations", "Value": 1.0}],
    )
    assert code.startswith("InvalidParameterValue")
