"""Evaluates detection content as the services that run it do: the documented entry points.

* `match_event_pattern(pattern, event)`: whether EventBridge would match an event (objects or JSON text).
* `validate_event_pattern(pattern)`: raises `InvalidEventPattern` where EventBridge's PutRule would refuse.
* `EventPattern`, `PatternIndex`: the same, compiled once and filed by `source` and `detail.eventName`.
* `match_metric_filter(pattern, event)`: whether a CloudWatch Logs filter pattern matches a log event, its
  text or the JSON object it holds; raises `InvalidFilterPattern` with the place of the error.
* `run_insights(query, records)`: the rows of a CloudWatch Logs Insights query over log records; raises
  `InvalidQuery` with the place of the error.
* `match_sigma(rule, event)`: whether a Sigma rule matches an event; raises `InvalidSigmaRule` with all that
  is wrong in the rule. `load_sigma_rules(*sources)` compiles many, and `SigmaEngine` runs them, correlations
  too, over a stream. These need pySigma (`chaoskit[sigma]`) and bring it in when they are first used.

Pure functions of their arguments: no account, no clock; only a `SigmaEngine` remembers what it was fed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

from chaoskit.sandbox.detect.comparisons import InvalidEventPattern
from chaoskit.sandbox.detect.event_pattern import (
    EventPattern,
    PatternIndex,
    match_event_pattern,
    validate_event_pattern,
)
from chaoskit.sandbox.detect.insights import InvalidQuery, run_insights
from chaoskit.sandbox.detect.metric_filters import InvalidFilterPattern, match_metric_filter

if TYPE_CHECKING:
    from chaoskit.detect.sigma import (
        InvalidSigmaRule,
        SigmaEngine,
        SigmaMatch,
        SigmaProblem,
        SigmaRules,
        load_sigma_rules,
        match_sigma,
    )

__all__ = [
    "EventPattern",
    "InvalidEventPattern",
    "InvalidFilterPattern",
    "InvalidQuery",
    "InvalidSigmaRule",
    "PatternIndex",
    "SigmaEngine",
    "SigmaMatch",
    "SigmaProblem",
    "SigmaRules",
    "load_sigma_rules",
    "match_event_pattern",
    "match_metric_filter",
    "match_sigma",
    "run_insights",
    "validate_event_pattern",
]

_SIGMA: Final = frozenset(
    {
        "InvalidSigmaRule",
        "SigmaEngine",
        "SigmaMatch",
        "SigmaProblem",
        "SigmaRules",
        "load_sigma_rules",
        "match_sigma",
    }
)


def __getattr__(name: str) -> object:
    if name not in _SIGMA:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module("chaoskit.detect.sigma"), name)
    except ModuleNotFoundError as problem:
        if (problem.name or "").partition(".")[0] != "sigma":
            raise
        raise ModuleNotFoundError(
            "Sigma rules need pySigma: pip install 'chaoskit[sigma]'", name="sigma"
        ) from problem
