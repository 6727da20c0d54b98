"""The parameters of one execution: what the caller gave, checked against what the runbook declares.

Source: Systems Manager API Reference, StartAutomationExecution (every value is a list of strings), and the
User Guide's "Data elements and parameters".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.automation.values import ConversionError, Type, convert, holds, shown, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chaoskit.sandbox.automation.model import Parameter


class InvalidParametersError(ValueError):
    """The given parameters do not fit; the message names them all."""


def bind(declared: Mapping[str, Parameter], given: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The value of every parameter; InvalidParametersError when any does not fit."""
    problems = [f"the runbook has no parameter {name!r}" for name in given if name not in declared]
    values: dict[str, Any] = {}
    for name, parameter in declared.items():
        if name not in given:
            values[name] = parameter.default
            if parameter.required:
                problems.append(f"the parameter {name!r} is required")
            continue
        try:
            values[name] = _typed(parameter.type, list(given[name]))
            problems += _misfits(parameter, values[name])
        except ConversionError as error:
            problems.append(f"the parameter {name!r} is not valid: {error}")
    if problems:
        raise InvalidParametersError("; ".join(problems))
    return values


def unbind(value: object) -> list[str]:
    """A value as the API shows it: a list of strings."""
    if value is None:
        return []
    if isinstance(value, list):
        return [text(item) for item in value]
    return [text(value)]


def _typed(kind: Type, given: list[str]) -> Any:
    match kind:
        case Type.STRING_LIST:
            return given
        case Type.STRING_MAP | Type.MAP_LIST:
            loaded = [_loaded(item) for item in given]
            if kind is Type.MAP_LIST and not (len(loaded) == 1 and isinstance(loaded[0], list)):
                value: object = loaded
            else:
                value = loaded[0] if len(loaded) == 1 else loaded
            if not holds(value, kind):
                raise ConversionError(f"{shown(given)} is no {kind}")
            return value
        case _ if len(given) != 1:
            raise ConversionError(f"{shown(given)} is a list, and a {kind} takes one value")
        case _:
            return convert(given[0], kind)


def _loaded(item: str) -> object:
    try:
        return json.loads(item)
    except ValueError:
        raise ConversionError(f"{shown(item)} is not JSON") from None


def _misfits(parameter: Parameter, value: object) -> list[str]:
    found = []
    parts = value if isinstance(value, list) else [value]
    name = parameter.name
    allowed = parameter.allowed_values
    if allowed:
        # A list of lists of allowed values allows a whole list.
        found += [
            f"the parameter {name!r} is {shown(part)}, which is not one of {shown(list(allowed))}"
            for part in ([value] if isinstance(allowed[0], list) else parts)
            if part not in allowed
        ]
    pattern = parameter.allowed_pattern
    if pattern is not None:
        found += [
            f"the parameter {name!r} is {shown(part)}, which does not match {pattern.pattern!r}"
            for part in parts
            if not pattern.fullmatch(text(part))
        ]
    sizes = {"Items": len(parts), "Chars": len(text(value))}
    for key, limit in parameter.limits.items():
        size = sizes[key[3:]]
        if size < limit if key.startswith("min") else size > limit:
            found.append(f"the parameter {name!r} has {size} {key[3:].lower()}, and {key} is {limit}")
    return found
