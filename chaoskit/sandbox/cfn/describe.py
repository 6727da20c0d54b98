"""Stacks and their parts as the CloudFormation API describes them (botocore's output shapes)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.sandbox.cfn.stacks import Event, Resource, Stack
    from chaoskit.sandbox.cfn.template import Template


def stack(this: Stack) -> dict[str, Any]:
    """An item of DescribeStacks."""
    out: dict[str, Any] = {
        "StackId": this.id,
        "StackName": this.name,
        "Description": this.template.description,
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": _shown(this, name, value)}
            for name, value in this.parameters.items()
        ],
        "CreationTime": this.created,
        "RollbackConfiguration": {},
        "StackStatus": this.status,
        "DisableRollback": this.on_failure == "DO_NOTHING",
        "NotificationARNs": [],
        "Capabilities": list(this.capabilities),
        "Outputs": [dict(output) for output in this.outputs.values()],
        "Tags": [{"Key": key, "Value": value} for key, value in this.tags.items()],
        "EnableTerminationProtection": this.termination_protection,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }
    optional = {
        "StackStatusReason": this.reason,
        "RoleARN": this.role_arn,
        "LastUpdatedTime": this.updated,
        "DeletionTime": this.deleted,
    }
    return out | {name: value for name, value in optional.items() if value}


def stack_summary(this: Stack) -> dict[str, Any]:
    """An item of ListStacks."""
    names = (
        "StackId",
        "StackName",
        "CreationTime",
        "LastUpdatedTime",
        "DeletionTime",
        "StackStatus",
        "StackStatusReason",
        "DriftInformation",
    )
    full = stack(this)
    return {name: full[name] for name in names if name in full} | {
        "TemplateDescription": this.template.description
    }


def event(this: Stack, happened: Event) -> dict[str, Any]:
    """An item of DescribeStackEvents."""
    return {
        "StackId": this.id,
        "EventId": happened.id,
        "StackName": this.name,
        "LogicalResourceId": happened.logical_id,
        "PhysicalResourceId": happened.physical_id,
        "ResourceType": happened.type,
        "Timestamp": happened.at,
        "ResourceStatus": happened.status,
        **({"ResourceStatusReason": happened.reason} if happened.reason else {}),
    }


def resource(this: Stack, made: Resource) -> dict[str, Any]:
    """An item of DescribeStackResources."""
    return {
        "StackName": this.name,
        "StackId": this.id,
        "LogicalResourceId": made.logical_id,
        "PhysicalResourceId": made.physical.id,
        "ResourceType": made.type,
        "Timestamp": made.at,
        "ResourceStatus": made.status,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }


def resource_summary(made: Resource) -> dict[str, Any]:
    """An item of ListStackResources."""
    return {
        "LogicalResourceId": made.logical_id,
        "PhysicalResourceId": made.physical.id,
        "ResourceType": made.type,
        "LastUpdatedTimestamp": made.at,
        "ResourceStatus": made.status,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }


def resource_detail(this: Stack, made: Resource) -> dict[str, Any]:
    """The answer of DescribeStackResource."""
    return {"StackName": this.name, "StackId": this.id, **resource_summary(made)}


def validated(template: Template) -> dict[str, Any]:
    """The answer of ValidateTemplate."""
    capability = template.needs_capability()
    return {
        "Description": template.description,
        "Capabilities": [capability] if capability else [],
        "Parameters": [_declared(name, rules) for name, rules in template.parameters.items()],
    }


def _declared(name: str, rules: Mapping[str, Any]) -> dict[str, Any]:
    out = {"ParameterKey": name, "NoEcho": bool(rules.get("NoEcho", False))}
    if "Default" in rules:
        out["DefaultValue"] = str(rules["Default"])
    if "Description" in rules:
        out["Description"] = rules["Description"]
    return out


def _shown(this: Stack, name: str, value: Any) -> str:
    if this.template.parameters.get(name, {}).get("NoEcho"):
        return "****"
    return ",".join(value) if isinstance(value, list) else str(value)
