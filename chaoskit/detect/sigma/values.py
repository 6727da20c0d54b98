"""The values of a rule's detection items, each compiled to a test of one record."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from operator import ge, gt, le, lt, ne
from typing import TYPE_CHECKING

from sigma.modifiers import SigmaCaseSensitiveModifier
from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    TimestampPart,
)

from chaoskit.detect.leaves import is_number
from chaoskit.detect.sigma.errors import Unsupported
from chaoskit.detect.sigma.record import Field, text_of
from chaoskit.detect.sigma.texts import glob_test, regex_test

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from ipaddress import IPv4Address, IPv6Address

    from sigma.policy.regex_engine import RegexEngine
    from sigma.rule import SigmaDetectionItem
    from sigma.types import SigmaType

    from chaoskit.detect.sigma.record import Record
    from chaoskit.detect.sigma.texts import Matches

    Predicate = Callable[[Record], bool]

_ORDER: Mapping[CompareOperators, Callable[[float, float], bool]] = {
    CompareOperators.LT: lt,
    CompareOperators.LTE: le,
    CompareOperators.GT: gt,
    CompareOperators.GTE: ge,
    CompareOperators.NEQ: ne,
}
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_MILLISECONDS = 1e11
"""Greater numbers are epoch times in milliseconds: as seconds, this one lies in the year 5138."""


def compile_value(value: SigmaType, item: SigmaDetectionItem, field: Field, engine: RegexEngine) -> Predicate:
    """Compile one value of a detection item.

    Raises:
        Unsupported: It cannot be evaluated.
    """
    match value:
        case SigmaExpansion():
            either = [compile_value(one, item, field, engine) for one in value.values]
            return lambda record: any(test(record) for test in either)
        case SigmaString():
            return _text(value, field)
        case SigmaRegularExpression():
            matches = regex_test(value, item.modifiers, engine)
            return lambda record: any(map(matches, record.texts(field)))
        case SigmaFieldReference():
            return _reference(value, field, cased=SigmaCaseSensitiveModifier in item.modifiers)
        case SigmaNumber() | SigmaBool() if field.name is None and not isinstance(value, SigmaTimestampPart):
            return _text(SigmaString(str(value)), field)
        case SigmaNull() | SigmaExists():
            return _presence(field, wanted=isinstance(value, SigmaExists) and value.exists)
        case _:
            test = _scalar(value)
            return lambda record: any(map(test, record.values(field)))


def number_of(value: object) -> float | None:
    """A number, or the number that a text writes out; None for anything else."""
    if is_number(value):
        return value  # type: ignore[return-value]  # is_number narrows
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None


def moment_of(value: object) -> datetime | None:
    """The time that an ISO 8601 text or a number of seconds or milliseconds since the epoch stands for."""
    try:
        if isinstance(value, str) and not _NUMBER.fullmatch(value):
            moment = datetime.fromisoformat(value)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        since = number_of(value)
        if since is None:
            return None
        return datetime.fromtimestamp(since / 1000 if since > _MILLISECONDS else since, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _text(value: SigmaString, field: Field) -> Predicate:
    cased, anywhere = isinstance(value, SigmaCasedString), field.name is None
    matches: Matches = glob_test(value, cased=cased, anywhere=anywhere)
    if cased:
        return lambda record: any(map(matches, record.texts(field)))
    return lambda record: any(map(matches, record.lowered(field)))


def _presence(field: Field, *, wanted: bool) -> Predicate:
    if field.name is None:
        raise Unsupported("null needs a field: a keyword cannot be absent")
    return lambda record: bool(record.values(field)) is wanted


def _reference(value: SigmaFieldReference, field: Field, *, cased: bool) -> Predicate:
    if field.name is None:
        raise Unsupported("|fieldref needs a field to compare with")
    other = Field.named(value.field)
    match value.starts_with, value.ends_with:
        case True, True:
            compare: Callable[[str, str], bool] = str.__contains__
        case True, False:
            compare = str.startswith
        case False, True:
            compare = str.endswith
        case _:
            compare = str.__eq__

    def agrees(record: Record) -> bool:
        read = record.texts if cased else record.lowered
        return any(compare(one, two) for one in read(field) for two in read(other))

    return agrees


def _scalar(value: SigmaType) -> Callable[[object], bool]:
    match value:
        case SigmaBool():
            word = "true" if value.boolean else "false"
            return lambda found: text_of(found).lower() == word
        case SigmaTimestampPart():
            return _part_test(value, lambda part: part == value.number)
        case SigmaNumber():
            number = value.number
            return lambda found: number_of(found) == number
        case SigmaCIDRExpression():
            return _within(value)
        case SigmaCompareExpression():
            return _compared(value)
        case _:
            raise Unsupported(f"a value of the kind {type(value).__name__} cannot be evaluated here")


def _within(value: SigmaCIDRExpression) -> Callable[[object], bool]:
    network = value.network

    def inside(found: object) -> bool:
        address = _address(found) if isinstance(found, str) else None
        return address is not None and address in network

    return inside


@lru_cache(maxsize=4096)
def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _compared(value: SigmaCompareExpression) -> Callable[[object], bool]:
    compare, bound = _ORDER[value.op], value.number.number
    if isinstance(value.number, SigmaTimestampPart):
        return _part_test(value.number, lambda part: compare(part, bound))

    def holds(found: object) -> bool:
        number = number_of(found)
        return number is not None and compare(number, bound)

    return holds


def _part_test(wanted: SigmaTimestampPart, test: Callable[[int], bool]) -> Callable[[object], bool]:
    part = wanted.timestamp_part

    def holds(found: object) -> bool:
        moment = moment_of(found)
        if moment is None:
            return False
        return test(
            moment.isocalendar().week if part is TimestampPart.WEEK else getattr(moment, part.name.lower())
        )

    return holds
