"""Descriptions of a sandbox's whole state: fetched from it, kept in files, compared in words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from chaoskit.errors import ChaoskitError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from chaoskit.embedded import Instance

FORMAT: Final = 1
_WITHIN_S: Final = 30
_LONGEST: Final = 160
_MISSING: Final = object()


def fetched(instance: Instance) -> dict[str, Any]:
    """What a running sandbox says of itself, once nothing goes on in it.

    Raises:
        TargetError: It does not answer, or does not come to rest.
    """
    return instance.control("export", _WITHIN_S)


def read(file: Path) -> dict[str, Any]:
    """A description from a file.

    Raises:
        ChaoskitError: It can't be read, or is none.
    """
    try:
        told = json.loads(file.read_bytes())
    except OSError as error:
        raise ChaoskitError(f"{file} can't be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise ChaoskitError(f"{file} is no snapshot: it is not JSON ({error}).") from error
    if not isinstance(told, dict) or not isinstance(told.get("accounts"), dict):
        raise ChaoskitError(f"{file} is no snapshot: `chaoskit sandbox snapshot FILE` writes one.")
    if told.get("format") != FORMAT:
        raise ChaoskitError(f"{file} was written by another version of chaoskit: take the snapshot again.")
    return told


def as_text(description: Mapping[str, Any]) -> str:
    """As JSON, the same text for the same state."""
    return json.dumps(description, indent=1, sort_keys=True) + "\n"


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What differs between two descriptions, a sentence each: which resource is new, gone, or changed how."""
    old, new = dict(_resources(before)), dict(_resources(after))
    return [sentence for place in sorted(old.keys() | new.keys()) for sentence in _told(place, old, new)]


def _resources(description: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for account, services in description["accounts"].items():
        for service, regions in services.items():
            for region, resources in regions.items():
                for resource, fields in resources.items():
                    yield (account, service, region, resource), fields


def _told(
    place: tuple[str, ...], old: Mapping[tuple[str, ...], Any], new: Mapping[tuple[str, ...], Any]
) -> Iterator[str]:
    what = _words(place, new.get(place, old.get(place)))
    if place not in old:
        yield f"{what} is new."
    elif place not in new:
        yield f"{what} is gone."
    else:
        for path, was, now in _changes(old[place], new[place], ""):
            field = f" {path}" if path else ""
            if was is _MISSING:
                yield f"{what}:{field} is new: {_short(now)}."
            elif now is _MISSING:
                yield f"{what}:{field} is gone; it was {_short(was)}."
            else:
                yield f"{what}:{field} was {_short(was)}, is {_short(now)}."


def _words(place: tuple[str, ...], fields: Any) -> str:
    account, service, region, resource = place
    name = fields.get("name") if isinstance(fields, dict) else None
    called = f" ({name})" if isinstance(name, str) and name not in resource else ""
    where = "" if region in {"aws", "all"} else f" in {region}"
    return f"{account} {service}{where}: {resource.rstrip('/')}{called}"


def _changes(was: Any, now: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(was, dict) and isinstance(now, dict):
        for key in sorted(was.keys() | now.keys()):
            inner = f"{path}.{key}" if path else key
            yield from _changes(was.get(key, _MISSING), now.get(key, _MISSING), inner)
    elif isinstance(was, list) and isinstance(now, list):
        yield from _in_list(was, now, path)
    elif was != now or type(was) is not type(now):
        yield path, was, now


def _in_list(was: list[Any], now: list[Any], path: str) -> Iterator[tuple[str, Any, Any]]:
    """What came and went; a list that only has another order says so."""
    gone = [item for item in was if item not in now]
    come = [item for item in now if item not in was]
    if len(gone) == len(come) == 1:
        yield from _changes(gone[0], come[0], f"{path}[{was.index(gone[0])}]")
    elif gone or come:
        yield from ((f"{path}[{was.index(item)}]", item, _MISSING) for item in gone)
        yield from ((f"{path}[{now.index(item)}]", _MISSING, item) for item in come)
    elif was != now:
        yield path, was, now


def _short(value: Any) -> str:
    text = value if isinstance(value, str) and value else json.dumps(value, sort_keys=True)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
