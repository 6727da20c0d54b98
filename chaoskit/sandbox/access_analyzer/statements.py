"""What a policy's statements name and ask for, as something to try: samples for patterns, values for keys."""

from __future__ import annotations

import ipaddress
import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.access_analyzer.zone import STRANGERS_ORGANIZATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from chaoskit.sandbox.access_analyzer.resources import Resource


def statements(document: str) -> list[Mapping[str, Any]]:
    """The statements of a policy document."""
    found = json.loads(document).get("Statement", [])
    return found if isinstance(found, list) else [found]


def principals(element: Any) -> Iterator[tuple[str, str]]:
    """The principals that an element names, each with its kind."""
    for kind, names in (element if isinstance(element, dict) else {"AWS": element}).items():
        for name in listed(names):
            yield kind, name


def tested_keys(statement: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """The condition keys that a statement tests, with the values it asks for."""
    for tested in (statement.get("Condition") or {}).values():
        for key, values in tested.items():
            yield key, listed(values)


def asked_actions(statement: Mapping[str, Any], known: Iterable[str]) -> list[str]:
    """The actions to try: those that are named in full, and of the known ones what a wildcard means."""
    negated = "NotAction" in statement
    patterns = listed(statement.get("NotAction" if negated else "Action"))
    plain = [] if negated else [one for one in patterns if not set("*?") & set(one)]
    lowered = [one.lower() for one in patterns]
    meant = [
        one for one in known if any(fnmatchcase(one.lower(), pattern) for pattern in lowered) is not negated
    ]
    have = {one.lower() for one in meant}
    return [*meant, *(one for one in plain if one.lower() not in have)]


def named_resources(statement: Mapping[str, Any], resource: Resource) -> list[str]:
    """The resource, what is in it, and what the statement's own patterns mean inside of it."""
    within = [
        sample(pattern)
        for pattern in listed(statement.get("Resource"))
        if pattern.startswith((f"{resource.arn}/", f"{resource.arn}:"))
    ]
    return list(dict.fromkeys((resource.arn, *resource.within, *within)))


def listed(value: Any) -> list[str]:
    """A value, or a list of them, as texts."""
    if value is None:
        return []
    found = value if isinstance(value, list) else [value]
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in found]


def sample(pattern: str) -> str:
    """A text that a pattern with wildcards means."""
    return pattern.replace("*", "x").replace("?", "x")


def values_to_try(operator: str, wanted: list[str]) -> list[str | None]:
    """Values of a key worth trying under an operator: one that holds, one that does not, and none at all."""
    name = operator.lower().rpartition(":")[2].removesuffix("ifexists")
    if name == "null":
        return [None, "present"]
    if name == "bool":
        return ["true", "false", None]
    if name in {"ipaddress", "notipaddress"}:
        return [*(_address(one) for one in wanted), "203.0.113.99", None]
    if name.startswith(("numeric", "date")):
        return [*wanted, "0", "9999999999", None]
    other = STRANGERS_ORGANIZATION if any(one.startswith("o-") for one in wanted) else "something-else"
    return [*(sample(one) for one in wanted), other, None]


def _address(network: str) -> str:
    try:
        return str(ipaddress.ip_network(network, strict=False)[0])
    except ValueError:
        return network
