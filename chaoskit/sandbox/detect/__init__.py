"""Evaluates detection content as the services that run it do: the documented entry points.

* `match_event_pattern(pattern, event)`: whether EventBridge would match an event (objects or JSON text).
* `validate_event_pattern(pattern)`: raises `InvalidEventPattern` where EventBridge's PutRule would refuse.
* `EventPattern`, `PatternIndex`: the same, compiled once and filed by `source` and `detail.eventName`.

Pure functions of their arguments: no account, no clock, no state.
"""

from __future__ import annotations

from chaoskit.sandbox.detect.comparisons import InvalidEventPattern
from chaoskit.sandbox.detect.event_pattern import (
    EventPattern,
    PatternIndex,
    match_event_pattern,
    validate_event_pattern,
)

__all__ = [
    "EventPattern",
    "InvalidEventPattern",
    "PatternIndex",
    "match_event_pattern",
    "validate_event_pattern",
]
