"""Reading the typed values that conditions compare: numbers, dates, booleans, addresses, binaries.

What can't be read as its type is None, and compares equal to nothing.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_EPOCH: Final = re.compile(r"(?!\d{4}$)-?\d+(?:\.\d+)?", re.ASCII)
_DATE: Final = re.compile(
    r"(?P<year>\d{4})(?:-?(?P<month>\d\d)(?:-?(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?P<fraction>[.,]\d+)?)?"
    r"(?P<zone>Z|[+-]\d\d:?\d\d)?)?)?)?",
    re.ASCII,
)
_COMPACT_DATE: Final = re.compile(r"\d{8}T\d{4,}", re.ASCII)
_EPOCH_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST: Final = 400


def number(text: str) -> Decimal | None:
    """An integer or decimal."""
    text = text.strip()
    if len(text) > _LONGEST or _NUMBER.fullmatch(text) is None:
        return None
    return Decimal(text)


def boolean(text: str) -> bool | None:
    """`true` or `false`, in any case."""
    return {"true": True, "false": False}.get(text.strip().lower())


def date(text: str) -> datetime | None:
    """A W3C form of ISO 8601, or seconds since 1970; a time without a zone is UTC.

    Four digits are a year. Source: IAM User Guide, "Date condition operators".
    """
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    if _EPOCH.fullmatch(text):
        return _from_epoch(text)
    if "-" not in text[:8] and len(text) > len("2026") and not _COMPACT_DATE.match(text):
        return None
    found = _DATE.fullmatch(text.replace("z", "Z").replace("t", "T"))
    return None if found is None else _from_fields(found)


def _from_epoch(text: str) -> datetime | None:
    try:
        return _EPOCH_START + timedelta(seconds=float(text))
    except OverflowError:
        return None


def _from_fields(found: re.Match[str]) -> datetime | None:
    fields = {name: int(found[name] or least) for name, least in _LEAST.items()}
    zone = found["zone"] or "Z"
    fraction = (found["fraction"] or ".0")[1:7].ljust(6, "0")
    try:
        moment = datetime(**fields, microsecond=int(fraction), tzinfo=UTC)
        if zone == "Z":
            return moment
        digits = zone[1:].replace(":", "")
        shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        return moment - shift if zone[0] == "+" else moment + shift
    except (ValueError, OverflowError):
        return None


_LEAST: Final = {"year": 1, "month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0}


def network(text: str) -> IPv4Network | IPv6Network | None:
    """A CIDR range, /0 to /32 or /128; an address alone is a range of one."""
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def address(text: str) -> IPv4Address | IPv6Address | None:
    """An IPv4 or IPv6 address."""
    try:
        return ip_address(text.strip())
    except ValueError:
        return None


def binary(text: str) -> bytes | None:
    """The bytes that base64 text stands for."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
