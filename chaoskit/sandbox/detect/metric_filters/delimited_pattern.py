"""Patterns for space-delimited events: `[ip, user, ..., status_code = 4*, bytes > 1000]`.

Source: CloudWatch Logs User Guide, "Using filter patterns to match terms in space-delimited log events".
What stands between `[` and `]` or between double quotes is one field. A last field without a condition
takes whatever is left, as the guide's `[w1=ERROR, w2]` matches lines of any length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaoskit.sandbox.detect.metric_filters.operand import OPERATORS, comparison, limit_regexes
from chaoskit.sandbox.detect.metric_filters.scan import Scanner
from chaoskit.sandbox.detect.metric_filters.text_pattern import message_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Test = Callable[[object], bool]

_WORDS = re.compile(r'\[([^\]]*)\]|"((?:[^"\\]|\\.)*)"|(\S+)')
_IN_NAMES = "-_"


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    test: Test | None


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    start: int


class DelimitedPattern:
    """A compiled space-delimited pattern.

    Raises:
        InvalidFilterPattern: CloudWatch Logs would refuse it.
    """

    structured = True

    def __init__(self, text: str) -> None:
        self.regexes = 0
        self._before: list[_Field] = []
        self._after: list[_Field] | None = None
        self._scanner = Scanner(text)
        self._scanner.expect("[", "a space-delimited pattern begins with [")
        if not text.rstrip().endswith("]"):
            raise self._scanner.refusal(
                "If a filter pattern starts with '[' it must end with ']'", len(text.rstrip())
            )
        if self._scanner.take("]"):
            self._after = []
        else:
            self._fields()
        if not self._scanner.done:
            raise self._scanner.refusal("nothing may follow the closing ]")
        limit_regexes(self._scanner, self.regexes)

    def matches(self, event: object) -> bool:
        """Whether a log event has the fields, and they satisfy their conditions."""
        return self._aligned(event) is not None

    def extract(self, event: object) -> dict[str, str]:
        """The fields, by `$name`, or by `$1` and so on where the pattern has no name for them."""
        aligned = self._aligned(event) or []
        return {f"${name or place}": text for place, (name, text) in enumerate(aligned, 1)}

    def value(self, event: object, reference: str) -> object:
        """What a field such as `$bytes` holds in an event, or None."""
        return self.extract(event).get(reference)

    def _fields(self) -> None:
        fields = self._before
        while True:
            start = self._scanner.at
            if self._scanner.take("..."):
                if self._after is not None:
                    raise self._scanner.refusal("a pattern may have one ellipsis", start)
                fields = self._after = []
            else:
                fields.extend(self._field())
            if self._scanner.take("]"):
                return
            self._scanner.expect(",", "a comma or the closing ] is expected")

    def _field(self) -> Iterator[_Field]:
        """A field and its conditions; after `&&` another name begins the next field, as the guide has it."""
        self._scanner.blanks()
        name = self._scanner.run(_IN_NAMES)
        operator = self._scanner.take(*OPERATORS)
        if not operator:
            yield _Field(name, None)
            return
        if not name:
            raise self._scanner.refusal("a condition needs the name of its field")
        alternatives = [[self._compare(operator)]]
        while both := self._scanner.take("&&", "||"):
            self._scanner.blanks()
            start = self._scanner.at
            about = self._scanner.run(_IN_NAMES)
            if about != name and (both == "||" or not about):
                raise self._scanner.refusal(f"the conditions of a field are about that field, {name}", start)
            operator = self._scanner.take(*OPERATORS)
            if not operator:
                raise self._scanner.refusal("=, !=, <, <=, > or >= is expected")
            if about != name:
                yield _Field(name, _any_of(alternatives))
                name, alternatives = about, [[]]
            elif both == "||":
                alternatives.append([])
            alternatives[-1].append(self._compare(operator))
        yield _Field(name, _any_of(alternatives))

    def _compare(self, operator: str) -> Test:
        self.regexes += self._scanner.sees("%")
        return comparison(self._scanner, operator)

    def _aligned(self, event: object) -> list[tuple[str, str]] | None:
        """The event's words with their names, or None when they don't fit."""
        message = message_of(event)
        words = [_Word(_content(found), found.start()) for found in _WORDS.finditer(message)]
        named = self._named(message, words) if self._after is None else self._around(words)
        if named is None or any(field.test and not field.test(text) for field, text in named):
            return None
        return [(field.name, text) for field, text in named]

    def _named(self, message: str, words: list[_Word]) -> list[tuple[_Field, str]] | None:
        fields = self._before
        if len(words) > len(fields) and fields[-1].test is None:
            last = len(fields) - 1
            words = [*words[:last], _Word(message[words[last].start :].rstrip(), words[last].start)]
        if len(words) != len(fields):
            return None
        return [(field, word.text) for field, word in zip(fields, words, strict=True)]

    def _around(self, words: list[_Word]) -> list[tuple[_Field, str]] | None:
        after = self._after or []
        between = len(words) - len(self._before) - len(after)
        if between < 0:
            return None
        fields = [*self._before, *[_Field("", None)] * between, *after]
        return [(field, word.text) for field, word in zip(fields, words, strict=True)]


def _any_of(alternatives: list[list[Test]]) -> Test:
    return lambda value: any(all(test(value) for test in tests) for tests in alternatives)


def _content(found: re.Match[str]) -> str:
    return next(text for text in found.groups() if text is not None)
