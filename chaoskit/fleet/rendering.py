"""The fleet's CloudFormation templates as text: the same for the same catalog, so that a no-op is one."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from chaoskit.errors import ChaoskitError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.fleet.roles import Policies

BODY_LIMIT: Final = 51_200
"""Bytes of a TemplateBody (CloudFormation User Guide, "Understand CloudFormation quotas")."""
_INDENT: Final = "  "
_WHY: Final = {
    "inject": "A fault injector changes resources whose names nobody knows beforehand, in accounts that were "
    "given up for that. What it may do ends at the account (aws:ResourceAccount), at the sandbox OU (the "
    "SCP) and, in each run, at the run's own calls (its session policy).",
    "undo": "It must put back whatever the inject role may change, on the same resources.",
    "read": "It lists and reads settings, of all resources there are.",
}


def tooling() -> str:
    """The tooling account's template, with the state machine's definition in it."""
    definition = json.dumps(json.loads(_text("../state-machine.asl.json")), indent=1)
    block = "|\n" + "\n".join(f"{_INDENT * 4}{line}" for line in definition.splitlines())
    return _checked("tooling.yaml", _template("tooling.yaml").replace("__STATE_MACHINE__", block))


def member_roles(policies: tuple[Policies, ...]) -> str:
    """A member account's template, with the policies of its three roles in it."""
    text = _template("member-roles.yaml").replace("__POLICIES__\n", "\n".join(map(_resources, policies)))
    for each in policies:
        names = "".join(
            f"{_INDENT * 4}- !Ref {_logical(each, number)}\n" for number, _ in enumerate(each.documents, 1)
        )
        text = text.replace(f"__{each.name.upper()}__\n", names)
    return _checked("member-roles.yaml", text)


def organization() -> str:
    """The management account's template."""
    return _checked("organization.yaml", _template("organization.yaml"))


def _template(name: str) -> str:
    return _text(f"templates/{name}")


def _text(name: str) -> str:
    folder = files("chaoskit.fleet")
    return folder.joinpath(*name.removeprefix("../").split("/")).read_text("utf-8")


def _checked(name: str, text: str) -> str:
    length = len(text.encode())
    if length > BODY_LIMIT:
        raise ChaoskitError(
            f"The template {name} would have {length} bytes, and CloudFormation takes {BODY_LIMIT}: deploy "
            "it for fewer experiments."
        )
    return text


def _logical(policies: Policies, number: int) -> str:
    return f"{policies.name.title()}Policy{number}"


def _resources(policies: Policies) -> str:
    """The policies as resources of the template."""
    parts = []
    for number, document in enumerate(policies.documents, 1):
        resource = {
            "Type": "AWS::IAM::ManagedPolicy",
            "Condition": "IsHome",
            "Metadata": {"Why": _WHY[policies.name]},
            "Properties": {
                "ManagedPolicyName": f"chaoskit-fleet-{policies.name}-{number}",
                "Description": f"What chaoskit's catalog needs to {policies.name}, part {number}",
                "PolicyDocument": document,
            },
        }
        lines = [f"{_INDENT}{_logical(policies, number)}:", *_yaml(resource, 2)]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _yaml(value: Any, depth: int) -> Iterator[str]:
    """A value in YAML's block style; texts are quoted as JSON, which YAML reads."""
    pad = _INDENT * depth
    match value:
        case dict():
            for key, inner in value.items():
                yield from _entry(f"{pad}{key}:", inner, depth + 1)
        case list():
            for inner in value:
                first, *rest = (
                    _yaml(inner, depth + 1) if isinstance(inner, dict) else [f"{pad}  {json.dumps(inner)}"]
                )
                yield f"{pad}- {first.strip()}"
                yield from rest


def _entry(name: str, value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, dict | list) and not _is_function(value):
        yield name
        yield from _yaml(value, depth)
    else:
        yield f"{name} {json.dumps(value)}"


def _is_function(value: Mapping[str, Any] | list[Any]) -> bool:
    return isinstance(value, dict) and (len(value) == 1) and next(iter(value)) in ("Ref", "Fn::Sub")
