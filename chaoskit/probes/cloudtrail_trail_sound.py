"""Looks whether a trail writes what it should."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("cloudtrail.trail-sound")
class TrailSound(Probe):
    """The trail exists, logs, validates its log files, and takes events that change something.

    Attributes:
        trail: The trail's name.
    """

    trail: str

    reads = ("cloudtrail:GetTrail", "cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors")

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read its settings, status and selectors."""
        del trace
        gone = ("TrailNotFoundException",)
        named = {"Name": self.trail}
        validates = aws.read(
            Query("cloudtrail", "GetTrail", named, "Trail.LogFileValidationEnabled", absent=gone)
        )
        if validates is None:
            return Observation(holds=False, summary=f"there is no trail {self.trail}")
        logs = aws.read(Query("cloudtrail", "GetTrailStatus", named, "IsLogging", absent=gone))
        writes = aws.read(
            Query(
                "cloudtrail",
                "GetEventSelectors",
                {"TrailName": self.trail},
                "length([EventSelectors[?ReadWriteType != 'ReadOnly' && IncludeManagementEvents], "
                "AdvancedEventSelectors][][])",
                absent=gone,
            )
        )
        wrong = [
            what
            for what, holds in (
                ("does not log", logs),
                ("does not validate its log files", validates),
                ("does not take what changes something", writes),
            )
            if not holds
        ]
        return Observation(
            holds=not wrong, summary=f"trail {self.trail} {' and '.join(wrong) or 'is as it should be'}"
        )
