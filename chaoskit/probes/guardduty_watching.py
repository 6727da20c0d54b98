"""Looks whether GuardDuty watches, and hides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("guardduty.watching")
class Watching(Probe):
    """The detector is enabled, and has no suppression rule.

    Attributes:
        detector: The detector's id.
    """

    detector: str

    reads = ("guardduty:GetDetector", "guardduty:ListFilters")

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the detector's status and filters."""
        del trace
        found = aws.read(Query("guardduty", "ListFilters", {"DetectorId": self.detector}, "FilterNames"))
        status = aws.read(Query("guardduty", "GetDetector", {"DetectorId": self.detector}, "Status"))
        holds = status == "ENABLED" and not found
        return Observation(
            holds=holds,
            summary=f"detector {self.detector} is enabled and suppresses nothing"
            if holds
            else f"detector {self.detector} is {status} and has {len(found or [])} filters",
            evidence={"found": found},
        )
