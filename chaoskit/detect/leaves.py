"""Finds the values of one event field, and remembers which array elements they came from.

EventBridge flattens an event into dotted names. Fields that stem from the same array of objects only
match together when they stem from the same element (event-ruler, "How does Ruler match arrays").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    Leaf = tuple[object, "Membership"]
    Membership = Mapping["ArrayId", int]
    ArrayId = tuple[tuple[str, ...], int]

NOWHERE: Membership = {}


@dataclass(frozen=True, slots=True)
class Step:
    """One way to begin a dotted name: `key` of an object, then the ways to go on; none means arrived.

    `consumed` are the keys that lead here, the key itself among them: with them an array is the same one
    whatever comes after it.
    """

    key: str
    consumed: tuple[str, ...]
    onward: tuple[Step, ...]


def steps(name: str, consumed: tuple[str, ...] = ()) -> tuple[Step, ...]:
    """Every way to read a dotted name: `a.b` is the key `a.b`, or `b` inside `a`."""
    ways = [Step(name, (*consumed, name), ())]
    at = name.find(".")
    while at >= 0:
        head = (*consumed, name[:at])
        ways.append(Step(name[:at], head, steps(name[at + 1 :], head)))
        at = name.find(".", at + 1)
    return tuple(ways)


def leaves(event: Mapping[str, object], ways: tuple[Step, ...]) -> list[Leaf]:
    """All scalar values at a name, each with the array elements it came from."""
    found: list[Leaf] = []
    _descend(event, ways, NOWHERE, found)
    return found


def _descend(
    node: Mapping[str, object], ways: tuple[Step, ...], inside: Membership, found: list[Leaf]
) -> None:
    for step in ways:
        if step.key not in node:
            continue
        value = node[step.key]
        if isinstance(value, list):
            _elements(value, step, inside, found)
        elif isinstance(value, dict):
            if step.onward:
                _descend(value, step.onward, inside, found)
        elif not step.onward:
            found.append((value, inside))


def _elements(array: list[object], step: Step, inside: Membership, found: list[Leaf], depth: int = 0) -> None:
    name = (step.consumed, depth)
    for index, item in enumerate(array):
        if isinstance(item, dict):
            if step.onward:
                _descend(item, step.onward, {**inside, name: index}, found)
        elif isinstance(item, list):
            _elements(item, step, {**inside, name: index}, found, depth + 1)
        elif not step.onward:
            found.append((item, inside))


def merge(one: Membership, other: Membership) -> Membership | None:
    """Both memberships together, or None when they name different elements of one array."""
    if not other or one is other:
        return one
    if not one:
        return other
    for array, index in other.items():
        if one.get(array, index) != index:
            return None
    return {**one, **other}


def is_number(value: object) -> bool:
    """Whether a JSON value is a number; true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)
