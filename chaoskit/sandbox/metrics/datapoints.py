"""An alarm's datapoints, from the metric data that moto's CloudWatch keeps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.metrics.alarm_request import is_statistic
from chaoskit.sandbox.metrics.evaluation import COMPARISONS, EXTRA, Datapoint, Rule, State, judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chaoskit.sandbox.metrics.evaluation import Verdict

_MINUTE = 60
_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Watched:
    """The metric that an alarm watches; its dimensions must be exactly these."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]
    unit: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class _Sample:
    at: datetime
    low: float
    high: float
    count: float
    total: float


def watched(alarm: Any) -> Watched | None:
    """What a moto alarm watches; None for metric math, anomaly bands and the like."""
    statistic = alarm.statistic or alarm.extended_statistic
    name, namespace, dimensions = alarm.metric_name, alarm.namespace, alarm.dimensions
    period, unit = alarm.period, alarm.unit
    if alarm.metric_data_queries:
        if len(alarm.metric_data_queries) != 1 or alarm.metric_data_queries[0].metric_stat is None:
            return None
        source = alarm.metric_data_queries[0].metric_stat
        name, namespace, dimensions = (
            source.metric.metric_name,
            source.metric.namespace,
            source.metric.dimensions,
        )
        period, unit, statistic = source.period, source.unit, source.stat
    comparison = str(alarm.comparison_operator)
    if alarm.rule is not None or comparison not in COMPARISONS or not is_statistic(str(statistic)):
        return None
    rule = Rule(
        statistic=str(statistic),
        comparison=comparison,
        threshold=float(alarm.threshold),
        period=int(period),
        periods=int(alarm.evaluation_periods),
        datapoints=int(alarm.datapoints_to_alarm or alarm.evaluation_periods),
        treat_missing=alarm.treat_missing_data or "missing",
    )
    return Watched(
        str(namespace), str(name), frozenset((one.name, one.value) for one in dimensions), unit or "", rule
    )


def evaluate(what: Watched, data: Iterable[Any], current: State, now: datetime) -> Verdict | None:
    """Judge an alarm by the metric data of its region.

    Periods end at whole minutes. The one that is still open counts only where it rings the alarm for good.
    """
    rule = what.rule
    step = timedelta(seconds=min(rule.period, _MINUTE))
    closed = datetime.fromtimestamp(now.timestamp() // step.total_seconds() * step.total_seconds(), UTC)
    oldest = closed - (rule.periods + EXTRA) * timedelta(seconds=rule.period)
    samples = [_sample(one) for one in data if _belongs(one, what, oldest)]
    if rule.can_ring_early:
        early = judge(rule, _points(rule, samples, closed + step), current, now)
        if early is not None and early.state is State.ALARM:
            return early
    return judge(rule, _points(rule, samples, closed), current, now)


def _belongs(datum: Any, what: Watched, oldest: datetime) -> bool:
    return (
        datum.name == what.name
        and datum.namespace == what.namespace
        and (not what.unit or (datum.unit or "None") == what.unit)
        and frozenset((one.name, one.value) for one in datum.dimensions) == what.dimensions
        and _aware(datum.timestamp) >= oldest
    )


def _aware(moment: datetime) -> datetime:
    """Moto's times are UTC without saying so."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _sample(datum: Any) -> _Sample:
    at = _aware(datum.timestamp)
    if hasattr(datum, "sample_count"):
        return _Sample(at, datum.min, datum.max, datum.sample_count, datum.sum)
    return _Sample(at, datum.value, datum.value, 1, datum.value)


def _points(rule: Rule, samples: Sequence[_Sample], end: datetime) -> list[Datapoint | None]:
    period = timedelta(seconds=rule.period)
    points: list[Datapoint | None] = []
    for back in range(rule.periods + EXTRA, 0, -1):
        start = end - back * period
        inside = [one for one in samples if start <= one.at < start + period]
        points.append(_point(rule.statistic, start, inside) if inside else None)
    return points


def _point(statistic: str, start: datetime, samples: list[_Sample]) -> Datapoint:
    count = math.fsum(one.count for one in samples)
    total = math.fsum(one.total for one in samples)
    match statistic:
        case "Sum":
            value = total
        case "SampleCount":
            value = count
        case "Minimum":
            value = min(one.low for one in samples)
        case "Maximum":
            value = max(one.high for one in samples)
        case "Average":
            value = total / count if count else 0.0
        case _:
            value = _percentile([one.total / one.count for one in samples if one.count], float(statistic[1:]))
    return Datapoint(start, float(value), count)


def _percentile(values: list[float], percent: float) -> float:
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / _PERCENT
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
