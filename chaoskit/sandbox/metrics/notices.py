"""What CloudWatch sends when an alarm changes state: SNS messages, Lambda payloads, EventBridge events.

Source: CloudWatch User Guide, "Notifying users on alarm changes", "Invoke a Lambda function from an alarm"
and "Alarm events and EventBridge".
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.loaders import Loader

from chaoskit.sandbox.metrics.evaluation import stamp

if TYPE_CHECKING:
    from datetime import datetime

    from chaoskit.sandbox.wire import Cloud

CLOUDWATCH = "cloudwatch.amazonaws.com"
_LAMBDA = "lambda.alarms.cloudwatch.amazonaws.com"
_ARN_PARTS = 6


@dataclass(frozen=True, slots=True)
class AlarmState:
    """A state that an alarm was in, and since when."""

    value: str
    reason: str
    reason_data: str
    since: datetime

    def described(self) -> dict[str, str]:
        """As events and payloads tell it."""
        told = {"value": self.value, "reason": self.reason, "timestamp": stamp(self.since)}
        return {**told, "reasonData": self.reason_data} if self.reason_data not in {"", "{}"} else told


@dataclass(frozen=True, slots=True)
class Change:
    """An alarm's change of state, with all that its notices tell."""

    account: str
    region: str
    alarm: Any
    before: AlarmState
    after: AlarmState

    @property
    def actions(self) -> list[str]:
        """The ARNs to notify of it."""
        alarm = self.alarm
        by_state = {"ALARM": alarm.alarm_actions, "OK": alarm.ok_actions}
        return list(by_state.get(self.after.value, alarm.insufficient_data_actions) or [])

    def event(self) -> dict[str, Any]:
        """The EventBridge event `CloudWatch Alarm State Change`."""
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "CloudWatch Alarm State Change",
            "source": "aws.cloudwatch",
            "account": self.account,
            "time": f"{self.after.since:%Y-%m-%dT%H:%M:%SZ}",
            "region": self.region,
            "resources": [self.alarm.alarm_arn],
            "detail": self._data(),
        }

    def payload(self) -> dict[str, Any]:
        """What a Lambda action is invoked with."""
        return {
            "source": "aws.cloudwatch",
            "alarmArn": self.alarm.alarm_arn,
            "accountId": self.account,
            "time": stamp(self.after.since),
            "region": self.region,
            "alarmData": self._data(),
        }

    def message(self) -> dict[str, Any]:
        """The message to an SNS topic."""
        alarm = self.alarm
        return {
            "AlarmName": alarm.name,
            "AlarmDescription": alarm.description,
            "AWSAccountId": self.account,
            "AlarmConfigurationUpdatedTimestamp": stamp(alarm.configuration_updated_timestamp),
            "NewStateValue": self.after.value,
            "NewStateReason": self.after.reason,
            "StateChangeTime": stamp(self.after.since),
            "Region": region_name(self.region),
            "AlarmArn": alarm.alarm_arn,
            "OldStateValue": self.before.value,
            "OKActions": alarm.ok_actions or [],
            "AlarmActions": alarm.alarm_actions or [],
            "InsufficientDataActions": alarm.insufficient_data_actions or [],
            "Trigger": _trigger(alarm),
        }

    @property
    def subject(self) -> str:
        """The subject of that message, at most SNS's 100 characters."""
        return f'{self.after.value}: "{self.alarm.name}" in {region_name(self.region)}'[:100]

    def _data(self) -> dict[str, Any]:
        configuration: dict[str, Any] = {"metrics": [_metric(one) for one in _sources(self.alarm)]}
        if self.alarm.description:
            configuration["description"] = self.alarm.description
        return {
            "alarmName": self.alarm.name,
            "state": self.after.described(),
            "previousState": self.before.described(),
            "configuration": configuration,
        }


def notify(cloud: Cloud, change: Change, action: str) -> None:
    """Carry out one action of an alarm.

    Raises:
        botocore.exceptions.ClientError: The target's service refused.
        ValueError: This kind of action is not one that the sandbox carries out.
    """
    parts = action.split(":", _ARN_PARTS - 1)
    kind, region = (parts[2], parts[3]) if len(parts) == _ARN_PARTS else ("", "")
    arn = change.alarm.alarm_arn
    match kind:
        case "sns":
            acting = cloud.service_principal(CLOUDWATCH, account=change.account, source_arn=arn)
            cloud.client("sns", acting, region=region).publish(
                TopicArn=action, Subject=change.subject, Message=json.dumps(change.message())
            )
        case "lambda":
            acting = cloud.service_principal(_LAMBDA, account=change.account, source_arn=arn)
            cloud.client("lambda", acting, region=region).invoke(
                FunctionName=action, InvocationType="Event", Payload=json.dumps(change.payload()).encode()
            )
        case _:
            raise ValueError(f"the sandbox does not carry out the alarm action {action}")


@cache
def region_name(region: str) -> str:
    """A region as people call it: `US East (N. Virginia)`."""
    for partition in Loader().load_data("endpoints")["partitions"]:
        if region in partition["regions"]:
            return str(partition["regions"][region]["description"])
    return region


def _sources(alarm: Any) -> list[dict[str, Any]]:
    if alarm.metric_data_queries:
        return [
            {"id": one.id, "expression": one.expression, "stat": one.metric_stat, "returns": one.return_data}
            for one in alarm.metric_data_queries
        ]
    return [{"id": str(uuid.uuid5(uuid.NAMESPACE_OID, alarm.alarm_arn)), "expression": None, "stat": alarm}]


def _metric(source: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"id": source["id"], "returnData": source.get("returns") is not False}
    stat = source["stat"]
    if source["expression"] or stat is None:
        return {**told, "expression": source["expression"]}
    metric = getattr(stat, "metric", stat)
    told["metricStat"] = {
        "metric": {
            "dimensions": {one.name: one.value for one in metric.dimensions},
            "name": metric.metric_name,
            "namespace": metric.namespace,
        },
        "period": int(stat.period),
        "stat": getattr(stat, "stat", None) or stat.statistic or stat.extended_statistic,
    }
    return told


def _trigger(alarm: Any) -> dict[str, Any]:
    trigger: dict[str, Any] = {
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        "StatisticType": "Statistic" if alarm.statistic else "ExtendedStatistic",
        "Unit": alarm.unit,
        "Dimensions": [{"value": one.value, "name": one.name} for one in alarm.dimensions],
        "Period": alarm.period,
        "EvaluationPeriods": alarm.evaluation_periods,
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.treat_missing_data or "missing",
        "EvaluateLowSampleCountPercentile": alarm.evaluate_low_sample_count_percentile or "",
    }
    if alarm.datapoints_to_alarm:
        trigger["DatapointsToAlarm"] = alarm.datapoints_to_alarm
    if alarm.statistic:
        trigger["Statistic"] = str(alarm.statistic).upper()
    elif alarm.extended_statistic:
        trigger["ExtendedStatistic"] = alarm.extended_statistic
    return trigger
