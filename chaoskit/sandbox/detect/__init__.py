"""Evaluates detection content as the services that run it do: the documented entry points.

* `match_event_pattern(pattern, event)`: whether EventBridge would match an event (objects or JSON text).
* `validate_event_pattern(pattern)`: raises `InvalidEventPattern` where EventBridge's PutRule would refuse.
* `EventPattern`, `PatternIndex`: the same, compiled once and filed by `source` and `detail.eventName`.
* `match_metric_filter(pattern, event)`: whether a CloudWatch Logs filter pattern matches a log event, its
  text or the JSON object it holds; raises `InvalidFilterPattern` with the place of the error.
* `run_insights(query, records)`: the rows of a CloudWatch Logs Insights query over log records; raises
  `InvalidQuery` with the place of the error.

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
from chaoskit.sandbox.detect.insights import InvalidQuery, run_insights
from chaoskit.sandbox.detect.metric_filters import InvalidFilterPattern, match_metric_filter

__all__ = [
    "EventPattern",
    "InvalidEventPattern",
    "InvalidFilterPattern",
    "InvalidQuery",
    "PatternIndex",
    "match_event_pattern",
    "match_metric_filter",
    "run_insights",
    "validate_event_pattern",
]
