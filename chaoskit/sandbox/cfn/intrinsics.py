"""CloudFormation's intrinsic functions, evaluated on a template's plain values.

Source: CloudFormation Template Reference, Intrinsic function reference and Pseudo parameters.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NO_VALUE = object()
"""What `AWS::NoValue` stands for: the property that holds it is left out."""

_VARIABLE = re.compile(r"\$\{([^!{}][^{}]*)\}")
_LITERAL = re.compile(r"\$\{!([^{}]*)\}")


def _error(message: str) -> ApiError:
    return ApiError("ValidationError", f"Template error: {message}")


def references(node: Any) -> set[str]:
    """The logical names that a value refers to through Ref, GetAtt and Sub; pseudo parameters left out."""
    match node:
        case {"Ref": str(name)} if len(node) == 1:
            return set() if name.startswith("AWS::") else {name}
        case {"Fn::GetAtt": [str(name), *_]} if len(node) == 1:
            return {name}
        case {"Fn::Sub": argument} if len(node) == 1:
            return _sub_references(argument)
        case dict():
            return set().union(*map(references, node.values()))
        case list():
            return set().union(*map(references, node))
    return set()


def _sub_references(argument: Any) -> set[str]:
    text, given = argument if isinstance(argument, list) else (argument, {})
    names = {found.split(".", 1)[0].strip() for found in _VARIABLE.findall(text)} - set(given)
    return {name for name in names if not name.startswith("AWS::")} | references(list(given.values()))


@dataclass(slots=True)
class Scope:
    """What the functions of one stack may look at.

    Attributes:
        values: Parameters and pseudo parameters by name.
        reference: `Ref` of a resource, its physical id.
        attribute: `Fn::GetAtt` of a resource and an attribute.
        exports: `Fn::ImportValue` by export name.
    """

    values: Mapping[str, Any]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    reference: Callable[[str], str]
    attribute: Callable[[str, str], Any]
    exports: Mapping[str, str] = field(default_factory=dict)

    def resolve(self, node: Any) -> Any:
        """The value with every function evaluated; ApiError ValidationError where one cannot be."""
        match node:
            case dict() if len(node) == 1 and (name := next(iter(node))) in _FUNCTIONS:
                return _FUNCTIONS[name](self, node[name])
            case dict():
                pairs = ((key, self.resolve(value)) for key, value in node.items())
                return {key: value for key, value in pairs if value is not NO_VALUE}
            case list():
                return [value for value in map(self.resolve, node) if value is not NO_VALUE]
        return node

    def holds(self, condition: str) -> bool:
        """Whether the named condition of the template is true."""
        if condition not in self.conditions:
            raise _error(f"unresolved condition dependency {condition}")
        return self._true(self.conditions[condition])

    def _true(self, node: Any) -> bool:
        match node:
            case {"Condition": str(name)}:
                return self.holds(name)
            case {"Fn::And": list(parts)}:
                return all(map(self._true, parts))
            case {"Fn::Or": list(parts)}:
                return any(map(self._true, parts))
            case {"Fn::Not": [part]}:
                return not self._true(part)
            case {"Fn::Equals": [left, right]}:
                return str(self.resolve(left)) == str(self.resolve(right))
        raise _error(f"{json.dumps(node)} is not a condition")

    def _ref(self, name: Any) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        return self.values[name] if name in self.values else self.reference(name)

    def _get_att(self, argument: Any) -> Any:
        name, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
        return self.attribute(name, str(self.resolve(attribute)))

    def _sub(self, argument: Any) -> str:
        text, given = argument if isinstance(argument, list) else (argument, {})
        own = {name: self.resolve(value) for name, value in given.items()}

        def replace(found: re.Match[str]) -> str:
            name = found[1].strip()
            if name in own:
                return str(own[name])
            return str(self._get_att(name) if "." in name else self._ref(name))

        return _LITERAL.sub(r"${\1}", _VARIABLE.sub(replace, text))

    def _join(self, argument: Any) -> str:
        separator, parts = argument
        return str(separator).join(map(str, self.resolve(parts)))

    def _select(self, argument: Any) -> Any:
        index, parts = self.resolve(argument[0]), self.resolve(argument[1])
        if not 0 <= int(index) < len(parts):
            raise _error(f"Fn::Select cannot select nonexistent value at index {index}")
        return parts[int(index)]

    def _split(self, argument: Any) -> list[str]:
        return str(self.resolve(argument[1])).split(argument[0])

    def _if(self, argument: Any) -> Any:
        name, then, otherwise = argument
        return self.resolve(then if self.holds(name) else otherwise)

    def _find_in_map(self, argument: Any) -> Any:
        name, top, second = (self.resolve(part) for part in argument)
        try:
            return self.mappings[name][top][second]
        except KeyError:
            raise _error(f"Unable to get mapping for {name}::{top}::{second}") from None

    def _import_value(self, argument: Any) -> str:
        name = self.resolve(argument)
        if name not in self.exports:
            raise ApiError("ValidationError", f"No export named {name} found.")
        return self.exports[name]

    def _get_azs(self, argument: Any) -> list[str]:
        region = self.resolve(argument) or self.values["AWS::Region"]
        return [f"{region}{zone}" for zone in "abcdef"]

    def _base64(self, argument: Any) -> str:
        return base64.b64encode(str(self.resolve(argument)).encode()).decode()

    def _to_json(self, argument: Any) -> str:
        return json.dumps(self.resolve(argument), separators=(",", ":"))


_FUNCTIONS: Mapping[str, Callable[[Scope, Any], Any]] = {
    "Ref": Scope._ref,  # noqa: SLF001 - the table is part of the class
    "Fn::GetAtt": Scope._get_att,  # noqa: SLF001 - as above
    "Fn::Sub": Scope._sub,  # noqa: SLF001 - as above
    "Fn::Join": Scope._join,  # noqa: SLF001 - as above
    "Fn::Select": Scope._select,  # noqa: SLF001 - as above
    "Fn::Split": Scope._split,  # noqa: SLF001 - as above
    "Fn::If": Scope._if,  # noqa: SLF001 - as above
    "Fn::FindInMap": Scope._find_in_map,  # noqa: SLF001 - as above
    "Fn::ImportValue": Scope._import_value,  # noqa: SLF001 - as above
    "Fn::GetAZs": Scope._get_azs,  # noqa: SLF001 - as above
    "Fn::Base64": Scope._base64,  # noqa: SLF001 - as above
    "Fn::ToJsonString": Scope._to_json,  # noqa: SLF001 - as above
}
