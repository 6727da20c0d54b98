"""Looks whether a CloudWatch alarm was raised by the fault."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Tie, Trace


@probe("cloudwatch.alarm-raised")
class AlarmRaised(Probe):
    """The alarm went to ALARM after the fault, and because of it.

    An alarm names nobody. So it counts only if a metric filter feeds its metric, and one of the log
    events that the filter counts is the CloudTrail record of one of the fault's own calls, which the log
    group had before the alarm was raised.

    Attributes:
        name: The alarm's name.
    """

    name: str

    reads = (
        "cloudwatch:DescribeAlarms",
        "cloudwatch:DescribeAlarmHistory",
        "logs:DescribeMetricFilters",
        "logs:FilterLogEvents",
    )

    def ready(self, aws: Reader) -> Observation:
        """The alarm is there, does not ring already, and is fed by a metric filter."""
        alarm = self._alarm(aws)
        if alarm is None:
            return Observation(holds=False, summary=f"there is no metric alarm {self.name}")
        if alarm["StateValue"] == "ALARM":
            return Observation(holds=False, summary=f"alarm {self.name} rings already")
        fed = bool(self._filters(aws, alarm))
        words = "is fed by a metric filter" if fed else "is fed by no metric filter: its cause can't be told"
        return Observation(holds=fed, summary=f"alarm {self.name} {words}")

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read what the filter counted and when the alarm was raised."""
        alarm = self._alarm(aws)
        if alarm is None:
            return Observation(holds=None, summary=f"there is no metric alarm {self.name}")
        counted = [each for found in self._filters(aws, alarm) for each in self._counted(aws, found, trace)]
        raised = self._raised(aws, trace)
        for tie, ingested in counted:
            # What the log group did not have yet raised nothing, however early it was called.
            at = next((at for at in raised if at >= max(tie.attempt.at, ingested)), None)
            if at:
                return Observation(
                    holds=True,
                    summary=f"alarm {self.name} was raised by {tie.attempt.call.operation}",
                    evidence={"raised": at.isoformat(), "state": alarm["StateValue"], "tied_by": tie.by},
                    at=at,
                    cause=tie.attempt.at,
                    final=True,
                )
        return Observation(
            holds=False,
            summary=f"alarm {self.name} was not raised by this run (it is {alarm['StateValue']}; its filters"
            f" counted {len(counted)} calls of this run)",
        )

    def _alarm(self, aws: Reader) -> Mapping[str, Any] | None:
        where = {"AlarmNames": [self.name], "AlarmTypes": ["MetricAlarm"]}
        alarm: Mapping[str, Any] | None = aws.read(
            Query("cloudwatch", "DescribeAlarms", where, "MetricAlarms[0]")
        )
        return alarm

    def _filters(self, aws: Reader, alarm: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        where = {"metricName": alarm.get("MetricName"), "metricNamespace": alarm.get("Namespace")}
        if not all(where.values()):
            return []
        return aws.read(Query("logs", "DescribeMetricFilters", where, "metricFilters")) or []

    def _counted(self, aws: Reader, found: Mapping[str, Any], trace: Trace) -> Iterator[tuple[Tie, datetime]]:
        """The run's own calls among what a filter counted, and when the log group had each."""
        where = {
            "logGroupName": found["logGroupName"],
            "startTime": int(trace.since.timestamp() * 1000) - 1000,  # eventTime has whole seconds
            "filterPattern": found["filterPattern"],
        }
        events = aws.read(Query("logs", "FilterLogEvents", where, "events[].[message, ingestionTime]"))
        for message, ingested in events or []:
            try:
                record = json.loads(message)
            except ValueError:
                continue
            tie = trace.caused(record) if isinstance(record, dict) else None
            if tie and ingested:
                yield tie, datetime.fromtimestamp(ingested / 1000, UTC)

    def _raised(self, aws: Reader, trace: Trace) -> list[datetime]:
        """When the alarm went to ALARM since the run began, oldest first."""
        where = {
            "AlarmName": self.name,
            "HistoryItemType": "StateUpdate",
            "StartDate": trace.since.isoformat(),
            "ScanBy": "TimestampAscending",
        }
        items = aws.read(
            Query("cloudwatch", "DescribeAlarmHistory", where, "AlarmHistoryItems[].[Timestamp, HistoryData]")
        )
        return [
            datetime.fromisoformat(at)
            for at, data in items or []
            if json.loads(data).get("newState", {}).get("stateValue") == "ALARM"
        ]
