"""A trail is told to take less."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._trails import CHANGING

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("cloudtrail.narrow-event-selectors", layer="data", attack=("T1685.002",))
class NarrowEventSelectors(Fault):
    """Have a trail take read events only, so that it logs on, and misses every change.

    Detected by: CloudTrail `PutEventSelectors`.

    Attributes:
        trail: The trail's name.
    """

    trail: str

    def changes(self, aws: Reader) -> Changes:
        """Put the narrow selectors; undone by the very ones that were there, basic or advanced."""
        selectors = Query(
            "cloudtrail",
            "GetEventSelectors",
            {"TrailName": self.trail},
            "{EventSelectors: EventSelectors, AdvancedEventSelectors: AdvancedEventSelectors}",
        )
        prior = {kind: given for kind, given in aws.read(selectors).items() if given}
        narrow = {"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True, "DataResources": []}
        yield Change(
            do=Call("cloudtrail", "PutEventSelectors", TrailName=self.trail, EventSelectors=[narrow]),
            undo=(Call("cloudtrail", "PutEventSelectors", **CHANGING, TrailName=self.trail, **prior),),
            state=selectors,
        )
