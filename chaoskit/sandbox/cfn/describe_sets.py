"""Stack sets and their parts as the CloudFormation API describes them (botocore's output shapes)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chaoskit.sandbox.cfn.instances import Instance, Operation, StackSet


def stack_set(this: StackSet, region: str) -> dict[str, Any]:
    """The answer of DescribeStackSet."""
    return {
        **stack_set_summary(this),
        "TemplateBody": this.body,
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": value} for name, value in this.parameters.items()
        ],
        "Capabilities": list(this.capabilities),
        "Tags": [{"Key": key, "Value": value} for key, value in this.tags.items()],
        "StackSetARN": f"arn:aws:cloudformation:{region}:{this.account}:stackset/{this.id}",
        "OrganizationalUnitIds": sorted({each.unit for each in this.instances}),
        "Regions": sorted({each.region for each in this.instances}),
    }


def stack_set_summary(this: StackSet) -> dict[str, Any]:
    """An item of ListStackSets."""
    return {
        "StackSetName": this.name,
        "StackSetId": this.id,
        "Description": this.description,
        "Status": this.status,
        "AutoDeployment": dict(this.auto_deployment),
        "PermissionModel": "SERVICE_MANAGED",
        "ManagedExecution": {"Active": this.managed_execution},
    }


def instance(this: StackSet, which: Instance) -> dict[str, Any]:
    """An item of ListStackInstances."""
    return {
        "StackSetId": this.id,
        "Account": which.account,
        "Region": which.region,
        "StackId": which.stack_id,
        "Status": which.status,
        "StatusReason": which.reason,
        "StackInstanceStatus": {"DetailedStatus": which.detail},
        "OrganizationalUnitId": which.unit,
        "DriftStatus": "NOT_CHECKED",
        "LastOperationId": which.operation,
    }


def operation_summary(which: Operation) -> dict[str, Any]:
    """An item of ListStackSetOperations."""
    failed = sum(each["Status"] == "FAILED" for each in which.results)
    return {
        "OperationId": which.id,
        "Action": which.action,
        "Status": which.status,
        "StatusReason": which.reason,
        "StatusDetails": {"FailedStackInstancesCount": failed},
        "CreationTimestamp": which.created,
        **({"EndTimestamp": which.ended} if which.ended else {}),
    }


def operation(this: StackSet, which: Operation) -> dict[str, Any]:
    """The answer of DescribeStackSetOperation."""
    return {
        **operation_summary(which),
        "StackSetId": this.id,
        "DeploymentTargets": {"OrganizationalUnitIds": list(which.units)},
    }
