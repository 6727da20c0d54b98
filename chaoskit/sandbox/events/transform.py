"""What a target gets of an event: all of it, a part, a constant, or a template filled in.

Source: EventBridge User Guide, "Amazon EventBridge input transformation".
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_STEP = re.compile(r"\.?(?:\[\s*(?:'([^']*)'|\"([^\"]*)\"|(\d+)|(\*))\s*\]|(\*)|([^.\[\]]+))")
_VARIABLE = re.compile(r"<([A-Za-z0-9_.\-]+)>")
_ABSENT = object()


class UnreadablePath(ValueError):  # noqa: N818 - it names what is wrong with the rule, not an error of ours
    """A JSON path that EventBridge's dialect does not have."""


def target_input(
    target: Mapping[str, Any],
    event: Mapping[str, Any],
    *,
    rule_arn: str,
    rule_name: str,
    ingested: datetime,
) -> str:
    """The text that a target is sent.

    Raises:
        UnreadablePath: A path of the target's `InputPath` or `InputPathsMap` cannot be read.
    """
    if target.get("Input") is not None:
        return str(target["Input"])
    if target.get("InputPath"):
        found = at_path(event, str(target["InputPath"]))
        return _json(None if found is _ABSENT else found)
    transformer = target.get("InputTransformer")
    if not transformer:
        return _json(event)
    paths = transformer.get("InputPathsMap") or {}
    values = {name: at_path(event, str(path)) for name, path in paths.items()}
    values = {name: value for name, value in values.items() if value is not _ABSENT}
    values |= {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_name,
        "aws.events.event.ingestion-time": ingested.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": dict(event),
    }
    return fill(str(transformer.get("InputTemplate", "")), values)


def at_path(event: object, path: str) -> Any:
    """The value at a JSON path such as `$.detail.items[0].name`, or a marker that there is none."""
    if not path.startswith("$"):
        raise UnreadablePath(f"'{path}' does not begin with $")
    value: Any = event
    position = 1
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            raise UnreadablePath(f"'{path}' cannot be read at position {position}")
        position = step.end()
        quoted, double_quoted, index, star, dot_star, name = step.groups()
        if star or dot_star:
            rest = f"${path[position:]}"
            inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
            found = [at_path(one, rest) for one in inside]
            return [one for one in found if one is not _ABSENT]
        value = _step(
            value, index, next((key for key in (quoted, double_quoted, name) if key is not None), "")
        )
        if value is _ABSENT:
            return _ABSENT
    return value


def _step(value: Any, index: str | None, key: str) -> Any:
    if index is not None:
        return value[int(index)] if isinstance(value, list) and int(index) < len(value) else _ABSENT
    return value.get(key, _ABSENT) if isinstance(value, dict) else _ABSENT


def fill(template: str, values: Mapping[str, Any]) -> str:
    """Put values in the place of `<name>`: as JSON on their own, as plain text inside a quoted string.

    A variable whose path the event did not have becomes an empty string.
    """
    parts: list[str] = []
    position, quoted = 0, False
    for variable in _VARIABLE.finditer(template):
        before = template[position : variable.start()]
        quoted = _inside_quotes(before, quoted)
        parts += [before, _text(variable[1], values.get(variable[1], ""), quoted=quoted)]
        position = variable.end()
    return "".join([*parts, template[position:]])


def _inside_quotes(text: str, inside: bool) -> bool:
    for mark in re.finditer(r'\\.|"', text):
        if mark[0] == '"':
            inside = not inside
    return inside


def _text(name: str, value: Any, *, quoted: bool) -> str:
    if not quoted:
        return _json(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)[1:-1]
    if name == "aws.events.event.json":
        return _json(value)
    return _json(value).replace('"', "")


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
