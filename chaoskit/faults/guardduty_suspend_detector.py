"""GuardDuty's detector is suspended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("guardduty.suspend-detector", layer="application", attack=("T1685",))
class SuspendDetector(Fault):
    """Suspend GuardDuty's detector: it keeps its findings and makes no more.

    Detected by: CloudTrail `UpdateDetector` with `enable` false.

    Attributes:
        detector: The detector's id.
    """

    detector: str

    def changes(self, aws: Reader) -> Changes:
        """Suspend; undone by enabling. A detector that is suspended already is not ours to enable."""
        status = Query("guardduty", "GetDetector", {"DetectorId": self.detector}, "Status")
        if aws.read(status) != "ENABLED":
            return
        yield Change(
            do=Call("guardduty", "UpdateDetector", DetectorId=self.detector, Enable=False),
            undo=(Call("guardduty", "UpdateDetector", DetectorId=self.detector, Enable=True),),
            state=status,
        )
