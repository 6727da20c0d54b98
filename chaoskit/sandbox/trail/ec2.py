"""EC2's own form of parameters: lists are `xSet: {items: [...]}`, newer calls wrap the query as it was sent.

Shapes are those of real records (RunInstances, AuthorizeSecurityGroupIngress, ModifySnapshotAttribute,
DeleteFlowLogs); which call has which form, and what its lists are called: `ec2_names.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.trail.ec2_names import SETS, UNASKED, is_newer
from chaoskit.sandbox.trail.redaction import LEFT_OUT, redacted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.sandbox.wire import ApiCall

_ATTRIBUTES = {"createVolumePermission": "CREATE_VOLUME_PERMISSION", "launchPermission": "launchPermission"}


def request_parameters(operation: str, params: Mapping[str, Any], shape: Any) -> dict[str, Any]:
    """The parameters of an EC2 call as its record has them."""
    if is_newer(operation):
        return {f"{operation}Request": _as_sent(params, shape)}
    shown = _members(params, shape)
    if operation.startswith("Describe"):
        for name, member in shape.members.items():
            if member.type_name == "list" and name in SETS:
                shown.setdefault(SETS[name][0], {})
    if operation == "RunInstances":
        wanted = ("imageId", "keyName", "minCount", "maxCount")
        item = {name: shown.pop(name) for name in wanted if name in shown}
        shown["instancesSet"] = {"items": [item]}
    shown = {**UNASKED.get(operation, {}), **shown}
    if operation.startswith("Modify") and operation.endswith("Attribute"):
        for attribute, kind in _ATTRIBUTES.items():
            if attribute in shown:
                shown["attributeType"] = kind
                shown.pop("attribute", None)
    return shown


def response_elements(call: ApiCall, output: Mapping[str, Any], shape: Any) -> dict[str, Any]:
    """The answer of an EC2 call as its record has it; every one carries the request's id."""
    if is_newer(call.operation):
        body = _as_answered(output, shape, newer=True) if shape is not None else {}
        if shape is not None and "Unsuccessful" in shape.members:
            body.setdefault("unsuccessful", "")
        return {
            f"{call.operation}Response": {
                "xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/",
                "requestId": call.request_id,
                **{name: "" if value == {} else value for name, value in body.items()},
            }
        }
    body = _as_answered(output, shape, newer=False) if shape is not None else {"return": True}
    if not body:
        body = {"return": True}
    return {"requestId": call.request_id, **{"_return" if k == "return" else k: v for k, v in body.items()}}


def _members(value: Mapping[str, Any], shape: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, inner in value.items():
        member = shape.members.get(name)
        if member is None or name == "DryRun":
            continue
        instead = redacted("ec2", name, member)
        if instead is LEFT_OUT:
            continue
        if instead is not None:
            shown[_lower(name)] = instead
        elif isinstance(inner, list):
            renamed, key = SETS.get(name, (f"{_lower(name).removesuffix('s')}Set", ""))
            shown[renamed] = _items(name, key, inner, member)
        elif isinstance(inner, dict):
            shown[_lower(name)] = _members(inner, member)
        else:
            shown[_lower(name)] = _plain(inner)
    return shown


def _items(name: str, key: str, values: list[Any], shape: Any) -> dict[str, Any]:
    if not values:
        return {}
    key = key or _lower(name).removesuffix("s")
    items = [
        _members(value, shape.member) if isinstance(value, dict) else {key: _plain(value)} for value in values
    ]
    if name == "TagSpecifications":
        items = [
            {"tags" if part == "tagSet" else part: inner for part, inner in one.items()} for one in items
        ]
        for one in items:
            one["tags"] = one.get("tags", {}).get("items", [])
    return {"items": items}


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _as_sent(value: Mapping[str, Any], shape: Any) -> dict[str, Any]:
    """The query string as a tree: wire names in PascalCase, each list element with its number as `tag`."""
    shown: dict[str, Any] = {}
    for name, inner in value.items():
        member = shape.members.get(name)
        if member is None or redacted("ec2", name, member) is not None:
            continue
        wire = str(member.serialization.get("queryName") or member.serialization.get("name", name))
        if isinstance(inner, list):
            wire = str(member.member.serialization.get("name", wire)) if wire == name else wire
            elements = [
                {**_as_sent(one, member.member), "tag": at}
                if isinstance(one, dict)
                else {"content": _plain(one), "tag": at}
                for at, one in enumerate(inner, 1)
            ]
            wire = wire[:1].upper() + wire[1:]
            shown[wire] = elements[0] if len(elements) == 1 else elements
        else:
            wire = wire[:1].upper() + wire[1:]
            shown[wire] = _as_sent(inner, member) if isinstance(inner, dict) else _plain(inner)
    return shown


def _as_answered(value: Mapping[str, Any], shape: Any, *, newer: bool) -> dict[str, Any]:
    """The XML answer as a tree of wire names: lists are `{items: [...]}`, of newer calls `{item: ...}`."""
    shown: dict[str, Any] = {}
    for name, inner in value.items():
        member = shape.members.get(name)
        instead = redacted("ec2", name, member) if member is not None else LEFT_OUT
        if instead is LEFT_OUT or inner is None:
            continue
        wire = str(member.serialization.get("name", _lower(name)))
        if instead is not None:
            shown[wire] = instead
        elif not isinstance(inner, list):
            shown[wire] = _answered(inner, member, newer=newer)
        elif inner:
            many = [_answered(one, member.member, newer=newer) for one in inner]
            shown[wire] = {"item": many[0] if len(many) == 1 else many} if newer else {"items": many}
        elif wire != "tagSet":
            shown[wire] = "" if newer else {}
    return shown


def _answered(value: Any, shape: Any, *, newer: bool) -> Any:
    if isinstance(value, dict):
        return _as_answered(value, shape, newer=newer)
    if isinstance(value, datetime):
        milliseconds = int(value.timestamp() * 1000)
        return f"{value:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03}Z" if newer else milliseconds
    return _plain(value)


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else str(value)
