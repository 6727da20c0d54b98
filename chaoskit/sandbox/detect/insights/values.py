"""The values of fields: how they compare, sort and are written.

A field holds text, a number, true or false, or a time; None stands for a field that a record lacks.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
# Python reads no longer ones, and a double none either.
_LONGEST_NUMBER = 400
_CHUNKS = re.compile(r"\d+|\D+")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = -62_135_596_800_000, 253_402_300_799_999


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """A time, in milliseconds since the epoch."""

    milliseconds: int

    def __str__(self) -> str:
        moment = _EPOCH + timedelta(milliseconds=self.milliseconds)
        return f"{moment:%Y-%m-%d %H:%M:%S}.{self.milliseconds % 1000:03d}"

    @property
    def moment(self) -> datetime:
        """The same as a datetime."""
        return _EPOCH + timedelta(milliseconds=self.milliseconds)

    @classmethod
    def of(cls, moment: datetime) -> Instant:
        """The instant of an aware datetime."""
        return cls(round((moment - _EPOCH) / timedelta(milliseconds=1)))


@dataclass(frozen=True, slots=True)
class Structure:
    """A map or a list, as `jsonParse` makes it."""

    held: dict[str, object] | list[object]

    def __str__(self) -> str:
        return json.dumps(self.held, separators=(",", ":"), ensure_ascii=False)


Value = str | int | float | bool | Instant | Structure | None


def as_value(found: object) -> Value:
    """What JSON holds, as a value."""
    if isinstance(found, dict | list):
        return Structure(found)
    return found if isinstance(found, str | int | float | bool | Instant | Structure) else None


def instant(given: object) -> Instant | None:
    """A time as milliseconds since the epoch, or as ISO 8601 text, UTC unless it says otherwise.

    None for what is no time, or one before the year 1 or after the year 9999.
    """
    if isinstance(given, int | float):
        return Instant(int(given)) if _FIRST <= given <= _LAST else None
    try:
        moment = datetime.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        return None
    return None if moment is None else Instant.of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def number(value: Value) -> int | float | None:
    """A value as a number: true is 1, a time its milliseconds, a text the number it spells.

    What is beyond a double's range is no number.
    """
    match value:
        case bool():
            return int(value)
        case int() | float():
            return value if -sys.float_info.max <= value <= sys.float_info.max else None
        case Instant():
            return value.milliseconds
        case str() if len(value) <= _LONGEST_NUMBER and _NUMBER.fullmatch(value):
            return number(int(value) if value.lstrip("+-").isdigit() else float(value))
        case _:
            return None


def text(value: Value) -> str | None:
    """A value as Logs Insights writes it: true as 1, whole numbers without a point."""
    match value:
        case None:
            return None
        case bool():
            return str(int(value))
        case float() if value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 - beyond, digits are made up
            return str(int(value))
        case _:
            return str(value)


def truth(value: Value) -> bool:
    """A value as a condition."""
    return not isinstance(value, Structure) and value not in {None, "", 0, "0", "false"}


def equal(left: Value, right: Value, *, as_text: bool = False) -> bool:
    """Whether two values are the same: as numbers where both are, unless they shall be compared as text."""
    if left is None or right is None:
        return False
    if isinstance(left, bool) and isinstance(right, str):
        left, right = right, left
    if isinstance(right, bool) and isinstance(left, str):
        return left.lower() in ({"true", "1"} if right else {"false", "0"})
    if not as_text:
        numbers = number(left), number(right)
        if numbers[0] is not None and numbers[1] is not None:
            return numbers[0] == numbers[1]
    return text(left) == text(right)


def before(left: Value, right: Value) -> bool | None:
    """Whether `left` is less than `right`; None when one is missing."""
    if left is None or right is None:
        return None
    one, other = number(left), number(right)
    if one is not None and other is not None:
        return one < other
    return str(text(left)) < str(text(right))


def sort_key(value: Value) -> tuple[int, float, tuple[tuple[int, int, str], ...]]:
    """Natural order: texts before numbers; digits inside a text by their count, then their value.

    Source: CloudWatch Logs User Guide, "sort".
    """
    as_number = number(value)
    if as_number is not None:
        return (1, as_number, ())
    chunks = _CHUNKS.findall(text(value) or "")
    return (0, 0, tuple((0, len(one), one) if one[0].isdigit() else (1, 0, one) for one in chunks))
