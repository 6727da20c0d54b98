"""The types of a runbook's values, how one is turned into another, and `{{ references }}`.

Source: Systems Manager User Guide, "Data elements and parameters", "Using action outputs as inputs"
(conversions) and "Automation system variables".
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REFERENCE = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")

SYSTEM_VARIABLES = frozenset(
    {
        "global:ACCOUNT_ID",
        "global:AWS_PARTITION",
        "global:DATE",
        "global:DATE_TIME",
        "global:REGION",
        "automation:EXECUTION_ID",
    }
)


class Type(StrEnum):
    """The types of parameters and outputs."""

    STRING = "String"
    STRING_LIST = "StringList"
    BOOLEAN = "Boolean"
    INTEGER = "Integer"
    STRING_MAP = "StringMap"
    MAP_LIST = "MapList"


class ConversionError(ValueError):
    """A value cannot be turned into the wanted type."""


class UnresolvedError(ValueError):
    """A reference names an output that has no value."""


def holds(value: object, kind: Type) -> bool:
    """Whether the value is of the type as it stands."""
    match kind:
        case Type.STRING:
            return isinstance(value, str)
        case Type.BOOLEAN:
            return isinstance(value, bool)
        case Type.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case Type.STRING_LIST:
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
        case Type.STRING_MAP:
            return isinstance(value, dict)
        case Type.MAP_LIST:
            return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def convert(value: object, kind: Type) -> Any:
    """The value as `kind`, by the conversions that AWS documents; ConversionError for any other."""
    if isinstance(value, datetime):
        value = value.isoformat()
    if holds(value, kind):
        return value
    if isinstance(value, list) and kind is Type.STRING_LIST and all(_scalar(item) for item in value):
        return [text(item) for item in value]
    if isinstance(value, list) and len(value) == 1 and kind not in {Type.STRING_LIST, Type.MAP_LIST}:
        return convert(value[0], kind)
    match kind:
        case Type.STRING if _scalar(value):
            return text(value)
        case Type.STRING_LIST if _scalar(value):
            return [text(value)]
        case Type.INTEGER if isinstance(value, str) and re.fullmatch(r"[+-]?\d+", value.strip()):
            return int(value)
        case Type.BOOLEAN if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
            return value.strip().lower() == "true"
    raise ConversionError(f"{shown(value)} cannot be converted to {kind}")


def _scalar(value: object) -> bool:
    return isinstance(value, str | int | float | bool)


def text(value: object) -> str:
    """The value inside a longer string: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else dump(value)


def dump(value: object) -> str:
    """The value as JSON; times in ISO 8601, bytes as text."""
    return json.dumps(value, default=_plain)


def plain(value: object) -> Any:
    """The value with nothing in it that JSON does not know."""
    return json.loads(dump(value))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode(errors="replace")
    return str(value)


def shown(value: object, limit: int = 200) -> str:
    """The value for a message, cut short."""
    whole = dump(value)
    return whole if len(whole) <= limit else f"{whole[:limit]}..."


def references(value: object) -> Iterator[str]:
    """Every reference in a value, nested ones too."""
    if isinstance(value, str):
        yield from REFERENCE.findall(value)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from references(key)
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def resolve(value: object, look_up: Callable[[str], Any]) -> Any:
    """The value with its references replaced.

    A string that is nothing but one reference takes the referenced value with its type; inside a longer
    string the value is written as text.
    """
    if isinstance(value, str):
        whole = REFERENCE.fullmatch(value.strip())
        if whole:
            return look_up(whole[1])
        return REFERENCE.sub(lambda match: text(look_up(match[1])), value)
    if isinstance(value, dict):
        return {resolve(key, look_up): resolve(inner, look_up) for key, inner in value.items()}
    if isinstance(value, list):
        return [resolve(inner, look_up) for inner in value]
    return value
