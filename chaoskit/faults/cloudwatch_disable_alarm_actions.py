"""An alarm rings and tells nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("cloudwatch.disable-alarm-actions", layer="application", attack=("T1685",))
class DisableAlarmActions(Fault):
    """Disable an alarm's actions: it still changes its state, which nobody looks at.

    Detected by: CloudTrail `DisableAlarmActions`.

    Attributes:
        alarm: The name of a metric alarm.
    """

    alarm: str

    def changes(self, aws: Reader) -> Changes:
        """Disable; undone by enabling. An alarm that is mute already is not ours to unmute."""
        enabled = Query(
            "cloudwatch",
            "DescribeAlarms",
            {"AlarmNamePrefix": self.alarm},
            f"MetricAlarms[?AlarmName == '{self.alarm}'].ActionsEnabled | [0]",
        )
        if not aws.read(enabled):
            return
        yield Change(
            do=Call("cloudwatch", "DisableAlarmActions", AlarmNames=[self.alarm]),
            undo=(Call("cloudwatch", "EnableAlarmActions", AlarmNames=[self.alarm]),),
            state=enabled,
        )
