"""A correlation rule compiled: which occurrences belong together, and when enough have come.

Source: Sigma Correlation Rules Specification 2.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from operator import eq, ge, gt, le, lt, ne
from statistics import fmean, median
from typing import TYPE_CHECKING, Protocol

from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionNOT,
    CorrelationConditionOR,
    SigmaCorrelationType,
    SigmaExtendedCorrelationCondition,
    SigmaRuleReference,
)

from chaoskit.detect.sigma.errors import Unsupported
from chaoskit.detect.sigma.record import Field
from chaoskit.detect.sigma.values import number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from sigma.correlations import CorrelationConditionItem, SigmaCorrelationRule

    from chaoskit.detect.sigma.record import Record

    GroupKey = tuple[str, ...]
    Judge = Callable[[Sequence["Occurrence"]], bool]

_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "LT": lt,
    "LTE": le,
    "GT": gt,
    "GTE": ge,
    "EQ": eq,
    "NEQ": ne,
}


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One match of a rule that a correlation refers to.

    Attributes:
        rule: The rule's identity, `id()` of what pySigma parsed.
        number: Of the event that completed it, counted as they were fed.
        at: The event's time, in seconds since the epoch.
        record: The event; for a match of a correlation, with the values that it was grouped by.
        events: What it rests on, in the order of their times.
    """

    rule: int
    number: int
    at: float
    record: Record
    events: tuple[Mapping[str, object], ...]


class Reader(Protocol):
    """Reads a field of an occurrence by the name that a correlation uses."""

    def __call__(self, one: Occurrence) -> tuple[object, ...]:
        """The values."""
        ...


@dataclass(frozen=True, slots=True)
class Correlation:
    """A compiled correlation rule.

    Attributes:
        rule: As pySigma parsed it.
        refers_to: The identities of the rules that it correlates.
        span: The length of its window, in seconds.
        reports: Whether its matches count by themselves, rather than only for another correlation.
        met: Whether the occurrences of one group within one window are enough.
        counts: Where only their number matters, whether it is enough; an event then counts once, whatever
            rules it matched.
        group_by: The names of the fields that make a group.
        readers: For each of them, how to read it.
    """

    rule: SigmaCorrelationRule
    refers_to: frozenset[int]
    span: float
    reports: bool
    met: Judge
    counts: Callable[[int], bool] | None
    group_by: tuple[str, ...]
    readers: tuple[Reader, ...]

    def groups(self, one: Occurrence) -> Iterator[GroupKey]:
        """The groups of an occurrence: one for each combination of values; none when it lacks a field."""
        return product(*(dict.fromkeys(map(str, read(one))) for read in self.readers))


def compile_correlation(rule: SigmaCorrelationRule, known: Collection[int], *, reports: bool) -> Correlation:
    """Compile a correlation whose references are resolved.

    Raises:
        Unsupported: It refers to a rule that is not among the `known` ones, so to itself in the end.
    """
    referred = [id(reference.rule) for reference in rule.referenced_rules]
    if not set(referred) <= set(known):
        raise Unsupported("the correlation refers to itself, if by way of the rules that it names")
    group_by = tuple(rule.group_by or ())
    return Correlation(
        rule=rule,
        refers_to=frozenset(referred),
        span=rule.timespan.seconds,
        reports=reports,
        met=_judge(rule, referred),
        counts=_counts(rule),
        group_by=group_by,
        readers=tuple(_reader(name, rule) for name in group_by),
    )


def _reader(name: str, rule: SigmaCorrelationRule) -> Reader:
    alias = rule.aliases.aliases.get(name)
    fields = {id(one.rule): Field.named(field) for one, field in alias.mapping.items()} if alias else {}
    plain = Field.named(name)

    def read(one: Occurrence) -> tuple[object, ...]:
        return one.record.values(fields.get(one.rule, plain))

    return read


def _judge(rule: SigmaCorrelationRule, referred: list[int]) -> Judge:
    condition = rule.condition
    ordered = rule.type is SigmaCorrelationType.TEMPORAL_ORDERED
    if isinstance(condition, SigmaExtendedCorrelationCondition):
        wanted = _expression(condition.parsed, {one.reference: id(one.rule) for one in rule.referenced_rules})

        def agreed(window: Sequence[Occurrence]) -> bool:
            seen = {one.rule for one in window}
            return wanted(seen) and (not ordered or _in_order(window, referred) == len(seen))

        return agreed
    compare, bound = _ORDER[condition.op.name], condition.count
    match rule.type:
        case SigmaCorrelationType.EVENT_COUNT:
            return lambda window: compare(len(window), bound)
        case SigmaCorrelationType.TEMPORAL:
            return lambda window: compare(len({one.rule for one in window}), bound)
        case SigmaCorrelationType.TEMPORAL_ORDERED:
            return lambda window: compare(_in_order(window, referred), bound)
        case SigmaCorrelationType.VALUE_COUNT:
            return _distinct(rule, compare, bound)
        case _:
            return _measured(rule, compare, bound)


def _counts(rule: SigmaCorrelationRule) -> Callable[[int], bool] | None:
    condition = rule.condition
    if rule.type is not SigmaCorrelationType.EVENT_COUNT or isinstance(
        condition, SigmaExtendedCorrelationCondition
    ):
        return None
    compare, bound = _ORDER[condition.op.name], condition.count
    return lambda number: compare(number, bound)


def _expression(
    node: CorrelationConditionItem | SigmaRuleReference, rules: Mapping[str, int]
) -> Callable[[Collection[int]], bool]:
    if isinstance(node, SigmaRuleReference):
        rule = rules[node.reference]
        return lambda seen: rule in seen
    parts = [_expression(one, rules) for one in node.args]
    match node:
        case CorrelationConditionAND():
            return lambda seen: all(part(seen) for part in parts)
        case CorrelationConditionOR():
            return lambda seen: any(part(seen) for part in parts)
        case CorrelationConditionNOT():
            return lambda seen: not parts[0](seen)
        case _:
            raise Unsupported(f"the condition has a part that cannot be evaluated: {node}")


def _in_order(window: Sequence[Occurrence], referred: list[int]) -> int:
    """How many of the rules occurred in the order in which the correlation names them."""
    longest = [0] * len(referred)
    for one in window:
        place = referred.index(one.rule)
        longest[place] = max(longest[place], 1 + max(longest[:place], default=0))
    return max(longest, default=0)


def _fields(rule: SigmaCorrelationRule) -> list[Reader]:
    named = getattr(rule.condition, "fieldref", None) or []
    return [_reader(name, rule) for name in ([named] if isinstance(named, str) else named)]


def _distinct(rule: SigmaCorrelationRule, compare: Callable[[float, float], bool], bound: float) -> Judge:
    readers = _fields(rule)

    def enough(window: Sequence[Occurrence]) -> bool:
        values = {value for one in window for value in product(*(map(str, read(one)) for read in readers))}
        return compare(len(values), bound)

    return enough


def _measured(rule: SigmaCorrelationRule, compare: Callable[[float, float], bool], bound: float) -> Judge:
    """A sum, mean, median or percentile of the numbers in a field; without numbers there is no match."""
    readers = _fields(rule)
    if len(readers) != 1:
        raise Unsupported("its condition needs one field to measure")
    measure = _measure(rule)

    def enough(window: Sequence[Occurrence]) -> bool:
        found = [number_of(value) for one in window for value in readers[0](one)]
        numbers = sorted(number for number in found if number is not None)
        return bool(numbers) and compare(measure(numbers), bound)

    return enough


def _measure(rule: SigmaCorrelationRule) -> Callable[[Sequence[float]], float]:
    match rule.type:
        case SigmaCorrelationType.VALUE_SUM:
            return sum
        case SigmaCorrelationType.VALUE_AVG:
            return fmean
        case SigmaCorrelationType.VALUE_MEDIAN:
            return median
        case SigmaCorrelationType.VALUE_PERCENTILE:
            percentile = getattr(rule.condition, "percentile", None)
            if percentile is None or not 0 <= percentile <= 100:  # noqa: PLR2004 - per cent
                raise Unsupported("value_percentile needs a percentile from 0 to 100 in its condition")
            return lambda numbers: _percentile(numbers, percentile)
        case _:
            raise Unsupported(f"a correlation of the type {rule.type.name.lower()} cannot be evaluated here")


def _percentile(numbers: Sequence[float], percent: int) -> float:
    """Between the two nearest ranks, as SQL's PERCENTILE_CONT has it."""
    rank = (len(numbers) - 1) * percent / 100
    low = int(rank)
    high = min(low + 1, len(numbers) - 1)
    return numbers[low] + (numbers[high] - numbers[low]) * (rank - low)
