"""JSON patterns: `{ ($.eventName = ConsoleLogin) && ($.additionalEventData.MFAUsed != "Yes") }`.

Source: CloudWatch Logs User Guide, "Using filter patterns to match terms in JSON log events". `(` binds
before `&&`, `&&` before `||`. `IS NOT` and `EXISTS` are refused, as the guide says they are not supported.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING

from chaoskit.sandbox.detect.metric_filters.operand import (
    OPERATORS,
    comparison,
    limit_regexes,
    text_of,
)
from chaoskit.sandbox.detect.metric_filters.scan import Scanner
from chaoskit.sandbox.detect.metric_filters.selector import selector

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaoskit.sandbox.detect.metric_filters.selector import Selector

    Condition = Callable[[object], bool]

_IS = {"NULL": None, "TRUE": True, "FALSE": False}
_MOST_WILDCARDS = 3
"""Array wildcards in one pattern."""
_DEEPEST = 50
"""Parentheses within parentheses; far more than a pattern needs, far less than would exhaust the stack."""


class JsonPattern:
    """A compiled JSON pattern.

    Raises:
        InvalidFilterPattern: CloudWatch Logs would refuse it.
    """

    structured = True

    def __init__(self, text: str) -> None:
        self.regexes = 0
        self._scanner = Scanner(text)
        self._depth = 0
        self._selectors: dict[str, Selector] = {}
        self._scanner.expect("{", "a JSON pattern begins with {")
        if not text.rstrip().endswith("}"):
            raise self._scanner.refusal(
                "If a filter pattern starts with '{' it must end with '}'", len(text.rstrip())
            )
        self._condition = self._any()
        self._scanner.expect("}", "&&, || or the closing } is expected")
        if not self._scanner.done:
            raise self._scanner.refusal("nothing may follow the closing }")
        limit_regexes(self._scanner, self.regexes)
        if sum(one.wildcards for one in self._selectors.values()) > _MOST_WILDCARDS:
            raise self._scanner.refusal(f"a pattern may have at most {_MOST_WILDCARDS} array wildcards", 0)

    def matches(self, event: object) -> bool:
        """Whether an event, JSON text or object, satisfies the conditions; other texts never do."""
        document = _document(event)
        return document is not None and self._condition(document)

    def extract(self, event: object) -> dict[str, str]:
        """The values that the pattern's selectors point to."""
        document = _document(event)
        found = {name: one.find(document) for name, one in self._selectors.items()}
        return {
            name: text_of(values[0])
            for name, values in found.items()
            if values and not isinstance(values[0], dict | list | None)
        }

    def value(self, event: object, reference: str) -> object:
        """What a selector such as `$.latency` points to in an event; None when there is no such scalar."""
        values = selector(Scanner(reference)).find(_document(event))
        return values[0] if values and not isinstance(values[0], dict | list) else None

    def _any(self) -> Condition:
        alternatives = [self._all()]
        while self._scanner.take("||"):
            alternatives.append(self._all())
        if len(alternatives) == 1:
            return alternatives[0]
        return lambda document: any(holds(document) for holds in alternatives)

    def _all(self) -> Condition:
        conditions = [self._one()]
        while self._scanner.take("&&"):
            conditions.append(self._one())
        if len(conditions) == 1:
            return conditions[0]
        return lambda document: all(holds(document) for holds in conditions)

    def _one(self) -> Condition:
        if self._scanner.take("("):
            self._depth += 1
            if self._depth > _DEEPEST:
                raise self._scanner.refusal("it is nested too deeply")
            inner = self._any()
            self._scanner.expect(")", "&&, || or the closing ) is expected")
            self._depth -= 1
            return inner
        where = selector(self._scanner)
        self._selectors.setdefault(where.text, where)
        if self._scanner.take_keyword("IS"):
            return self._is(where)
        if self._scanner.take_keyword("NOT"):
            if not self._scanner.take_keyword("EXISTS"):
                raise self._scanner.refusal("EXISTS is expected after NOT")
            return lambda document: not where.find(document)
        if self._scanner.take_keyword("EXISTS"):
            raise self._scanner.refusal(f'EXISTS is not supported; write {where.text} = "*"')
        operator = self._scanner.take(*OPERATORS)
        if not operator:
            raise self._scanner.refusal("=, !=, <, <=, >, >=, IS or NOT EXISTS is expected")
        self.regexes += self._scanner.sees("%")
        test = comparison(self._scanner, operator)
        return lambda document: any(
            test(value)
            for value in where.find(document)
            # A selector that points to an array or object doesn't match, not even with !=.
            if value is not None and not isinstance(value, dict | list)
        )

    def _is(self, where: Selector) -> Condition:
        for word, wanted in _IS.items():
            if self._scanner.take_keyword(word):
                return lambda document: any(value is wanted for value in where.find(document))
        if self._scanner.take_keyword("NOT"):
            raise self._scanner.refusal("IS NOT is not supported")
        raise self._scanner.refusal("NULL, TRUE or FALSE is expected after IS")


def _document(event: object) -> dict[str, object] | None:
    if isinstance(event, str):
        return _parsed(event)
    return event if isinstance(event, dict) else None


# A log group's filters look at the same event one after the other.
@lru_cache(maxsize=16)
def _parsed(message: str) -> dict[str, object] | None:
    if not message.lstrip().startswith("{"):
        return None
    try:
        document = json.loads(message)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
