"""Looks whether an EventBridge rule is enabled and tells somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("events.rule-enabled")
class RuleEnabled(Probe):
    """The rule of the default bus is enabled and has at least one target.

    Attributes:
        rule: The rule's name.
    """

    rule: str

    reads = ("events:DescribeRule", "events:ListTargetsByRule")

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read its state and targets."""
        del trace
        found = aws.read(
            Query(
                "events",
                "ListTargetsByRule",
                {"Rule": self.rule},
                "Targets[].Id",
                absent=("ResourceNotFoundException",),
            )
        )
        state = aws.read(
            Query(
                "events", "DescribeRule", {"Name": self.rule}, "State", absent=("ResourceNotFoundException",)
            )
        )
        # ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS is one too (EventBridge API Reference, DescribeRule).
        holds = str(state).startswith("ENABLED") and bool(found)
        return Observation(
            holds=holds,
            summary=f"rule {self.rule} is enabled"
            if holds
            else f"rule {self.rule} is {state} with {len(found or [])} targets",
            evidence={"found": found},
        )
