"""Brings a CloudFormation stack to a template, or tells what that would change."""

from __future__ import annotations

import difflib
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.errors import AwsError, ChaoskitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chaoskit.aws import Aws

TAGS: Final = ({"Key": "project", "Value": "chaoskit"},)
"""On everything that is deployed."""
CAPABILITIES: Final = ("CAPABILITY_NAMED_IAM",)
_MISSING: Final = "does not exist"
_NOTHING_TO_DO: Final = "No updates are to be performed"
# A stack in one of these can only be deleted (CloudFormation User Guide, "Stack status codes").
_DEAD: Final = frozenset({"CREATE_FAILED", "DELETE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"})
_GOOD: Final = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})


class DeployError(ChaoskitError):
    """Something could not be deployed; the message says what, where, and what to do."""


class Done(StrEnum):
    """What became of something that was to be deployed."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "as it was"


@dataclass(frozen=True, slots=True)
class Pace:
    """How to wait.

    Attributes:
        poll: Seconds between two looks.
        timeout: Seconds to wait for one operation.
        sleep: Waits; it may come back earlier when the operation is over.
    """

    poll: float = 5.0
    timeout: float = 3600.0
    sleep: Callable[[float], object] = time.sleep

    def until(self, what: str, look: Callable[[], Any]) -> Any:
        """Look until there is an answer.

        Raises:
            DeployError: There was none in time.
        """
        waited = 0.0
        while (answer := look()) is None:
            if waited >= self.timeout:
                raise DeployError(
                    f"{what} is still going on after {self.timeout:.0f} s: wait, then deploy again."
                )
            self.sleep(self.poll)
            waited += self.poll
        return answer


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack as it is to be.

    Attributes:
        given: Parameters; the others keep their values, or have their defaults.
    """

    name: str
    template: str
    given: Mapping[str, str] = field(default_factory=dict)

    def bring(self, aws: Aws, pace: Pace) -> tuple[Done, dict[str, str]]:
        """Create or update it; what was done, and its outputs.

        Raises:
            DeployError: It was refused, failed, or goes on for too long.
            AwsError: CloudFormation can't be called.
        """
        there = self._settled(aws, pace)
        if there is not None and there["StackStatus"] in _DEAD:
            raise DeployError(
                f"The stack {self.name} in account {aws.account} is {there['StackStatus']}: look at its "
                "events, delete it, then deploy again."
            )
        if not self._start(aws, there):
            return Done.UNCHANGED, outputs(there)
        now = self._settled(aws, pace)
        if now is None or now["StackStatus"] not in _GOOD:
            raise DeployError(
                f"The stack {self.name} was not deployed to account {aws.account}: {self._why(aws)}"
            )
        return Done.UPDATED if there else Done.CREATED, outputs(now)

    def differences(self, aws: Aws) -> Iterator[str]:
        """What `bring` would change, line by line; nothing when it would change nothing.

        Raises:
            AwsError: CloudFormation can't be called.
        """
        there = self._described(aws)
        if there is None:
            yield f"would be created, with {self.template.count(chr(10) + '    Type: AWS::')} resources"
            return
        had = {each["ParameterKey"]: each["ParameterValue"] for each in there.get("Parameters", [])}
        for name, value in self.given.items():
            if had.get(name) != value:
                yield f"parameter {name}: {had.get(name, 'its default')} -> {value}"
        body = aws.read(Query("cloudformation", "GetTemplate", {"StackName": self.name}, "TemplateBody"))
        yield from changed_lines(body, self.template)

    def _start(self, aws: Aws, there: Mapping[str, Any] | None) -> bool:
        """Begin the operation; False when there is nothing to do."""
        keeping = {each["ParameterKey"] for each in (there or {}).get("Parameters", [])} - self.given.keys()
        declared = self._declared(aws)
        parameters: list[dict[str, Any]] = [
            {"ParameterKey": name, "ParameterValue": value} for name, value in self.given.items()
        ]
        parameters += [
            {"ParameterKey": name, "UsePreviousValue": True} for name in sorted(keeping & declared)
        ]
        request: dict[str, Any] = {
            "StackName": self.name,
            "TemplateBody": self.template,
            "Parameters": parameters,
            "Capabilities": list(CAPABILITIES),
            "Tags": list(TAGS),
        }
        try:
            aws.send(Call("cloudformation", "UpdateStack" if there else "CreateStack", **request))
        except AwsError as error:
            if _NOTHING_TO_DO in error.message:
                return False
            if not error.sent or error.code == "NoAnswer":
                raise
            raise DeployError(
                f"The stack {self.name} was refused in account {aws.account}: {error.message}"
            ) from error
        return True

    def _declared(self, aws: Aws) -> set[str]:
        """The template's parameters.

        Raises:
            DeployError: One is given that it does not have.
        """
        declared = set(
            aws.read(
                Query(
                    "cloudformation",
                    "ValidateTemplate",
                    {"TemplateBody": self.template},
                    "Parameters[].ParameterKey",
                )
            )
        )
        for name in self.given:
            if name not in declared:
                close = difflib.get_close_matches(name, declared, n=1)
                hint = f" Did you mean {close[0]}?" if close else f" It has {', '.join(sorted(declared))}."
                raise DeployError(f"The template of {self.name} has no parameter {name}.{hint}")
        return declared

    def _settled(self, aws: Aws, pace: Pace) -> dict[str, Any] | None:
        """The stack once no operation runs on it; None when it does not exist."""

        def look() -> tuple[dict[str, Any] | None] | None:
            found = self._described(aws)
            return None if found and found["StackStatus"].endswith("_IN_PROGRESS") else (found,)

        (found,) = pace.until(f"An operation on the stack {self.name} in account {aws.account}", look)
        settled: dict[str, Any] | None = found
        return settled

    def _described(self, aws: Aws) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] | None = aws.read(
                Query("cloudformation", "DescribeStacks", {"StackName": self.name}, "Stacks[0]")
            )
        except AwsError as error:
            if _MISSING in error.message:
                return None
            raise
        return found

    def _why(self, aws: Aws) -> str:
        """The first failure of its last operation."""
        reason = "no reason is given"
        for event in aws.read(
            Query("cloudformation", "DescribeStackEvents", {"StackName": self.name}, "StackEvents")
        ):
            if event.get("ResourceStatusReason") == "User Initiated":
                break
            if event["ResourceStatus"].endswith("_FAILED") and event.get("ResourceStatusReason"):
                reason = f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
        return reason


def outputs(stack: Mapping[str, Any] | None) -> dict[str, str]:
    """A stack's outputs by name."""
    return {each["OutputKey"]: each["OutputValue"] for each in (stack or {}).get("Outputs", [])}


def changed_lines(before: str, after: str) -> Iterator[str]:
    """The lines of a template that differ, with those around them."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), "deployed", "wanted", n=2, lineterm=""
    )
    yield from lines
