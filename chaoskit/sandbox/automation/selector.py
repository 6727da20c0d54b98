"""The JSONPath of `Selector` and `PropertySelector`.

Covered: children (`.a`, `['a']`), indexes (also negative), slices, wildcards, descendants (`..a`) and
filters of one comparison or of existence (`[?(@.Key == 'Name')]`). A path that names at most one place
answers with its value; any other answers with the list of all it found.
Source: Systems Manager User Guide, "Using action outputs as inputs", which names JSONPath without a dialect.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOKEN = re.compile(
    r"""\.\.(?P<deep>\*|[\w-]+)
      | \.(?P<child>\*|[\w-]+)
      | \[\s*(?P<quote>['"])(?P<quoted>.*?)(?P=quote)\s*\]
      | \[\s*(?P<index>-?\d+)\s*\]
      | \[\s*(?P<every>\*)\s*\]
      | \[\s*(?P<start>-?\d+)?\s*:\s*(?P<stop>-?\d+)?\s*\]
      | \[\s*\?\s*\(\s*@(?P<left>(?:\.[\w-]+)+)\s*
          (?:(?P<operator>==|!=|<=|>=|<|>)\s*(?P<right>[^()]+?)\s*)?\)\s*\]
    """,
    re.VERBOSE,
)

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


class InvalidSelectorError(ValueError):
    """The text is no JSONPath that can be evaluated here."""


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()
"""What a path to one place answers when nothing is there."""


@dataclass(frozen=True, slots=True)
class Selector:
    """A compiled path. `definite` is true when it names at most one place."""

    text: str
    steps: tuple[Callable[[Any], Iterator[Any]], ...]
    definite: bool

    def find(self, document: object) -> Any:
        """The value at the path, the list of values, or `MISSING`."""
        found = [document]
        for step in self.steps:
            found = [value for item in found for value in step(item)]
        if self.definite:
            return found[0] if found else MISSING
        return found


def compile_selector(text: str) -> Selector:
    """Compile a path; InvalidSelectorError says where it cannot be read."""
    if not text.startswith("$"):
        raise InvalidSelectorError(f"the selector {text!r} does not start with '$'")
    position, steps, definite = 1, [], True
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise InvalidSelectorError(f"the selector {text!r} cannot be read from {text[position:]!r} on")
        step, single = _step(match)
        steps.append(step)
        definite = definite and single
        position = match.end()
    return Selector(text, tuple(steps), definite)


def _step(match: re.Match[str]) -> tuple[Callable[[Any], Iterator[Any]], bool]:
    part = match.groupdict()
    if part["deep"]:
        return _descend(part["deep"]), False
    if part["child"] == "*" or part["every"]:
        return _every, False
    if part["child"] or part["quoted"] is not None:
        return _child(part["child"] or part["quoted"]), True
    if part["index"]:
        return _index(int(part["index"])), True
    if part["left"]:
        return _filter(part["left"].split(".")[1:], part["operator"], part["right"]), False
    start, stop = (int(part[key]) if part[key] else None for key in ("start", "stop"))
    return _slice(slice(start, stop)), False


def _child(name: str) -> Callable[[Any], Iterator[Any]]:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict) and name in value:
            yield value[name]

    return step


def _index(position: int) -> Callable[[Any], Iterator[Any]]:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list) and -len(value) <= position < len(value):
            yield value[position]

    return step


def _slice(part: slice) -> Callable[[Any], Iterator[Any]]:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list):
            yield from value[part]

    return step


def _every(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _descend(name: str) -> Callable[[Any], Iterator[Any]]:
    here = _every if name == "*" else _child(name)

    def step(value: Any) -> Iterator[Any]:
        yield from here(value)
        for inner in _every(value):
            yield from step(inner)

    return step


def _filter(path: list[str], operator: str | None, right: str | None) -> Callable[[Any], Iterator[Any]]:
    if operator is None or right is None:
        return _keep(path, lambda _: True)
    try:
        wanted = right[1:-1] if right[0] == right[-1] == "'" else json.loads(right)
    except ValueError:
        raise InvalidSelectorError(f"{right!r} in a filter is neither a number nor a quoted text") from None
    return _keep(path, lambda found: _compares(operator, found, wanted))


def _compares(operator: str, left: object, right: object) -> bool:
    try:
        return COMPARE[operator](left, right)
    except TypeError:
        return False


def _keep(path: list[str], test: Callable[[Any], bool]) -> Callable[[Any], Iterator[Any]]:
    def step(value: Any) -> Iterator[Any]:
        for item in _every(value):
            found = [item]
            for name in path:
                found = [inner for each in found for inner in _child(name)(each)]
            if found and test(found[0]):
                yield item

    return step
