"""A trail is told to stop logging."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._trails import CHANGING

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("cloudtrail.stop-logging", layer="data", attack=("T1685.002",))
class StopLogging(Fault):
    """Stop a trail, so that what an intruder does next is written nowhere.

    What stops a trail is the last event that it takes, so EventBridge still hears of it.

    Detected by: CloudTrail `StopLogging`; GuardDuty `Stealth:IAMUser/CloudTrailLoggingDisabled`.

    Attributes:
        trail: The trail's name.
    """

    trail: str

    def changes(self, aws: Reader) -> Changes:
        """Stop; undone by starting. A trail that does not log is not ours to start."""
        logging = Query("cloudtrail", "GetTrailStatus", {"Name": self.trail}, "IsLogging")
        if not aws.read(logging):
            return
        yield Change(
            do=Call("cloudtrail", "StopLogging", Name=self.trail),
            undo=(Call("cloudtrail", "StartLogging", **CHANGING, Name=self.trail),),
            state=logging,
        )
