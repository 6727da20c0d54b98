"""The aggregates of `stats`; a missing value counts for none of them.

Source: CloudWatch Logs User Guide, "Functions supported in the stats command".
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.detect.insights.values import number, sort_key, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaoskit.sandbox.detect.insights.values import Value


def _numbers(values: list[Value]) -> list[int | float]:
    return [found for found in map(number, values) if found is not None]


def _sum(values: list[Value]) -> Value:
    numbers = _numbers(values)
    if not numbers:
        return None
    return sum(numbers) if all(isinstance(one, int) for one in numbers) else math.fsum(numbers)


def _avg(values: list[Value]) -> Value:
    numbers = _numbers(values)
    return math.fsum(numbers) / len(numbers) if numbers else None


def _stddev(values: list[Value]) -> Value:
    numbers = _numbers(values)
    if len(numbers) < 2:  # noqa: PLR2004 - of one value there is no sample deviation
        return None
    mean = math.fsum(numbers) / len(numbers)
    return math.sqrt(math.fsum((one - mean) ** 2 for one in numbers) / (len(numbers) - 1))


def _lowest(values: list[Value]) -> Value:
    present = _present(values)
    return min(present, key=sort_key, default=None)


def _highest(values: list[Value]) -> Value:
    present = _present(values)
    return max(present, key=sort_key, default=None)


def _min(values: list[Value]) -> Value:
    return _extreme(values, min)


def _max(values: list[Value]) -> Value:
    return _extreme(values, max)


def _extreme(values: list[Value], choose: Callable[..., Any]) -> Value:
    """The extreme of the numbers; of texts only where there are no numbers."""
    present = _present(values)
    numeric = [value for value in present if number(value) is not None]
    if numeric:
        found: Value = choose(numeric, key=number)
        return number(found) if isinstance(found, str) else found
    return choose(present, key=text, default=None)  # type: ignore[no-any-return]  # a Value out of Values


def _present(values: list[Value]) -> list[Value]:
    return [value for value in values if value is not None]


def percentile(values: list[Value], percent: float) -> Value:
    """The value below which this percentage of the values lie, between neighbours in proportion."""
    numbers = sorted(_numbers(values))
    if not numbers:
        return None
    place = (len(numbers) - 1) * min(max(percent, 0.0), 100.0) / 100
    low = math.floor(place)
    high = min(low + 1, len(numbers) - 1)
    return numbers[low] + (numbers[high] - numbers[low]) * (place - low)


AGGREGATES: dict[str, Callable[[list[Value]], Value]] = {
    "count": lambda values: len(_present(values)),
    "count_distinct": lambda values: len({text(value) for value in _present(values)}),
    "sum": _sum,
    "avg": _avg,
    "min": _min,
    "max": _max,
    "stddev": _stddev,
    "sortsfirst": _lowest,
    "sortslast": _highest,
}
"""Aggregates of a field's values, by name in lower case."""
PERCENTILES = frozenset({"pct", "percentile"})
BY_TIME = frozenset({"earliest", "latest"})
"""Aggregates that look at the records' timestamps."""
AGGREGATE_NAMES = frozenset(AGGREGATES) | BY_TIME | PERCENTILES
