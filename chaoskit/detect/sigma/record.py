"""An event as rules read it: the values of a dotted field name, each looked up once.

An array stands for its elements: a condition on a field holds when it holds for any of them. Null is no
value: a field that is absent, null or an empty array does not exist.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaoskit.detect.leaves import steps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.detect.leaves import Step

_QUOTE = '\\"'


@dataclass(frozen=True, slots=True)
class Field:
    """A dotted field name, or (`None`) every scalar anywhere in the event, which keywords search."""

    name: str | None
    ways: tuple[Step, ...]

    @classmethod
    def named(cls, name: str | None) -> Field:
        """The field of that name."""
        return cls(name, () if name is None else steps(name))


class Record:
    """One event while rules look at it."""

    __slots__ = ("_lowered", "_values", "event")

    def __init__(self, event: Mapping[str, object]) -> None:
        self.event = event
        self._values: dict[str | None, tuple[object, ...]] = {}
        self._lowered: dict[str | None, tuple[str, ...]] = {}

    def values(self, field: Field) -> tuple[object, ...]:
        """What is at a field: scalars and objects, never null or an array."""
        found = self._values.get(field.name)
        if found is None:
            reached: list[object] = []
            if field.name is None:
                _scalars(self.event, reached)
            else:
                _descend(self.event, field.ways, reached)
            found = self._values[field.name] = tuple(reached)
        return found

    def texts(self, field: Field) -> tuple[str, ...]:
        """The values of a field as text."""
        return tuple(_spelled(self.values(field)))

    def lowered(self, field: Field) -> tuple[str, ...]:
        """The values of a field as text in lower case."""
        found = self._lowered.get(field.name)
        if found is None:
            found = self._lowered[field.name] = tuple([text.lower() for text in _spelled(self.values(field))])
        return found


def text_of(value: object) -> str:
    """A value as text: `true`, `5`, an object as compact JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)


def _spelled(values: tuple[object, ...]) -> list[str]:
    """Values as text; an object also as it reads where the JSON texts in it, such as policies, are plain."""
    texts = []
    for value in values:
        text = value if isinstance(value, str) else text_of(value)
        texts.append(text)
        if text is not value and _QUOTE in text:
            texts.append(text.replace(_QUOTE, '"'))
    return texts


def _descend(node: Mapping[str, object], ways: tuple[Step, ...], found: list[object]) -> None:
    for step in ways:
        value = node.get(step.key)
        if value is not None:
            _arrive(value, step, found)


def _arrive(value: object, step: Step, found: list[object]) -> None:
    if isinstance(value, list):
        for element in value:
            if element is not None:
                _arrive(element, step, found)
    elif not step.onward:
        found.append(value)
    elif isinstance(value, dict):
        _descend(value, step.onward, found)


def _scalars(value: object, found: list[object]) -> None:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            _scalars(inner, found)
    elif value is not None:
        found.append(value)
