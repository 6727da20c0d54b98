"""A stack's parameters: defaults, previous values, types and constraints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.cfn.template import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chaoskit.sandbox.cfn.template import Template


def resolve_parameters(
    template: Template, given: Sequence[Mapping[str, Any]], previous: Mapping[str, Any]
) -> dict[str, Any]:
    """The value of every parameter of the template; lists for the list types.

    Args:
        template: It declares the parameters.
        given: `[{"ParameterKey": ..., "ParameterValue": ... or "UsePreviousValue": true}]`.
        previous: The values that the stack has now.

    Raises:
        ApiError: ValidationError for a parameter that is unknown, missing or against its constraints.
    """
    declared, sent = template.parameters, {each["ParameterKey"]: each for each in given}
    if unknown := sorted(sent.keys() - declared.keys()):
        raise invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    values: dict[str, Any] = {}
    missing = []
    for name, rules in declared.items():
        asked = sent.get(name, {})
        if asked.get("UsePreviousValue") and name in previous:
            values[name] = previous[name]
        elif "ParameterValue" in asked:
            values[name] = _typed(name, str(asked["ParameterValue"]), rules)
        elif "Default" in rules:
            values[name] = _typed(name, str(rules["Default"]), rules)
        else:
            missing.append(name)
    if missing:
        raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
    return values


def _typed(name: str, text: str, rules: Mapping[str, Any]) -> str | list[str]:
    kind = rules.get("Type", "String")
    values = [part.strip() for part in text.split(",")] if "List" in kind else [text]
    for value in values:
        _check(name, value, rules)
    return values if "List" in kind else text


def _check(name: str, value: str, rules: Mapping[str, Any]) -> None:
    if "AllowedValues" in rules and value not in [str(each) for each in rules["AllowedValues"]]:
        allowed = ", ".join(map(str, rules["AllowedValues"]))
        raise invalid(f"Parameter '{name}' must be one of AllowedValues [{allowed}]")
    pattern = rules.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, value):
        said = rules.get("ConstraintDescription", f"must match pattern {pattern}")
        raise invalid(f"Parameter '{name}' {said}")
    if rules.get("Type") == "Number" and not re.fullmatch(r"-?\d+(\.\d+)?", value):
        raise invalid(f"Parameter '{name}' must be a number.")
