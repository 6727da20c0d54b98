"""Wildcards: `*` stands for any run of characters, `?` for exactly one.

A pattern is a tuple of parts: literal text, `Wild.RUN` or `Wild.ONE`. Text that a policy variable put into
a pattern is literal, whatever characters it holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

_ARN_SEGMENTS: Final = 6


class Wild(Enum):
    """A wildcard inside a pattern."""

    RUN = "*"
    ONE = "?"


Parts: TypeAlias = "tuple[str | Wild, ...]"
Matcher: TypeAlias = Callable[[str], bool]

_WILDCARDS: Final = re.compile(r"([*?])")


def split_wildcards(text: str) -> Parts:
    """Read `text` as a pattern."""
    return tuple(Wild(piece) if piece in {"*", "?"} else piece for piece in _WILDCARDS.split(text) if piece)


def glob(parts: Parts) -> Matcher:
    """A matcher for the whole of a text; wildcards match every character."""
    literal = "".join(part for part in parts if isinstance(part, str))
    runs = parts.count(Wild.RUN)
    if runs == 0 and Wild.ONE not in parts:
        return literal.__eq__
    if parts[-1] is Wild.RUN and runs == 1 and Wild.ONE not in parts:
        if not literal:
            return _everything
        return lambda text: text.startswith(literal)
    fullmatch = re.compile(_linear_regex(parts), re.DOTALL).fullmatch
    return lambda text: fullmatch(text) is not None


def any_of(matchers: Sequence[Matcher]) -> Matcher:
    """A matcher for what any of these match."""
    if len(matchers) == 1:
        return matchers[0]

    def matches(text: str) -> bool:
        for one in matchers:  # noqa: SIM110 - a generator costs as much as the matchers, and this is hot
            if one(text):
                return True
        return False

    return matches


def arn_glob(parts: Parts) -> Matcher:
    """A matcher for the ARN condition operators: six components, each checked on its own.

    Source: IAM User Guide, "Amazon Resource Name (ARN) condition operators". A lone `*` matches every value.
    """
    if parts == (Wild.RUN,):
        return _everything
    segments = _segments(parts)
    if len(segments) != _ARN_SEGMENTS:
        return _nothing
    *head, resource = segments
    regex = ":".join([*(_linear_regex(segment, "[^:]") for segment in head), _linear_regex(resource)])
    fullmatch = re.compile(regex, re.DOTALL).fullmatch
    return lambda text: fullmatch(text) is not None


def resource_glob(parts: Parts) -> Matcher:
    """A matcher for the Resource element.

    A wildcard stays within its ARN segment, except that a `*` which ends its segment "can expand to match
    beyond the colon boundaries", and that nothing bounds one in the resource part (IAM User Guide, "Using
    wildcards in resource ARNs").
    """
    head = _segments(parts)[:-1]
    bounded = any(Wild.ONE in segment or Wild.RUN in segment[:-1] for segment in head)
    return _BoundedGlob(parts) if bounded else glob(parts)


def _everything(_text: str) -> bool:
    return True


def _nothing(_text: str) -> bool:
    return False


def _segments(parts: Parts) -> list[Parts]:
    """Cut a pattern at its first five literal colons."""
    segments: list[list[str | Wild]] = [[]]
    for part in parts:
        if isinstance(part, Wild):
            segments[-1].append(part)
            continue
        pieces = part.split(":", _ARN_SEGMENTS - len(segments))
        if pieces[0]:
            segments[-1].append(pieces[0])
        segments.extend([piece] if piece else [] for piece in pieces[1:])
    return [tuple(segment) for segment in segments]


def _linear_regex(parts: Parts, one: str = ".") -> str:
    """A regular expression that never backtracks: after a `*`, the first place that fits is the best one."""
    pieces = [""]
    for part in parts:
        if part is Wild.RUN:
            pieces.append("")
        else:
            pieces[-1] += one if part is Wild.ONE else re.escape(str(part))
    if len(pieces) == 1:
        return pieces[0]
    first, *middle, last = pieces
    return first + "".join(f"(?>{one}*?{piece})" for piece in middle if piece) + f"{one}*{last}"


class _BoundedGlob:
    """A pattern with wildcards that stop at a colon; it follows every place at once where it may stand."""

    __slots__ = ("_end", "_steps")

    def __init__(self, parts: Parts) -> None:
        """Cut the pattern into single characters and wildcards with the flag whether they cross a colon."""
        steps: list[tuple[str | Wild, bool]] = []
        *head, resource = _segments(parts)
        for segment in head:
            for place, part in enumerate(segment):
                ends_segment = place == len(segment) - 1
                steps += _steps(part, crosses=part is Wild.RUN and ends_segment)
            steps.append((":", True))
        for part in resource:
            steps += _steps(part, crosses=True)
        self._steps = steps
        self._end = len(steps)

    def __call__(self, text: str) -> bool:
        places = self._reach({0})
        for character in text:
            places = self._reach(self._advance(places, character))
        return self._end in places

    def _reach(self, places: set[int]) -> set[int]:
        """Also the places after a `*` that stands for nothing."""
        reached = set(places)
        for place in places:
            following = place
            while following < self._end and self._steps[following][0] is Wild.RUN:
                following += 1
                reached.add(following)
        return reached

    def _advance(self, places: set[int], character: str) -> set[int]:
        moved: set[int] = set()
        for place in places - {self._end}:
            step, crosses = self._steps[place]
            if step is Wild.RUN and (crosses or character != ":"):
                moved.add(place)
            elif step == character or (step is Wild.ONE and (crosses or character != ":")):
                moved.add(place + 1)
        return moved


def _steps(part: str | Wild, *, crosses: bool) -> list[tuple[str | Wild, bool]]:
    return [(part, crosses)] if isinstance(part, Wild) else [(character, True) for character in part]
