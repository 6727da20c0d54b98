"""What state an alarm is in, from its datapoints alone.

Source: CloudWatch User Guide, "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing data".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

EXTRA = 2
"""Periods that are looked at beyond the evaluation periods, where some of those lack data."""
_PHRASES: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (ge, "greater than or equal to"),
    "LessThanThreshold": (lt, "less than"),
    "LessThanOrEqualToThreshold": (le, "less than or equal to"),
}
COMPARISONS = frozenset(_PHRASES)
_GROWS = frozenset({"Sum", "SampleCount", "Maximum"})
_TREATED = {"breaching": "Breaching", "notBreaching": "NonBreaching"}


class State(StrEnum):
    """An alarm's state."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


@dataclass(frozen=True, slots=True)
class Rule:
    """When an alarm rings: `datapoints` of the last `periods` compare so with the threshold.

    Attributes:
        period: Seconds that one datapoint covers.
        treat_missing: `missing`, `ignore`, `breaching` or `notBreaching`.
    """

    statistic: str
    comparison: str
    threshold: float
    period: int
    periods: int
    datapoints: int
    treat_missing: str = "missing"

    def breached_by(self, value: float) -> bool:
        """Whether a value is out of bounds."""
        return _PHRASES[self.comparison][0](value, self.threshold)

    @property
    def can_ring_early(self) -> bool:
        """Whether a breach in a period that is still open is final: more data cannot undo it."""
        if self.comparison.startswith("Greater"):
            return self.statistic in _GROWS
        return self.statistic == "Minimum"


@dataclass(frozen=True, slots=True)
class Datapoint:
    """A period's statistic."""

    start: datetime
    value: float
    samples: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state that an alarm should be in, and why."""

    state: State
    reason: str
    reason_data: str


def judge(rule: Rule, points: Sequence[Datapoint | None], current: State, now: datetime) -> Verdict | None:
    """Judge an alarm.

    Args:
        rule: When it rings.
        points: One for each of the last `periods + EXTRA` periods, oldest first; None where data is missing.
        current: The state it is in.
        now: The time of the evaluation.

    Returns:
        The state it should be in; None when missing data leaves it as it is.
    """
    existing = [point for point in points if point is not None]
    if len(existing) >= rule.periods:
        existing = existing[-rule.periods :]
    state = _state(rule, points, existing)
    if state is None:
        return None
    reason = _reason(rule, state, existing, current)
    return Verdict(state, reason, _reason_data(rule, points, existing, now))


def _state(rule: Rule, points: Sequence[Datapoint | None], existing: list[Datapoint]) -> State | None:
    counted = len(existing)
    missing = rule.periods - counted
    breaching = sum(rule.breached_by(point.value) for point in existing)
    match rule.treat_missing:
        case "breaching":
            breaching += missing
            counted += missing
        case "notBreaching":
            counted += missing
    if breaching >= rule.datapoints:
        return State.ALARM
    if counted > breaching:
        return State.OK
    if rule.treat_missing == "ignore":
        return None
    return State.ALARM if breaching and _premature(rule, points) else State.INSUFFICIENT_DATA


def _premature(rule: Rule, points: Sequence[Datapoint | None]) -> bool:
    """Only breaches and gaps, the oldest breach as old as the datapoints to alarm: it rings already."""
    age = next(len(points) - place for place, point in enumerate(points) if point is not None)
    return age >= rule.datapoints


def _reason(rule: Rule, state: State, existing: list[Datapoint], current: State) -> str:
    missing = rule.periods - len(existing)
    if state is State.INSUFFICIENT_DATA:
        return f"Insufficient Data: {_count(missing)} {'was' if missing == 1 else 'were'} unknown."
    treated = _TREATED.get(rule.treat_missing, "") if missing else ""
    if not existing:
        return (
            f"Threshold Crossed: no datapoints were received for {missing} period{'s' if missing > 1 else ''}"
            f" and {_count(missing, 'missing ')} {'was' if missing == 1 else 'were'} treated as [{treated}]."
        )
    telling = [one for one in existing if rule.breached_by(one.value) is (state is State.ALARM)] or existing
    listed = ", ".join(f"{one.value!r} ({one.start:%d/%m/%y %H:%M:%S})" for one in reversed(telling))
    verb = "was" if len(telling) == 1 else "were"
    negation = "" if state is State.ALARM else "not "
    least = rule.datapoints if state is State.ALARM else rule.periods - rule.datapoints + 1
    return (
        f"Threshold Crossed: {len(telling)} out of the last {rule.periods} datapoints [{listed}]"
        f" {verb} {negation}{_PHRASES[rule.comparison][1]} the threshold ({rule.threshold!r})"
        f" (minimum {_count(least)} for {current} -> {state} transition)."
    )


def _count(number: int, kind: str = "") -> str:
    return f"{number} {kind}datapoint{'' if number == 1 else 's'}"


def _reason_data(
    rule: Rule, points: Sequence[Datapoint | None], existing: list[Datapoint], now: datetime
) -> str:
    data: dict[str, object] = {"version": "1.0", "queryDate": stamp(now)}
    if existing:
        data["startDate"] = stamp(existing[0].start)
    data |= {
        "statistic": rule.statistic,
        "period": rule.period,
        "recentDatapoints": [one.value for one in existing],
        "threshold": rule.threshold,
        "evaluatedDatapoints": [
            {"timestamp": stamp(one.start), "sampleCount": one.samples, "value": one.value}
            for one in reversed(points)
            if one is not None
        ],
    }
    return json.dumps(data, separators=(",", ":"))


def stamp(moment: datetime) -> str:
    """A time as CloudWatch writes it: `2024-05-01T10:00:00.000+0000`."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"
