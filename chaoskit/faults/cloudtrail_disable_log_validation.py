"""A trail writes no digests any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._trails import CHANGING

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "cloudtrail.disable-log-validation",
    layer="data",
    attack=(
        "T1685.002",
        "T1070",
    ),
)
class DisableLogValidation(Fault):
    """Switch a trail's log file validation off, so that log files can be changed or deleted unnoticed.

    Detected by: CloudTrail `UpdateTrail` with `enableLogFileValidation` false.

    Attributes:
        trail: The trail's name.
    """

    trail: str

    def changes(self, aws: Reader) -> Changes:
        """Switch it off; undone by switching it on. One that is off already is not ours to switch on."""
        validates = Query("cloudtrail", "GetTrail", {"Name": self.trail}, "Trail.LogFileValidationEnabled")
        if not aws.read(validates):
            return
        yield Change(
            do=Call("cloudtrail", "UpdateTrail", Name=self.trail, EnableLogFileValidation=False),
            undo=(
                Call("cloudtrail", "UpdateTrail", **CHANGING, Name=self.trail, EnableLogFileValidation=True),
            ),
            state=validates,
        )
