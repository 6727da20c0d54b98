"""The JSON Schemas of experiments and game days, for editors: made of the classes that the reader goes by.

An editor sees one file, so what spans several, or needs an account, only `chaoskit validate` tells.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import TYPE_CHECKING, Any, Final, Literal, Union, get_args, get_origin

from chaoskit.contract import FAULTS, LAYERS, PROBES
from chaoskit.experiment import RESPONDER_PROBES, BlastRadius, Role
from chaoskit.gamedays import ROLES
from chaoskit.knowledge import KINDS
from chaoskit.slo import Duration
from chaoskit.spec import gameday
from chaoskit.spec.builder import OPTIONAL, REQUIRED
from chaoskit.spec.schedule import KEYS as SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chaoskit.contract import Element
    from chaoskit.registry import Registry

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_VARIABLE: Final = {"type": "string", "pattern": r"\$\{"}
_TEXT: Final = {"type": ["string", "number", "boolean"]}
"""An account's id or `on` needs no quotes: the reader takes scalars as they are written."""
_DURATION: Final = {"type": "string", "pattern": r"^(\d{1,9}(\.\d{1,9})?(ms|s|m|h|d))+$|\$\{"}
_LASTING: Final = {**_DURATION, "pattern": _DURATION["pattern"].replace("^", "^(?=.*[1-9])", 1)}
"""In which something can happen."""
_MEANINGS: Final = {
    "id": "Lower-case words joined by hyphens; the file's name.",
    "title": "One sentence that says what is proven.",
    "owner": "Who is asked when it fails.",
    "layer": "The layer of defence that is attacked.",
    "hypothesis": "What is believed to happen, with its SLOs.",
    "maps": "Techniques, risks and controls that this is about, by id.",
    "blast_radius": "The limits of a run; each is enforced.",
    "steady_state": "Probes that must hold before the fault, and again after rollback.",
    "stop_conditions": "Probes that stop the run and roll back when they hold, or can't be read.",
    "faults": "What is injected, in order. A fault owns its undo.",
    "expect": "What must come of it: a guardrail, detections, responses.",
    "schedule": "When it is due: rate(7 days), cron(0 8 ? * MON *), or a mapping with `every`.",
    "within": "The SLO, counted from the fault's call, such as 60s or 5m.",
    "runbook": "What must have done the response: an SSM document's name, or who else it is.",
    Role.GUARDRAIL: "Prevented: the probe that sees the denial.",
    Role.DETECTION: "Noticed: the probe that sees the report.",
    Role.RESPONSE: "Repaired: the probe that sees it.",
}


def schema() -> dict[str, Any]:
    """The schema, of draft 2020-12."""
    properties: dict[str, Any] = {
        **dict.fromkeys(("title", "owner", "hypothesis"), _TEXT),
        "id": {"type": "string", "pattern": r"^[a-z0-9]+(-[a-z0-9]+)*$|\$\{"},
        "layer": {"enum": list(LAYERS)},
        "maps": _mapping({kind: _list(_TEXT) for kind in KINDS}, ()),
        "blast_radius": _blast_radius(),
        "steady_state": _list({"$ref": "#/$defs/probe"}),
        "stop_conditions": _list({"$ref": "#/$defs/probe"}),
        "faults": _list({"$ref": "#/$defs/fault"}, 1),
        "expect": _list({"$ref": "#/$defs/expectation"}, 1),
        "schedule": _schedule(),
    }
    told = {name: _told(properties[name], name) for name in (*REQUIRED, *OPTIONAL)}
    return {
        "$schema": _DIALECT,
        "title": "An experiment of chaoskit",
        **_mapping(told, REQUIRED),
        "$defs": {
            "fault": _elements(FAULTS),
            "probe": _elements(PROBES),
            "expectation": _expectation(),
        },
    }


def gameday_schema() -> dict[str, Any]:
    """The schema of a game-day file, of draft 2020-12."""
    person = {"anyOf": [_TEXT, _list(_TEXT, 1)]}
    inject = _mapping(
        {"experiment": _TEXT, "at": _DURATION, "pause": _form(bool), "brief": _TEXT}, gameday.INJECT[:1]
    )
    forms: dict[str, Any] = {
        **dict.fromkeys(("id", "title", "objective"), _TEXT),
        "max_duration": _DURATION,
        "blind": _form(bool),
        "roles": _mapping(dict.fromkeys(ROLES, person), ROLES[:1]),
        "injects": _list({"anyOf": [_TEXT, inject]}, 1),
        "abort": _mapping(
            {
                "verdicts": _list(_form(gameday.Word)),
                "conditions": _list({"$ref": "#/$defs/probe"}),
                "people": _list(_TEXT),
            },
            (),
        ),
    }
    return {
        "$schema": _DIALECT,
        "title": "A game day of chaoskit",
        **_mapping({name: forms[name] for name in (*gameday.REQUIRED, *gameday.OPTIONAL)}, gameday.REQUIRED),
        "$defs": {"probe": _elements(PROBES)},
    }


def _told(form: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {"description": _MEANINGS[name], **form}


def _mapping(properties: Mapping[str, Any], required: Iterable[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def _list(items: Mapping[str, Any], at_least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": dict(items), "minItems": at_least}


def _blast_radius() -> dict[str, Any]:
    hints = typing.get_type_hints(BlastRadius)
    forms = {name: _form(kind) for name, kind in hints.items()}
    for name in ("accounts", "regions"):
        forms[name]["minItems"] = 1
    forms["max_changes"]["anyOf"][0]["minimum"] = 1
    forms["max_duration"] = _LASTING
    return _mapping(forms, hints)


def _expectation() -> dict[str, Any]:
    roles = [role.value for role in Role]
    who = {"anyOf": [_TEXT, {**_mapping(dict.fromkeys(RESPONDER_PROBES, _TEXT), ()), "minProperties": 1}]}
    forms: dict[str, Any] = {role: _told({"$ref": "#/$defs/probe"}, role) for role in roles}
    forms |= {"within": _told(_LASTING, "within"), "runbook": _told(who, "runbook")}
    timed = [role for role in roles if role != Role.GUARDRAIL]
    return {
        **_mapping(forms, ()),
        "oneOf": [{"required": [role]} for role in roles],
        "dependentRequired": {"runbook": [Role.RESPONSE.value], **{role: ["within"] for role in timed}},
    }


def _schedule() -> dict[str, Any]:
    every = {"type": "string", "pattern": r"^(rate|cron|at)\(.+\)$|\$\{"}
    forms: dict[str, Any] = dict.fromkeys(SCHEDULE, _TEXT)
    forms["every"], forms["jitter"], forms["blackout"] = every, _DURATION, _list(_TEXT)
    forms["window"] = _mapping({"hours": _TEXT, "days": _TEXT}, ("hours",))
    return {"anyOf": [every, _mapping(forms, ("every",))]}


def _elements(registry: Registry[Any]) -> dict[str, Any]:
    """A fault or probe: `name: {parameter: value}`, or the name alone where nothing is required."""
    every = list(registry)
    alone = [each.about.name for each in every if not _needed(each)]
    one = _mapping({each.about.name: _element(each) for each in every}, ())
    named = {**one, "minProperties": 1, "maxProperties": 1}
    return {"anyOf": [named, {"enum": alone}] if alone else [named]}


def _element(element: type[Element]) -> dict[str, Any]:
    hints, meanings = typing.get_type_hints(element), element.meanings()
    forms = {}
    for field in _fields(element):
        meaning = {"description": meanings[field.name]} if field.name in meanings else {}
        forms[field.name] = {**meaning, **_form(hints[field.name])}
    return {"description": element.summary(), **_mapping(forms, _needed(element))}


def _fields(element: type[Element]) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(typing.cast("Any", element))


def _needed(element: type[Element]) -> list[str]:
    return [field.name for field in _fields(element) if field.default is dataclasses.MISSING]


def _form(kind: Any) -> dict[str, Any]:
    """What may be written for an annotation: the kinds that `Reader.value` reads, or `${...}`."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (types.UnionType, Union):
        return _form(next(each for each in arguments if each is not type(None)))
    if origin is tuple:
        return _list(_form(arguments[0]))
    if origin is Literal:
        return {"anyOf": [{"enum": list(arguments)}, _VARIABLE]}
    if kind is Duration:
        return dict(_DURATION)
    names = {bool: "boolean", int: "integer", float: "number"}
    return {"anyOf": [{"type": names[kind]}, _VARIABLE]} if kind in names else dict(_TEXT)
