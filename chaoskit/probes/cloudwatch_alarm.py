"""Looks whether a CloudWatch alarm is ringing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("cloudwatch.alarm")
class Alarm(Probe):
    """The alarm is in state ALARM.

    Attributes:
        name: The alarm's name.
    """

    name: str

    reads = ("cloudwatch:DescribeAlarms",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the alarm's state; an alarm that does not exist can't be told."""
        del trace
        # Unless composite alarms are asked for, none is answered (CloudWatch API Reference, DescribeAlarms).
        where = {"AlarmNames": [self.name], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
        state = aws.read(
            Query(
                "cloudwatch",
                "DescribeAlarms",
                where,
                "[MetricAlarms, CompositeAlarms][][].StateValue | [0]",
            )
        )
        if state is None:
            return Observation(holds=None, summary=f"there is no alarm {self.name}")
        return Observation(
            holds=state == "ALARM", summary=f"alarm {self.name} is {state}", evidence={"state": state}
        )
