"""Looks whether an alarm may tell somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("cloudwatch.alarm-actions-enabled")
class AlarmActionsEnabled(Probe):
    """The alarm has actions, and they are enabled.

    Attributes:
        alarm: The alarm's name.
    """

    alarm: str

    reads = ("cloudwatch:DescribeAlarms",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the alarm."""
        del trace
        found = aws.read(
            Query(
                "cloudwatch",
                "DescribeAlarms",
                {"AlarmNames": [self.alarm]},
                "MetricAlarms[?ActionsEnabled].AlarmActions[]",
            )
        )
        holds = bool(found)
        return Observation(
            holds=holds,
            summary=f"alarm {self.alarm} tells {len(found)}" if holds else f"alarm {self.alarm} tells nobody",
            evidence={"found": found},
        )
