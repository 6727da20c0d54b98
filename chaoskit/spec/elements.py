"""From a located `name: {parameter: value, ...}` to a fault or a probe."""

from __future__ import annotations

import dataclasses
import functools
import typing
from typing import TYPE_CHECKING, Any

from chaoskit.spec.document import Mapping, Scalar
from chaoskit.spec.values import BAD, Bad, one_of, shown

if TYPE_CHECKING:
    from chaoskit.contract import Element
    from chaoskit.registry import Registry
    from chaoskit.spec.document import Node
    from chaoskit.spec.values import Reader


def element(read: Reader, node: Node, registry: Registry[Any], what: str) -> Any:
    """The fault or probe that a node names, with its parameters; BAD when something is wrong with it."""
    if isinstance(node, Scalar):
        node = Mapping(((node, Mapping((), node.line, node.column)),), node.line, node.column)
    if not isinstance(node, Mapping) or len(node.items) != 1:
        return read.say(node, f"a {what} is written `name: {{parameter: value, ...}}`")
    ((name, parameters),) = node.items
    found = registry.get(name.text)
    if found is None:
        return read.say(name, f"there is no {what} {shown(name.text)}{one_of(name.text, registry.names())}")
    return _made(read, parameters, found)


def _made(read: Reader, node: Node, kind: type[Element]) -> Any:
    hints, required = _parameters(typing.cast("Any", kind))
    keys = read.mapping(node, kind.about.name, hints, required)
    if isinstance(keys, Bad):
        return BAD
    values = {
        name: read.value(value, hints[name], f"{kind.about.name}.{name}") for name, value in keys.items()
    }
    known = isinstance(node, Mapping) and len(keys) == len(node.items)
    if any(isinstance(value, Bad) for value in values.values()) or set(required) - set(values) or not known:
        return BAD
    try:
        return kind(**values)
    except ValueError as error:  # what only the element itself can check, such as a JMESPath expression
        return read.say(node, f"{kind.about.name}: {error}")


@functools.cache
def _parameters(kind: Any) -> tuple[dict[str, Any], list[str]]:
    """What each parameter must be, and which must be given."""
    hints = typing.get_type_hints(kind)
    fields = dataclasses.fields(kind)
    required = [field.name for field in fields if field.default is dataclasses.MISSING]
    return {field.name: hints[field.name] for field in fields}, required
