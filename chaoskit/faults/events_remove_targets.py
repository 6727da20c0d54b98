"""A detection rule loses its targets."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("events.remove-targets", layer="application", attack=("T1685",))
class RemoveTargets(Fault):
    """Take every target off an EventBridge rule: it stays enabled, matches, and tells nobody.

    Detected by: CloudTrail `RemoveTargets`.

    Attributes:
        rule: The rule's name, on the default bus.
    """

    rule: str

    def changes(self, aws: Reader) -> Changes:
        """Remove all targets; undone by putting back the very ones that were there."""
        targets = Query("events", "ListTargetsByRule", {"Rule": self.rule}, "sort_by(Targets, &Id)")
        prior = aws.read(targets)
        if not prior:
            return
        ids = [target["Id"] for target in prior]
        # Those only: a target that somebody else adds meanwhile is none of the undo's.
        theirs = f"sort_by(Targets[?contains(`{json.dumps(ids)}`, Id)], &Id)"
        yield Change(
            do=Call("events", "RemoveTargets", Rule=self.rule, Ids=ids),
            undo=(Call("events", "PutTargets", Rule=self.rule, Targets=prior),),
            state=replace(targets, select=theirs),
        )
