"""The value of an expression for a record."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaoskit.sandbox.detect.insights import nodes
from chaoskit.sandbox.detect.insights.aggregates import (
    AGGREGATE_NAMES,
    AGGREGATES,
    BY_TIME,
    PERCENTILES,
    percentile,
)
from chaoskit.sandbox.detect.insights.errors import InvalidQuery
from chaoskit.sandbox.detect.insights.functions import FUNCTIONS
from chaoskit.sandbox.detect.insights.values import Instant, before, equal, number, text, truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chaoskit.sandbox.detect.insights.nodes import Node
    from chaoskit.sandbox.detect.insights.record import Record
    from chaoskit.sandbox.detect.insights.values import Value

_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": lambda left, right: math.copysign(1, left) * (abs(left) % abs(right)),
    "^": operator.pow,
}
_LOGIC = frozenset({"not", "and", "or", "negate"})


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Evaluates expressions; `now` is the time of the query in milliseconds, if it is known."""

    now: int | None = None

    def value(self, node: Node, record: Record) -> Value:
        """An expression's value for a record."""
        match node:
            case nodes.Literal():
                return node.value
            case nodes.Field():
                return record.get(node.name)
            case nodes.Call():
                return self._call(node, record)
            case nodes.Operation():
                return self._operation(node, record)
            case nodes.Membership():
                value = self.value(node.value, record)
                return any(
                    equal(value, self.value(one, record), as_text=_is_quoted(one)) for one in node.options
                )
            case nodes.Likeness():
                written = text(self.value(node.value, record))
                if written is None:
                    return False
                part = node.part
                return part in written if isinstance(part, str) else part.search(written) is not None
            case nodes.Period():
                raise InvalidQuery("a period can only be the argument of a function of times", node.at)

    def holds(self, node: Node, record: Record) -> bool:
        """Whether a condition is true for a record."""
        return truth(self.value(node, record))

    def aggregate(self, call: nodes.Call, records: list[Record]) -> Value:
        """An aggregate's value for the records of a group."""
        if not call.arguments:
            return len(records)
        values = [self.value(call.arguments[0], record) for record in records]
        if call.function in BY_TIME:
            return _by_time(call.function, values, records)
        if call.function in PERCENTILES:
            percent = number(self.value(call.arguments[1], records[0]))
            if percent is None:
                raise InvalidQuery(f"{call.function} takes a field and a percentage", call.at)
            return percentile(values, percent)
        try:
            return AGGREGATES[call.function](values)
        except OverflowError:
            return None

    def _call(self, node: nodes.Call, record: Record) -> Value:
        if node.text in record.made:
            return record.made[node.text]
        if node.function == "now":
            if self.now is None:
                raise InvalidQuery("now() needs to be told the time of the query", node.at)
            return self.now // 1000
        if node.function not in FUNCTIONS:
            raise InvalidQuery(f"there is no column {node.text}; name an aggregate in stats first", node.at)
        arguments = [
            one if isinstance(one, nodes.Period) else self.value(one, record) for one in node.arguments
        ]
        try:
            return FUNCTIONS[node.function][2](*arguments)
        except (OverflowError, ValueError):
            # The result would be beyond what numbers or times can be.
            return None

    def _operation(self, node: nodes.Operation, record: Record) -> Value:
        if node.operator in _LOGIC:
            return self._logic(node, record)
        left, right = node.operands
        one, other = self.value(left, record), self.value(right, record)
        match node.operator:
            case "=":
                return equal(one, other, as_text=_is_quoted(left) or _is_quoted(right))
            case "!=":
                return not equal(one, other, as_text=_is_quoted(left) or _is_quoted(right))
            case "<":
                return before(one, other) is True
            case ">":
                return before(other, one) is True
            case "<=":
                return before(other, one) is False
            case ">=":
                return before(one, other) is False
            case _:
                return _arithmetic(node.operator, one, other)

    def _logic(self, node: nodes.Operation, record: Record) -> Value:
        match node.operator:
            case "not":
                return not self.holds(node.operands[0], record)
            case "and":
                return all(self.holds(one, record) for one in node.operands)
            case "or":
                return any(self.holds(one, record) for one in node.operands)
            case _:
                found = number(self.value(node.operands[0], record))
                return None if found is None else -found


def aggregates(node: Node) -> Iterator[nodes.Call]:
    """The aggregates inside an expression."""
    match node:
        case nodes.Call() if node.function in AGGREGATE_NAMES:
            yield node
        case nodes.Call():
            for one in node.arguments:
                yield from aggregates(one)
        case nodes.Operation():
            for one in node.operands:
                yield from aggregates(one)
        case nodes.Membership():
            for one in (node.value, *node.options):
                yield from aggregates(one)
        case nodes.Likeness():
            yield from aggregates(node.value)
        case _:
            return


def _arithmetic(symbol: str, one: Value, other: Value) -> Value:
    left, right = number(one), number(other)
    if left is None or right is None:
        return None
    try:
        result = _ARITHMETIC[symbol](left, right)
    except (ZeroDivisionError, OverflowError):
        return None
    if symbol == "%" and isinstance(left, int) and isinstance(right, int):
        return int(result)
    return result if isinstance(result, int | float) else None


def _by_time(which: str, values: list[Value], records: list[Record]) -> Value:
    found: tuple[Instant, Value] | None = None
    for value, record in zip(values, records, strict=True):
        at = record.get("@timestamp")
        if value is None or not isinstance(at, Instant):
            continue
        if found is None or (at < found[0] if which == "earliest" else at > found[0]):
            found = (at, value)
    return found[1] if found else None


def _is_quoted(node: Node) -> bool:
    return isinstance(node, nodes.Literal) and node.quoted
