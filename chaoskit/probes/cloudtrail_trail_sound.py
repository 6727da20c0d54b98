"""Looks whether a trail writes what it should."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Trace

_MAY_BE_LEFT_OUT: Final = {"kms.amazonaws.com", "rdsdata.amazonaws.com"}
"""Sources of very many events; basic selectors can leave out no other (API Reference, EventSelector)."""


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
        selectors = aws.read(
            Query(
                "cloudtrail",
                "GetEventSelectors",
                {"TrailName": self.trail},
                "{basic: EventSelectors[?ReadWriteType != 'ReadOnly' && IncludeManagementEvents], "
                "advanced: AdvancedEventSelectors[].FieldSelectors}",
                absent=gone,
            )
        )
        writes = selectors and (
            selectors["basic"] or any(_takes_changes(fields) for fields in selectors["advanced"] or ())
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


def _takes_changes(selectors: list[Mapping[str, Any]]) -> bool:
    """Whether an advanced selector takes the management events that change something, whoever makes them.

    Without `readOnly` it takes reads and writes (CloudTrail User Guide, "Logging management events").
    """
    fields = {each["Field"]: {name: given for name, given in each.items() if given} for each in selectors}
    category, read_only, source = (
        fields.pop(name, {}) for name in ("eventCategory", "readOnly", "eventSource")
    )
    return (
        "Management" in category.get("Equals", [])
        and "false" in read_only.get("Equals", ["false"])
        and {*source} <= {"Field", "NotEquals"}
        and {*source.get("NotEquals", ())} <= _MAY_BE_LEFT_OUT
        and not fields
    )
