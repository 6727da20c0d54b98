"""Brings CloudFormation stacks to their templates by boto3, the same way on AWS and embedded."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TAGS = ({"Key": "project", "Value": "chaoskit"},)
"""On everything that is deployed."""

_MISSING = "does not exist"
_NOTHING_TO_DO = "No updates are to be performed"
_NOT_YET_ASSUMABLE = "cannot be assumed"
# A stack in one of these can only be deleted (CloudFormation User Guide, Stack status codes).
_DEAD = frozenset({"CREATE_FAILED", "DELETE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"})


class DeploymentError(Exception):
    """The workload could not be deployed or removed; the message says what and where."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How to wait for a stack.

    Attributes:
        poll: Seconds between two looks.
        timeout: Seconds to wait for one stack operation; an endpoint takes AWS some minutes.
        sleep: Waits; it may come back earlier when the operation is over.
    """

    poll: float = 5.0
    timeout: float = 1800.0
    sleep: Callable[[float], object] = time.sleep


def bring(
    cloudformation: Any,
    name: str,
    template: Mapping[str, str],
    given: Mapping[str, str],
    pace: Pace,
    *,
    role_arn: str = "",
) -> dict[str, str]:
    """Create the stack, or update it to the template; its outputs.

    Args:
        cloudformation: A boto3 client.
        name: The stack's name.
        template: The template, by `TemplateBody` or `TemplateURL`.
        given: Parameters; those that the template does not declare are left out.
        pace: How to wait.
        role_arn: The service role that CloudFormation is to act as; as the caller if empty.

    Raises:
        DeploymentError: The stack was refused or failed, or is still in progress.
    """
    declared = {each["ParameterKey"] for each in cloudformation.validate_template(**template)["Parameters"]}
    request: dict[str, Any] = {
        "StackName": name,
        **template,
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in given.items() if key in declared
        ],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "Tags": list(TAGS),
    }
    if role_arn:
        request["RoleARN"] = role_arn
    stack = _settled(cloudformation, name, pace)
    if stack is not None and stack["StackStatus"] in _DEAD:
        remove(cloudformation, name, pace)
        stack = None
    if stack is None:
        _start(cloudformation.create_stack, request, pace)
    elif not _start(cloudformation.update_stack, request, pace):
        return outputs_of(stack)
    stack = _settled(cloudformation, name, pace)
    if stack is None or stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise DeploymentError(f"the stack {name} was not deployed: {_why(cloudformation, name)}")
    return outputs_of(stack)


def _start(operation: Callable[..., Any], request: Mapping[str, Any], pace: Pace) -> bool:
    """Begin a stack operation; False when there is nothing to do."""
    for attempt in range(13):
        try:
            operation(**request)
        except ClientError as error:
            said = error.response["Error"]["Message"]
            if _NOTHING_TO_DO in said:
                return False
            # IAM is eventually consistent: a role made seconds ago may not be known everywhere.
            if _NOT_YET_ASSUMABLE in said and attempt < 12:  # noqa: PLR2004 - a minute at AWS's pace
                pace.sleep(pace.poll)
                continue
            raise DeploymentError(f"the stack {request['StackName']} was refused: {said}") from error
        return True
    return False


def _settled(cloudformation: Any, name: str, pace: Pace) -> dict[str, Any] | None:
    """The stack once no operation runs on it; None when it does not exist."""
    waited = 0.0
    while True:
        stack = describe(cloudformation, name)
        if stack is None or not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack
        if waited >= pace.timeout:
            raise DeploymentError(
                f"the stack {name} is still {stack['StackStatus']} after {pace.timeout:.0f} s: "
                "look at its events, then deploy again"
            )
        pace.sleep(pace.poll)
        waited += pace.poll


def describe(cloudformation: Any, name: str) -> dict[str, Any] | None:
    """The stack as it is now; None when it does not exist."""
    try:
        stack: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if _MISSING in error.response["Error"]["Message"]:
            return None
        raise
    return stack


def remove(cloudformation: Any, name: str, pace: Pace) -> None:
    """Delete the stack if it exists; DeploymentError when something of it cannot be deleted."""
    if describe(cloudformation, name) is None:
        return
    cloudformation.delete_stack(StackName=name)
    if _settled(cloudformation, name, pace) is not None:
        raise DeploymentError(f"the stack {name} was not deleted: {_why(cloudformation, name)}")


def _why(cloudformation: Any, name: str) -> str:
    """The first failure of the stack's last operation."""
    reason = "no reason is given"
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=name):
        for event in page["StackEvents"]:
            if event.get("ResourceStatusReason") == "User Initiated":
                return reason
            if event["ResourceStatus"].endswith("_FAILED") and "ResourceStatusReason" in event:
                reason = f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
    return reason


def outputs_of(stack: Mapping[str, Any]) -> dict[str, str]:
    """A stack's outputs by name."""
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
