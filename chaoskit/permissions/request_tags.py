"""The tags that a call asks to set or take away, however its service spells them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TAGS = frozenset({"tags", "taglist", "tagset", "tagspecifications", "tagstoadd", "tagging"})


def tag_keys(params: Mapping[str, Any]) -> dict[str, Any]:
    """The condition keys `aws:RequestTag/...` and `aws:TagKeys` of a call with these parameters."""
    tags = dict(requested_tags(params))
    context: dict[str, Any] = {f"aws:RequestTag/{name}": value for name, value in tags.items()}
    names = list(tags) or _untagged(params)
    if names:
        context["aws:TagKeys"] = names
    return context


def requested_tags(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The tags that a call asks to set."""
    for name, given in params.items():
        if name.lower() not in _TAGS:
            continue
        if isinstance(given, dict) and all(isinstance(value, str) for value in given.values()):
            yield from given.items()
        elif isinstance(given, list):
            for each in given:
                yield from _tag(each)


def _tag(each: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(each, dict):
        return
    nested = each.get("Tags")
    if isinstance(nested, list):
        for tag in nested:
            yield from _tag(tag)
        return
    lowered = {name.lower(): value for name, value in each.items()}
    key = lowered.get("key", lowered.get("tagkey"))
    if key is not None:
        yield str(key), str(lowered.get("value", lowered.get("tagvalue", "")))


def _untagged(params: Mapping[str, Any]) -> list[str]:
    for name in ("TagKeys", "tagKeys", "TagKeyList"):
        if isinstance(params.get(name), list):
            return [str(each) for each in params[name]]
    return []
