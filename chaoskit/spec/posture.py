"""Reading what an account must show: the levels of maturity, or a checklist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.contract import PROBES
from chaoskit.errors import SpecError
from chaoskit.posture import Group, Item
from chaoskit.spec.document import read
from chaoskit.spec.elements import element
from chaoskit.spec.names import known_names
from chaoskit.spec.values import BAD, Bad, Reader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from chaoskit.errors import Problem
    from chaoskit.spec.document import Node

_ITEM: Final = ("id", "question", "source", "probes", "experiments")


def groups(path: Path, variables: Mapping[str, str] | None = None) -> list[Group]:
    """The groups of a file, in order.

    Args:
        path: A YAML file, `groups: [{name, items: [{id, question, source, probes, experiments}]}]`.
        variables: What `${...}` stand for; without it only the names are checked.

    Raises:
        SpecError: With everything that is wrong in it.
    """
    problems: list[Problem] = []
    root = read(path, problems)
    reader = Reader(str(path), known_names() if variables is None else variables, problems)
    found = _groups(reader, root) if root is not None else BAD
    if problems or isinstance(found, Bad):
        raise SpecError(problems)
    return list(found)


def _groups(reader: Reader, root: Node) -> Any:
    keys = reader.mapping(root, "the file", ("groups",), ("groups",))
    if isinstance(keys, Bad) or "groups" not in keys:
        return BAD
    return reader.sequence(keys["groups"], "groups", lambda node: _group(reader, node))


def _group(reader: Reader, node: Node) -> Any:
    keys = reader.mapping(node, "a group", ("name", "items"), ("name", "items"))
    if isinstance(keys, Bad) or len(keys) < len(("name", "items")):
        return BAD
    name = reader.value(keys["name"], str, "name")
    items = reader.sequence(keys["items"], "items", lambda item: _item(reader, item))
    return BAD if isinstance(name, Bad) or isinstance(items, Bad) else Group(name, items)


def _item(reader: Reader, node: Node) -> Any:
    keys = reader.mapping(node, "an item", _ITEM, _ITEM[:3])
    if isinstance(keys, Bad):
        return BAD
    values: dict[str, Any] = {name: reader.value(keys[name], str, name) for name in _ITEM[:3] if name in keys}
    if "probes" in keys:
        values["probes"] = reader.sequence(
            keys["probes"], "probes", lambda each: element(reader, each, PROBES, "probe")
        )
    if "experiments" in keys:
        values["experiments"] = reader.value(keys["experiments"], tuple[str, ...], "experiments")
    if any(isinstance(value, Bad) for value in values.values()) or set(_ITEM[:3]) - set(values):
        return BAD
    if not {"probes", "experiments"} & set(keys):
        return reader.say(node, "an item needs `probes` or `experiments` to answer it")
    return Item(**values)
