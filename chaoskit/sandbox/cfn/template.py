"""Reads a CloudFormation template and finds the order of its resources.

Source of the format and of the intrinsic functions: CloudFormation User Guide, Template anatomy.
"""

from __future__ import annotations

import functools
import graphlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import yaml

from chaoskit.sandbox.cfn.intrinsics import references
from chaoskit.sandbox.quick_yaml import Loader, check_depth
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_KEPT = 64
SECTIONS = frozenset(
    {
        "AWSTemplateFormatVersion",
        "Conditions",
        "Description",
        "Mappings",
        "Metadata",
        "Outputs",
        "Parameters",
        "Resources",
        "Rules",
    }
)


def invalid(message: str) -> ApiError:
    """CloudFormation's one error for anything wrong with a template or its parameters."""
    return ApiError("ValidationError", message)


@dataclass(frozen=True, slots=True)
class Template:
    """A template, parsed; its sections hold plain dicts with intrinsics in their long form.

    Attributes:
        body: The text as it was sent.
        order: The resources' logical names, each after all that it refers to or depends on.
    """

    NEVER_CHANGES: ClassVar = True

    body: str
    description: str
    parameters: Mapping[str, Mapping[str, Any]]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    resources: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, Mapping[str, Any]]
    order: tuple[str, ...]

    def depends_on(self, logical_id: str) -> frozenset[str]:
        """The resources that `logical_id` refers to or names in DependsOn."""
        return _dependencies(self.resources, logical_id)

    def needs_capability(self) -> str:
        """The capability that CreateStack must be given: CAPABILITY_NAMED_IAM, CAPABILITY_IAM or none."""
        need = ""
        for resource in self.resources.values():
            if resource["Type"].startswith("AWS::IAM::"):
                named = {"RoleName", "UserName", "GroupName", "ManagedPolicyName", "InstanceProfileName"}
                if named & set(resource.get("Properties", {})):
                    return "CAPABILITY_NAMED_IAM"
                need = "CAPABILITY_IAM"
        return need


@functools.lru_cache(_MOST_KEPT)  # a template is validated, deployed and updated: it is parsed once
def parse(body: str) -> Template:
    """Parse YAML or JSON; ApiError ValidationError, in CloudFormation's words, for what is wrong."""
    try:
        check_depth(body)
        document = yaml.load(body, Loader=TemplateLoader)  # noqa: S506 - it is a SafeLoader
    except yaml.YAMLError as error:
        raise invalid(f"Template format error: YAML not well-formed. {_place(error)}") from error
    if not isinstance(document, dict):
        raise invalid("Template format error: unsupported structure.")
    if strange := sorted(set(document) - SECTIONS):
        raise invalid(f"Invalid template property or properties [{', '.join(strange)}]")
    resources = document.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise invalid("Template format error: At least one Resources member must be defined.")
    for name, resource in resources.items():
        if not isinstance(resource, dict) or "Type" not in resource:
            raise invalid(
                f"Template format error: [/Resources/{name}] "
                "Every Resources object must contain a Type member."
            )
    return Template(
        body=body,
        description=str(document.get("Description", "")),
        parameters=document.get("Parameters") or {},
        mappings=document.get("Mappings") or {},
        conditions=document.get("Conditions") or {},
        resources=resources,
        outputs=document.get("Outputs") or {},
        order=_order(resources, set(document.get("Parameters") or {})),
    )


def _order(resources: Mapping[str, Any], parameters: set[str]) -> tuple[str, ...]:
    graph: dict[str, frozenset[str]] = {}
    for name in resources:
        known = _dependencies(resources, name) - parameters
        if missing := sorted(known - set(resources)):
            raise invalid(
                f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] "
                "in the Resources block of the template"
            )
        graph[name] = known
    try:
        return tuple(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        raise invalid(
            f"Circular dependency between resources: [{', '.join(sorted(set(error.args[1])))}]"
        ) from error


def _dependencies(resources: Mapping[str, Any], name: str) -> frozenset[str]:
    resource = resources[name]
    named = resource.get("DependsOn", [])
    explicit = {named} if isinstance(named, str) else set(named)
    return frozenset(references(resource.get("Properties", {})) | explicit)


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"(line {mark.line + 1}, column {mark.column + 1})" if mark else str(error)


class TemplateLoader(Loader):
    """YAML with CloudFormation's short tags."""


def _short_tag(loader: TemplateLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    match node:
        case yaml.ScalarNode():
            value = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


TemplateLoader.add_multi_constructor("!", _short_tag)
