"""The comparison operators of EventBridge event patterns, each compiled to a test of one value.

Source: EventBridge User Guide, "Comparison operators for use in event patterns", and the observable
behaviour of AWS's open matching engine, event-ruler.
"""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from operator import eq, ge, gt, le, lt
from typing import TYPE_CHECKING

from chaoskit.detect.leaves import is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Test = Callable[[object], bool]

LIMIT = 5e9
"""Numbers in a pattern lie between -5.0e9 and +5.0e9 (EventBridge User Guide, Numeric matching)."""

OPERATORS = frozenset(
    {
        "exactly",
        "prefix",
        "suffix",
        "equals-ignore-case",
        "wildcard",
        "numeric",
        "cidr",
        "exists",
        "anything-but",
    }
)
RESERVED = OPERATORS | {
    *("=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case"),
    *("date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range"),
    *("ip-address-in-range", "ip-address-not-in-range"),
}
"""Field names that may not stand inside `$or` (event-ruler, README, "OR")."""
_ORDER: Mapping[str, Callable[[float, float], bool]] = {"=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}
_MIXED = "Inside anything but list, either all values are number or string, mixed type is not supported"
_ONE_KEY = "Only one key allowed in match expression"


class InvalidEventPattern(ValueError):  # noqa: N818 - AWS's own name for it: InvalidEventPatternException
    """A pattern that EventBridge refuses.

    Attributes:
        reason: What is wrong, in the words EventBridge uses.
        at: The field where it is wrong, dotted; empty for the pattern as a whole.
    """

    def __init__(self, reason: str, at: str = "") -> None:
        where = f" at {at}" if at else ""
        super().__init__(f"Event pattern is not valid. Reason: {reason}{where}")
        self.reason = reason
        self.at = at


def address_test(text: str) -> Test | None:
    """A string that is an IP address equals every spelling of that address; None for other strings."""
    if ":" not in text and not text[:1].isdigit():
        return None
    try:
        wanted = ip_address(text)
    except ValueError:
        return None

    def same(value: object) -> bool:
        if value == text:
            return True
        try:
            return isinstance(value, str) and ip_address(value) == wanted
        except ValueError:
            return False

    return same


def compile_expression(expression: Mapping[str, object], at: str) -> Test:
    """Compile `{"operator": operand}`; `exists` is the caller's, as it is about the field, not a value.

    Raises:
        InvalidEventPattern: The operator is unknown or its operand is malformed.
    """
    if not expression:
        raise InvalidEventPattern("Match expression name not found", at)
    if len(expression) > 1:
        raise InvalidEventPattern(_ONE_KEY, at)
    ((operator, operand),) = expression.items()
    match operator:
        case "exactly":
            text = _string(operand, "exact match pattern must be a string", at)
            return lambda value: value == text
        case "prefix" | "suffix":
            return _affix(operator, operand, at)
        case "equals-ignore-case":
            return _ignoring_case(_string(operand, f"{operator} match pattern must be a string", at))
        case "wildcard":
            return _wildcard(_string(operand, f"{operator} match pattern must be a string", at), at)
        case "numeric":
            return _numeric(operand, at)
        case "cidr":
            return _cidr(_string(operand, "prefix match pattern must be a string", at), at)
        case "anything-but":
            return _anything_but(operand, at)
        case _:
            raise InvalidEventPattern(f"Unrecognized match type {operator}", at)


def _string(operand: object, otherwise: str, at: str) -> str:
    if not isinstance(operand, str):
        raise InvalidEventPattern(otherwise, at)
    return operand


def _either_case(text: str) -> str:
    """A regular expression for the text in any case, character by character as event-ruler folds it."""
    parts = []
    for char in text:
        spellings = dict.fromkeys((char.lower(), char.upper()))
        parts.append(f"(?:{'|'.join(map(re.escape, spellings))})")
    return "".join(parts)


def _searching(expression: str) -> Test:
    search = re.compile(expression, re.DOTALL).search
    return lambda value: isinstance(value, str) and search(value) is not None


def _ignoring_case(text: str) -> Test:
    return _searching(rf"\A{_either_case(text)}\Z")


def _affix(operator: str, operand: object, at: str) -> Test:
    if isinstance(operand, dict):
        if list(operand) != ["equals-ignore-case"]:
            raise InvalidEventPattern(f"Unsupported {operator} pattern: {', '.join(operand) or '{}'}", at)
        text = _string(
            operand["equals-ignore-case"], f"equals-ignore-case inside {operator} must be a string", at
        )
        spelled = _either_case(text)
        return _searching(rf"\A{spelled}" if operator == "prefix" else rf"{spelled}\Z")
    text = _string(operand, f"{operator} match pattern must be a string", at)
    if operator == "prefix":
        return lambda value: isinstance(value, str) and value.startswith(text)
    return lambda value: isinstance(value, str) and value.endswith(text)


def _wildcard(text: str, at: str) -> Test:
    pieces = _pieces(text, at)
    if len(pieces) == 1:
        only = pieces[0]
        return lambda value: value == only
    first, *middle, last = pieces

    def glob(value: object) -> bool:
        # Taking each middle piece at its earliest place is enough, and linear where a regex may not be.
        if not isinstance(value, str) or len(value) < len(first) + len(last):
            return False
        if not value.startswith(first) or not value.endswith(last):
            return False
        begin, end = len(first), len(value) - len(last)
        for piece in middle:
            found = value.find(piece, begin, end)
            if found < 0:
                return False
            begin = found + len(piece)
        return True

    return glob


def _pieces(text: str, at: str) -> list[str]:
    pieces, position, after_star = [""], 0, False
    while position < len(text):
        char = text[position]
        if char == "\\":
            following = text[position + 1 : position + 2]
            if following not in ("*", "\\"):
                raise InvalidEventPattern(f"Invalid escape character at pos {position}", at)
            pieces[-1] += following
            position += 2
            after_star = False
            continue
        if char == "*":
            if after_star:
                raise InvalidEventPattern(f"Consecutive wildcard characters at pos {position}", at)
            pieces.append("")
        else:
            pieces[-1] += char
        after_star = char == "*"
        position += 1
    return pieces


def _number(operand: object, operator: str, at: str) -> float:
    if not isinstance(operand, int | float) or isinstance(operand, bool):
        name = "equals" if operator == "=" else operator
        raise InvalidEventPattern(f"Value of {name} must be numeric", at)
    if not -LIMIT <= operand <= LIMIT:
        raise InvalidEventPattern(f"Value must be between {-LIMIT} and {LIMIT} inclusive", at)
    return operand


def _numeric(operand: object, at: str) -> Test:
    if not isinstance(operand, list):
        raise InvalidEventPattern("Value of numeric must be an array.", at)
    operator, *rest = operand or [""]
    if not isinstance(operator, str):
        raise InvalidEventPattern(f"Invalid member in numeric match: {operator}", at)
    if operator not in _ORDER:
        raise InvalidEventPattern(f"Unrecognized numeric range operator: {operator}", at)
    bound = _number(rest[0] if rest else None, operator, at)
    compare = _ORDER[operator]
    if len(rest) == 1:
        return lambda value: is_number(value) and compare(value, bound)  # type: ignore[arg-type]  # is_number narrows
    if operator not in (">", ">="):
        raise InvalidEventPattern("Too many elements in numeric expression", at)
    upper_operator, *more = rest[1:]
    if upper_operator not in ("<", "<="):
        raise InvalidEventPattern(f"Bad numeric range operator: {upper_operator}", at)
    top = _number(more[0] if more else None, upper_operator, at)
    if len(more) > 1:
        raise InvalidEventPattern("Too many terms in numeric range expression", at)
    if bound >= top:
        raise InvalidEventPattern("Bottom must be less than top", at)
    below = _ORDER[upper_operator]
    return lambda value: is_number(value) and compare(value, bound) and below(value, top)  # type: ignore[arg-type]  # is_number narrows


def _cidr(text: str, at: str) -> Test:
    host, slash, mask = text.partition("/")
    if not slash or "/" in mask:
        raise InvalidEventPattern("Malformed CIDR, one '/' required", at)
    if not re.fullmatch(r"-?[0-9]+", mask):
        raise InvalidEventPattern("Malformed CIDR, mask bits must be an integer", at)
    bits = int(mask)
    if bits < 0:
        raise InvalidEventPattern("Malformed CIDR, mask bits must not be negative", at)
    try:
        version = ip_address(host).version
    except ValueError:
        raise InvalidEventPattern(f"Nonstandard IP address: {host}", at) from None
    widest = 31 if version == 4 else 127  # noqa: PLR2004 - IP versions have no better name
    if bits > widest:
        raise InvalidEventPattern(f"IPv{version} mask bits must be < {widest + 1}", at)
    network = ip_network(text, strict=False)

    def within(value: object) -> bool:
        try:
            return isinstance(value, str) and ip_address(value) in network
        except ValueError:
            return False

    return within


def _anything_but(operand: object, at: str) -> Test:
    if isinstance(operand, dict):
        return _anything_but_matching(operand, at)
    values = operand if isinstance(operand, list) else [operand]
    if all(isinstance(value, str) for value in values) and values:
        texts = frozenset(values)
        return lambda value: not isinstance(value, str) or value not in texts
    if all(is_number(value) for value in values) and values:
        numbers = frozenset(_number(value, "anything-but", at) for value in values)
        return lambda value: not is_number(value) or value not in numbers
    if not isinstance(operand, list):
        raise InvalidEventPattern("Value of anything-but must be an array or single string/number value.", at)
    if not all(isinstance(value, str) or is_number(value) for value in values):
        raise InvalidEventPattern("Inside anything but list, start|null|boolean is not supported.", at)
    raise InvalidEventPattern(_MIXED, at)


def _anything_but_matching(operand: Mapping[str, object], at: str) -> Test:
    if not operand:
        raise InvalidEventPattern("Anything-But expression name not found", at)
    if len(operand) > 1:
        raise InvalidEventPattern(_ONE_KEY, at)
    ((operator, inner),) = operand.items()
    if operator not in ("prefix", "suffix", "equals-ignore-case", "wildcard"):
        raise InvalidEventPattern(f"Unsupported anything-but pattern: {operator}", at)
    values = inner if isinstance(inner, list) else [inner]
    if isinstance(inner, dict) or not values or not all(isinstance(value, str) for value in values):
        raise InvalidEventPattern(
            f"Value of {operator} inside anything-but must be a string or a list of strings", at
        )
    if operator in ("prefix", "suffix") and "" in values:
        raise InvalidEventPattern("Null prefix/suffix not allowed", at)
    tests = [compile_expression({operator: value}, at) for value in values]
    return lambda value: not any(test(value) for test in tests)
