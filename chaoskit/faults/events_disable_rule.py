"""A detection rule is disabled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("events.disable-rule", layer="application", attack=("T1685",))
class DisableRule(Fault):
    """Disable an EventBridge rule, so that nobody is told and no runbook starts.

    Detected by: CloudTrail `DisableRule`.

    Attributes:
        rule: The rule's name, on the default bus.
    """

    rule: str

    def changes(self, aws: Reader) -> Changes:
        """Disable; undone by enabling. A rule that is disabled already is not ours to enable."""
        state = Query("events", "DescribeRule", {"Name": self.rule}, "State")
        if aws.read(state) != "ENABLED":
            return
        yield Change(
            do=Call("events", "DisableRule", Name=self.rule),
            undo=(Call("events", "EnableRule", Name=self.rule),),
            state=state,
        )
