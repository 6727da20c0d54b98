"""Property selectors: `$.userIdentity.type`, `$.users[0].id`, `$.users[*].id`, `$.["cluster.name"]`.

Source: CloudWatch Logs User Guide, "Using filter patterns to match terms in JSON log events".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.sandbox.detect.metric_filters.scan import Scanner

    Step = str | int | None

_IN_NAMES = "-_"


@dataclass(frozen=True, slots=True)
class Selector:
    """A way into a JSON document: names, indexes, and None for any element of an array."""

    text: str
    steps: tuple[Step, ...]

    @property
    def wildcards(self) -> int:
        """How many `[*]` it has."""
        return self.steps.count(None)

    def find(self, document: object) -> list[object]:
        """What it points to: nothing, one value, or with a wildcard several."""
        return list(_walk(document, self.steps))


def selector(scanner: Scanner) -> Selector:
    """Read a selector.

    Raises:
        InvalidFilterPattern: It does not begin with `$.`, or is malformed.
    """
    scanner.blanks()
    start = scanner.at
    if not scanner.take("$"):
        raise scanner.refusal("a property selector that begins with $. is expected")
    steps: list[Step] = []
    while True:
        following = scanner.text[scanner.at : scanner.at + 1]
        if following == "[":
            steps.append(_bracket(scanner))
        elif following == ".":
            scanner.at += 1
            if scanner.text[scanner.at : scanner.at + 1] == "[":
                steps.append(_bracket(scanner))
                continue
            name = scanner.run(_IN_NAMES)
            if not name:
                raise scanner.refusal("a property's name is missing after the dot")
            steps.append(name)
        else:
            break
    if not steps:
        raise scanner.refusal("a property selector that begins with $. is expected", start)
    found = Selector(scanner.text[start : scanner.at], tuple(steps))
    if found.wildcards > 1:
        raise scanner.refusal("a selector may have one array wildcard", start)
    return found


def _bracket(scanner: Scanner) -> Step:
    start = scanner.at
    scanner.at += 1
    step: Step
    if scanner.sees('"') or scanner.sees("'"):
        step = scanner.quoted(scanner.text[scanner.at])
    elif scanner.take("*"):
        step = None
    else:
        digits = scanner.run("")
        if not digits.isdigit():
            raise scanner.refusal("an index, * or a quoted name is expected in the brackets", start)
        step = int(digits)
    scanner.expect("]", "the selector's closing bracket is missing")
    return step


def _walk(node: object, steps: tuple[Step, ...]) -> Iterator[object]:
    if not steps:
        yield node
        return
    step, rest = steps[0], steps[1:]
    match step, node:
        case str(), dict():
            if step in node:
                yield from _walk(node[step], rest)
        case int(), list():
            if step < len(node):
                yield from _walk(node[step], rest)
        case None, list():
            for item in node:
                yield from _walk(item, rest)
