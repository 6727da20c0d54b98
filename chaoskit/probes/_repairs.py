"""What a responder can have repaired: what the faults had changed by when it began."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.probes._findings import CLOCKS_AGREE

if TYPE_CHECKING:
    from datetime import datetime

    from chaoskit.contract import Trace


def touched_by(trace: Trace, began: datetime) -> frozenset[str]:
    """The names of what the calls that went through until then acted on: what began before is no answer."""
    until = began + CLOCKS_AGREE
    calls = (one for one in trace.attempts if one.outcome == "applied" and one.at <= until)
    return frozenset[str]().union(*(one.touched() for one in calls))
