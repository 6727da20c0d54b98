"""Patterns for unstructured text: terms, "phrases", ?optional and -excluded ones, and %regular expressions%.

Source: CloudWatch Logs User Guide, "Using filter patterns to match terms in unstructured log events". A term
matches inside words too (`ERROR` matches `ERRORCODE`). Optional terms have no effect beside required ones.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from chaoskit.sandbox.detect.metric_filters.operand import regex
from chaoskit.sandbox.detect.metric_filters.scan import Scanner

if TYPE_CHECKING:
    from collections.abc import Callable

    Term = Callable[[str], bool]


class TextPattern:
    """A compiled pattern of terms; without any term it matches everything.

    Raises:
        InvalidFilterPattern: CloudWatch Logs would refuse it.
    """

    structured = False

    def __init__(self, text: str) -> None:
        self.regexes = 0
        self._terms: dict[str, list[Term]] = {"": [], "?": [], "-": []}
        self._scanner = Scanner(text)
        while not self._scanner.done:
            sign = self._scanner.take("?", "-")
            self._terms[sign].append(self._term())

    def matches(self, event: object) -> bool:
        """Whether a log event's text has the terms it must have and none that it must not."""
        message = message_of(event)
        required, optional, excluded = self._terms[""], self._terms["?"], self._terms["-"]
        if any(term(message) for term in excluded) or not all(term(message) for term in required):
            return False
        return bool(required or excluded or not optional) or any(term(message) for term in optional)

    def extract(self, event: object) -> dict[str, str]:
        """Nothing: text has no fields."""
        del event
        return {}

    def value(self, event: object, reference: str) -> object:
        """Nothing: text has no fields."""
        del event, reference
        return None

    def _term(self) -> Term:
        scanner = self._scanner
        if scanner.sees('"'):
            phrase = scanner.quoted()
            # The guide's pattern for everything is a quoted blank.
            return (lambda message: phrase in message) if phrase.strip() else (lambda _: True)
        if scanner.sees("%"):
            self.regexes += 1
            pattern = regex(scanner)
            return lambda message: pattern.search(message) is not None
        start = scanner.at
        word = scanner.run("_")
        following = scanner.text[scanner.at : scanner.at + 1]
        if not word or (following and not following.isspace()):
            wrong = following or scanner.text[start : start + 1]
            raise scanner.refusal(f"Invalid character(s) in term '{wrong}'; put the term into double quotes")
        return lambda message: word in message


def message_of(event: object) -> str:
    """A log event's text; an object is logged as compact JSON."""
    return event if isinstance(event, str) else json.dumps(event, separators=(",", ":"))
