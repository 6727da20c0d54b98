"""Members of botocore's shapes, and values of them: a member that AWS adds can't be forgotten then."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session


@cache
def operation(service: str, name: str) -> Any:
    """The model of an operation."""
    return botocore.session.get_session().get_service_model(service).operation_model(name)


def value(shape: Any, within: tuple[str, ...] = ()) -> Any:
    """A value of a shape with all its members, but for what a shape holds of itself."""
    inside = (*within, shape.name)
    at_least = shape.metadata.get("min", 0)
    match shape.type_name:
        case "structure":
            members = shape.members.items()
            return {name: value(each, inside) for name, each in members if each.name not in inside}
        case "list":
            return [value(shape.member, inside)] * max(at_least, 1)
        case "map":
            return {value(shape.key, inside): value(shape.value, inside)}
        case "string":
            return shape.enum[0] if shape.enum else "x" * max(at_least, 1)
        case "boolean":
            return True
        case "blob":
            return b"x"
        case "timestamp":
            return "2030-01-01T00:00:00+00:00"
        case _:
            return max(at_least, 1)
