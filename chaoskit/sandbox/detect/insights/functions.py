"""The functions of the query language, of values; a missing or unfit argument gives a missing result.

Source: CloudWatch Logs User Guide, "Boolean, comparison, numeric, datetime, and other functions".
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from chaoskit.sandbox.detect.insights.nodes import Period
from chaoskit.sandbox.detect.insights.values import Instant, as_value, instant, number, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaoskit.sandbox.detect.insights.values import Value

    Argument = Value | Period
    Function = Callable[..., Value]

_MONTHS = 12
_EPOCH_YEAR = 1970


def floor_to(instant: Instant, period: Period) -> Instant:
    """The start of the span of time that an instant is in."""
    if not period.months:
        return Instant(instant.milliseconds // period.milliseconds * period.milliseconds)
    moment = instant.moment
    month = ((moment.year - _EPOCH_YEAR) * _MONTHS + moment.month - 1) // period.months * period.months
    return Instant.of(datetime(_EPOCH_YEAR + month // _MONTHS, month % _MONTHS + 1, 1, tzinfo=UTC))


def _datefloor(when: Value, period: Argument) -> Value:
    instant = _instant(when)
    return floor_to(instant, period) if instant is not None and isinstance(period, Period) else None


def _dateceil(when: Value, period: Argument) -> Value:
    instant = _instant(when)
    if instant is None or not isinstance(period, Period):
        return None
    low = floor_to(instant, period)
    if low == instant:
        return low
    if not period.months:
        return Instant(low.milliseconds + period.milliseconds)
    month = (low.moment.year - _EPOCH_YEAR) * _MONTHS + low.moment.month - 1 + period.months
    return Instant.of(datetime(_EPOCH_YEAR + month // _MONTHS, month % _MONTHS + 1, 1, tzinfo=UTC))


def _instant(value: Value) -> Instant | None:
    return value if isinstance(value, Instant) else instant(number(value))


def _numeric(function: Callable[[float], float | int]) -> Function:
    def apply(value: Value) -> Value:
        given = number(value)
        if given is None:
            return None
        try:
            return function(given)
        except (ValueError, OverflowError):
            return None

    return apply


def _extreme(choose: Callable[..., int | float]) -> Function:
    def apply(*values: Value) -> Value:
        numbers = [found for found in map(number, values) if found is not None]
        return choose(numbers) if numbers else None

    return apply


def _textual(function: Callable[..., Value]) -> Function:
    def apply(value: Value, *more: Value) -> Value:
        written = text(value)
        return None if written is None else function(written, *more)

    return apply


def _trim(strip: Callable[..., str]) -> Function:
    return _textual(lambda written, *chars: strip(written, *(text(some) for some in chars)))


def _substr(written: str, start: Value, length: Value = None) -> Value:
    first, count = number(start), number(length)
    if first is None:
        return None
    first = max(int(first), 0)
    return written[first:] if count is None else written[first : first + max(int(count), 0)]


def _replace(written: str, search: Value, replacement: Value) -> Value:
    wanted = text(search)
    return written.replace(wanted, text(replacement) or "") if wanted else written


def _contains(written: str, part: Value) -> Value:
    return int((text(part) or "") in written)


def _coalesce(*values: Value) -> Value:
    return next((value for value in values if value is not None), None)


def _concat(*values: Value) -> Value:
    return "".join(text(value) or "" for value in values)


def _address(value: Value) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text(value) or "")
    except ValueError:
        return None


def _is_address(*kinds: type) -> Function:
    return lambda value: isinstance(_address(value), kinds)


def _in_subnet(*kinds: type) -> Function:
    def apply(value: Value, subnet: Value) -> Value:
        address = _address(value)
        if not isinstance(address, kinds):
            return False
        try:
            return address in ip_network(text(subnet) or "", strict=False)
        except ValueError:
            return False

    return apply


def _parsed(value: Value) -> Value:
    """What a JSON text holds; other text is left as it is."""
    if not isinstance(value, str):
        return value
    try:
        found = as_value(json.loads(value))
    except (ValueError, RecursionError):
        return value
    return value if found is None else found


_ANY = 255
FUNCTIONS: dict[str, tuple[int, int, Function]] = {
    "abs": (1, 1, _numeric(abs)),
    "ceil": (1, 1, _numeric(math.ceil)),
    "floor": (1, 1, _numeric(math.floor)),
    "log": (1, 1, _numeric(math.log)),
    "sqrt": (1, 1, _numeric(math.sqrt)),
    "greatest": (1, _ANY, _extreme(max)),
    "least": (1, _ANY, _extreme(min)),
    "ispresent": (1, 1, lambda value: value is not None),
    "coalesce": (1, _ANY, _coalesce),
    "isempty": (1, 1, lambda value: not text(value)),
    "isblank": (1, 1, lambda value: not (text(value) or "").strip()),
    "concat": (1, _ANY, _concat),
    "trim": (1, 2, _trim(str.strip)),
    "ltrim": (1, 2, _trim(str.lstrip)),
    "rtrim": (1, 2, _trim(str.rstrip)),
    "strlen": (1, 1, _textual(len)),
    "toupper": (1, 1, _textual(str.upper)),
    "tolower": (1, 1, _textual(str.lower)),
    "substr": (2, 3, _textual(_substr)),
    "replace": (3, 3, _textual(_replace)),
    "strcontains": (2, 2, _textual(_contains)),
    "datefloor": (2, 2, _datefloor),
    "dateceil": (2, 2, _dateceil),
    "frommillis": (1, 1, _instant),
    "tomillis": (1, 1, number),
    "jsonparse": (1, 1, _parsed),
    "jsonstringify": (1, 1, text),
    "unmask": (1, 1, lambda value: value),
    "isvalidip": (1, 1, _is_address(IPv4Address, IPv6Address)),
    "isvalidipv4": (1, 1, _is_address(IPv4Address)),
    "isvalidipv6": (1, 1, _is_address(IPv6Address)),
    "isipinsubnet": (2, 2, _in_subnet(IPv4Address, IPv6Address)),
    "isipv4insubnet": (2, 2, _in_subnet(IPv4Address)),
    "isipv6insubnet": (2, 2, _in_subnet(IPv6Address)),
}
"""The fewest and most arguments of each function, and the function; names in lower case."""
