"""What a condition compares a value with: a number, a text with wildcards, or a regular expression.

Source: CloudWatch Logs User Guide, "Filter pattern syntax", its sections on JSON and on regular expressions.
"""

from __future__ import annotations

import math
import re
from operator import eq, ge, gt, le, lt, ne
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.detect.metric_filters.scan import Scanner

    Test = Callable[[object], bool]

OPERATORS = ("!=", ">=", "<=", "=", ">", "<")
_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "=": eq,
    "!=": ne,
    ">": gt,
    ">=": ge,
    "<": lt,
    "<=": le,
}
_UNQUOTED = "_.*+-:/"
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_REGEX_SYMBOLS = frozenset(" :_#=@/;,-^$?[]{}|\\*+.")
_MOST_REGEXES = 2
"""Regular expressions in one JSON or space-delimited pattern."""


def comparison(scanner: Scanner, operator: str) -> Test:
    """Read the right side of a condition and compile the condition to a test of one scalar value.

    Raises:
        InvalidFilterPattern: There is nothing to compare with, or it does not fit the operator.
    """
    scanner.blanks()
    start = scanner.at
    if scanner.sees("%"):
        pattern = regex(scanner)
        _only_equality(scanner, operator, start)
        return _negated(lambda value: pattern.search(text_of(value)) is not None, operator)
    if scanner.sees('"'):
        _only_equality(scanner, operator, start)
        return _negated(_wildcard(scanner.quoted()), operator)
    word = scanner.run(_UNQUOTED)
    if not word:
        raise scanner.refusal(f"a value is missing after {operator}; texts with other characters need quotes")
    if _NUMBER.fullmatch(word):
        return _numeric(float(word), operator)
    _only_equality(scanner, operator, start)
    return _negated(_wildcard(word), operator)


def regex(scanner: Scanner) -> re.Pattern[str]:
    """Read a `%regular expression%`, of which only a subset may be used.

    Raises:
        InvalidFilterPattern: It has a character outside the subset, or is malformed.
    """
    start = scanner.at
    source = scanner.between_percents()
    if not source:
        raise scanner.refusal("the regular expression is empty", start)
    for offset, char in enumerate(source):
        escaped = offset > 0 and source[offset - 1] == "\\"
        plain = char.isascii() and (char.isalnum() or char in _REGEX_SYMBOLS)
        if not plain and not (escaped and char == "%"):
            raise scanner.refusal(f"Invalid character(s) in term '{char}'", start + 1 + offset)
    try:
        return re.compile(source, re.ASCII)
    except re.error as problem:
        raise scanner.refusal(
            f"the regular expression is malformed: {problem.msg}", start + 1 + (problem.pos or 0)
        ) from None


def limit_regexes(scanner: Scanner, count: int) -> None:
    """Refuse more regular expressions than a structured pattern may have."""
    if count > _MOST_REGEXES:
        raise scanner.refusal(f"a pattern may have at most {_MOST_REGEXES} regular expressions")


def text_of(value: object) -> str:
    """A scalar as a pattern sees it."""
    match value:
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def number_of(value: object) -> float | None:
    """A scalar as a number, if it is or spells one."""
    match value:
        case bool():
            return None
        case int() | float():
            try:
                return float(value)
            except OverflowError:
                return math.inf if value > 0 else -math.inf
        case str() if _NUMBER.fullmatch(value.strip()):
            return float(value)
        case _:
            return None


def _only_equality(scanner: Scanner, operator: str, start: int) -> None:
    if operator not in {"=", "!="}:
        raise scanner.refusal(f"{operator} compares numbers only", start)


def _negated(test: Test, operator: str) -> Test:
    if operator == "=":
        return test
    return lambda value: not test(value)


def _numeric(wanted: float, operator: str) -> Test:
    holds = _ORDER[operator]

    def compare(value: object) -> bool:
        number = number_of(value)
        return operator == "!=" if number is None else holds(number, wanted)

    return compare


def _wildcard(pattern: str) -> Test:
    """An asterisk stands for any text at either end, and for itself in between."""
    if pattern in {"*", "**"}:
        return lambda _: True
    core = pattern.removeprefix("*").removesuffix("*")
    match pattern.startswith("*"), pattern.endswith("*"):
        case True, True:
            return lambda value: core in text_of(value)
        case True, False:
            return lambda value: text_of(value).endswith(core)
        case False, True:
            return lambda value: text_of(value).startswith(core)
        case _:
            return lambda value: text_of(value) == pattern
