"""Matches events with EventBridge event patterns, and refuses the patterns that EventBridge refuses.

A pattern is compiled once into rules, each a conjunction of constraints on fields (`$or` makes several).
Constraints are taken in the order of field names, as AWS's engine takes them: an `exists: false`
looks only at array elements that agree with those matched before it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Generic, TypeVar

from chaoskit.detect.leaves import NOWHERE, is_number, leaves, merge, steps
from chaoskit.sandbox.detect.comparisons import (
    RESERVED,
    InvalidEventPattern,
    address_test,
    compile_expression,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.detect.leaves import Leaf, Membership, Step
    from chaoskit.sandbox.detect.comparisons import Test

T = TypeVar("T")
Alternatives = list[object]

MOST_RULES = 1000
"""The most rules that the `$or`s of one pattern may multiply to (EventBridge User Guide, "Or" matching)."""


@dataclass(frozen=True, slots=True)
class _Constraint:
    """What one field may be: any of `texts`, or what any of `tests` accepts, or (`absent`) missing."""

    name: str
    ways: tuple[Step, ...]
    texts: frozenset[str]
    tests: tuple[Test, ...]
    absent: bool

    def accepts(self, value: object) -> bool:
        if isinstance(value, str) and value in self.texts:
            return True
        return any(test(value) for test in self.tests)

    def advance(self, found: list[Leaf], states: list[Membership]) -> list[Membership]:
        """The array elements that are still consistent once this field, too, has matched."""
        matching = [inside for value, inside in found if self.accepts(value)]
        after: dict[frozenset[object], Membership] = {}
        for state in states:
            for inside in matching:
                merged = merge(state, inside)
                if merged is not None:
                    after[frozenset(merged.items())] = merged
            if self.absent and not any(merge(state, inside) is not None for _, inside in found):
                after[frozenset(state.items())] = state
        return list(after.values())

    def holds(self, found: list[Leaf]) -> bool:
        """Whether it holds for an event without arrays of objects in play."""
        if not found:
            return self.absent
        return any(self.accepts(value) for value, _ in found)


class EventPattern:
    """A compiled pattern.

    Raises:
        InvalidEventPattern: EventBridge would refuse the pattern (InvalidEventPatternException).
    """

    __slots__ = ("rules",)

    def __init__(self, pattern: Mapping[str, object] | str) -> None:
        flat = _rules(_parsed(pattern), "", [{}])
        compiled = {
            (name, id(values)): _constraint(name, values) for rule in flat for name, values in rule.items()
        }
        self.rules = tuple(tuple(compiled[name, id(rule[name])] for name in sorted(rule)) for rule in flat)

    def matches(self, event: Mapping[str, object], known: dict[str, list[Leaf]] | None = None) -> bool:
        """Whether the event matches.

        Args:
            event: The event, as `json.loads` gives it.
            known: Field values already found in this very event, shared between patterns.
        """
        known = {} if known is None else known
        return any(_rule_matches(rule, event, known) for rule in self.rules)

    def exact(self, name: str) -> frozenset[str] | None:
        """The only texts that a field may have, or None when something else may match too."""
        texts: frozenset[str] = frozenset()
        for rule in self.rules:
            constraint = next((one for one in rule if one.name == name), None)
            if constraint is None or constraint.tests or constraint.absent:
                return None
            texts |= constraint.texts
        return texts


def match_event_pattern(pattern: Mapping[str, object] | str, event: Mapping[str, object] | str) -> bool:
    """Whether EventBridge would match `event` with `pattern`; each an object or its JSON text.

    Raises:
        InvalidEventPattern: The pattern is one that EventBridge refuses.
        TypeError: The pattern holds what JSON cannot.
        ValueError: The event is not a JSON object.
    """
    # Finding a compiled pattern by its text is far cheaper than compiling it anew.
    compiled = _compiled(pattern if isinstance(pattern, str) else json.dumps(pattern))
    if isinstance(event, str):
        event = json.loads(event)
    if not isinstance(event, dict):
        raise ValueError("An event is a JSON object")  # noqa: TRY004 - same error as for text that is no JSON
    return compiled.matches(event)


def validate_event_pattern(pattern: Mapping[str, object] | str) -> None:
    """Refuse what EventBridge's PutRule and TestEventPattern refuse.

    Raises:
        InvalidEventPattern: With the reason and the field.
    """
    EventPattern(pattern)


@dataclass(slots=True)
class PatternIndex(Generic[T]):
    """Many patterns, found by an event's `source` and `detail.eventName` before they are evaluated."""

    _filed: dict[tuple[str | None, str | None], list[tuple[int, EventPattern, T]]] = field(
        default_factory=dict
    )
    _size: int = 0

    def add(self, pattern: EventPattern, label: T) -> None:
        """File a pattern under what it demands of `source` and `eventName`."""
        entry = (self._size, pattern, label)
        self._size += 1
        sources = pattern.exact("source")
        names = pattern.exact("detail.eventName")
        for source in [None] if sources is None else sorted(sources):
            for name in [None] if names is None else sorted(names):
                self._filed.setdefault((source, name), []).append(entry)

    def matching(self, event: Mapping[str, object]) -> list[T]:
        """The labels of the patterns that match, in the order they were added."""
        known: dict[str, list[Leaf]] = {}
        hits = [entry for entry in self._candidates(event) if entry[1].matches(event, known)]
        if len(hits) > 1:
            hits.sort(key=lambda entry: entry[0])
        return [label for _, _, label in hits]

    def _candidates(self, event: Mapping[str, object]) -> list[tuple[int, EventPattern, T]]:
        source, detail = event.get("source"), event.get("detail")
        name = detail.get("eventName") if isinstance(detail, dict) else None
        if not isinstance(source, str) or not isinstance(name, str | None) or "detail.eventName" in event:
            return list({entry[0]: entry for filed in self._filed.values() for entry in filed}.values())
        keys = {(source, name), (source, None), (None, name), (None, None)}
        return [entry for key in keys for entry in self._filed.get(key, ())]


def _parsed(pattern: Mapping[str, object] | str) -> Mapping[str, object]:
    if isinstance(pattern, str):
        try:
            pattern = json.loads(pattern)
        except ValueError as problem:
            raise InvalidEventPattern(f"Not a JSON text: {problem}") from None
    if not isinstance(pattern, dict):
        raise InvalidEventPattern("Filter is not an object")
    return pattern


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> EventPattern:
    return EventPattern(pattern)


def _rules(
    node: Mapping[str, object],
    prefix: str,
    rules: list[dict[str, Alternatives]],
    *,
    within_or: bool = False,
) -> list[dict[str, Alternatives]]:
    """Flatten a pattern into rules: dotted field name to alternatives. A later name replaces an equal one."""
    if not node:
        raise InvalidEventPattern("Empty objects are not allowed", prefix)
    for key, value in node.items():
        name = f"{prefix}.{key}" if prefix else key
        if key == "$or" and _is_or(value):
            branches = value if isinstance(value, list) else []
            rules = [
                rule
                for branch in branches
                for rule in _rules(branch, prefix, [dict(rule) for rule in rules], within_or=True)
            ]
            if len(rules) > MOST_RULES:
                raise InvalidEventPattern(f"$or makes more than {MOST_RULES} combinations", prefix)
        elif within_or and key in RESERVED:
            raise InvalidEventPattern(
                f"{key} is Ruler reserved fieldName which cannot be used inside $or.", prefix
            )
        elif isinstance(value, dict):
            rules = _rules(value, name, rules, within_or=within_or)
        elif isinstance(value, list):
            if not value:
                raise InvalidEventPattern("Empty arrays are not allowed", name)
            for rule in rules:
                rule[name] = value
        else:
            raise InvalidEventPattern(f'"{key}" must be an object or an array', name)
    return rules


def _is_or(value: object) -> bool:
    """`$or` is an operator only over two or more objects none of which has a reserved name; else a field."""
    return (
        isinstance(value, list)
        and len(value) > 1
        and all(isinstance(branch, dict) and branch and RESERVED.isdisjoint(branch) for branch in value)
    )


def _constraint(name: str, values: Alternatives) -> _Constraint:
    texts: set[str] = set()
    tests: list[Test] = []
    absent = False
    for value in values:
        match value:
            case str():
                address = address_test(value)
                if address is None:
                    texts.add(value)
                else:
                    tests.append(address)
            case {"exists": present, **others}:
                if others or not isinstance(present, bool):
                    raise InvalidEventPattern("exists match pattern must be either true or false.", name)
                absent = absent or not present
                if present:
                    tests.append(_anything)
            case dict():
                tests.append(compile_expression(value, name))
            case list():
                raise InvalidEventPattern("Match value must be String, number, true, false, or null", name)
            case _:
                tests.append(_literal(value))
    return _Constraint(name, steps(name), frozenset(texts), tuple(tests), absent)


def _anything(_: object) -> bool:
    return True


def _literal(wanted: object) -> Test:
    if is_number(wanted):
        return lambda value: is_number(value) and value == wanted
    return lambda value: value is wanted


def _rule_matches(
    rule: tuple[_Constraint, ...], event: Mapping[str, object], known: dict[str, list[Leaf]]
) -> bool:
    in_arrays = False
    for constraint in rule:
        found = known.get(constraint.name)
        if found is None:
            found = known[constraint.name] = leaves(event, constraint.ways)
        in_arrays = in_arrays or any(inside for _, inside in found)
        if not in_arrays and not constraint.holds(found):
            return False
    if not in_arrays:
        return True
    states = [NOWHERE]
    for constraint in rule:
        states = constraint.advance(known[constraint.name], states)
        if not states:
            return False
    return True
