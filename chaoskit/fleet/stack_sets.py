"""Brings the member roles' stack set to its template, and its stacks into all accounts of an OU.

The stack set has service-managed permissions: AWS Organizations says which accounts an OU has, and StackSets
deploys to those that join it later by itself (CloudFormation User Guide, "Create StackSets with
service-managed permissions").
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.errors import AwsError
from chaoskit.fleet.stacks import CAPABILITIES, TAGS, DeployError, Done, changed_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.aws import Aws
    from chaoskit.fleet.stacks import Pace

_NOT_FOUND: Final = "StackSetNotFoundException"
_BUSY: Final = "OperationInProgressException"
_OVER: Final = frozenset({"FAILED", "STOPPED", "SUCCEEDED"})
_MOST_TOLD: Final = 10
# A quarter of the accounts at once, and the first failures end it: a mistake must not reach all of them.
_PREFERENCES: Final = {
    "FailureTolerancePercentage": 5,
    "MaxConcurrentPercentage": 25,
    "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
}
_AUTO: Final = {"Enabled": True, "RetainStacksOnAccountRemoval": False}


@dataclass(frozen=True, slots=True)
class StackSet:
    """A stack set as it is to be.

    Attributes:
        unit: The OU whose accounts get a stack, with those of the OUs below it.
        regions: Each account gets one stack in each.
    """

    name: str
    template: str
    unit: str
    regions: tuple[str, ...]
    given: Mapping[str, str] = field(default_factory=dict)

    def bring(self, aws: Aws, accounts: frozenset[str], pace: Pace) -> Done:
        """Create or update it and its stacks.

        Args:
            aws: The organization's management account.
            accounts: The accounts that the OU has now.
            pace: How to wait.

        Raises:
            DeployError: It was refused, or stacks failed.
            AwsError: CloudFormation can't be called.
        """
        there = self.described(aws)
        done = Done.UNCHANGED
        if there is None:
            self._send(aws, "CreateStackSet", PermissionModel="SERVICE_MANAGED", **self._request())
            done = Done.CREATED
        elif any(self._differences(there)):
            self._operate(aws, pace, "UpdateStackSet", **self._request())
            done = Done.UPDATED
        regions = [region for region in self.regions if accounts - self._current(aws, region)]
        if regions:
            targets = {"OrganizationalUnitIds": [self.unit]}
            self._operate(aws, pace, "CreateStackInstances", DeploymentTargets=targets, Regions=regions)
            done = Done.UPDATED if done is Done.UNCHANGED else done
        return done

    def differences(self, aws: Aws, accounts: frozenset[str]) -> Iterator[str]:
        """What `bring` would change, line by line; nothing when it would change nothing.

        Raises:
            AwsError: CloudFormation can't be called.
        """
        there = self.described(aws)
        if there is None:
            yield f"would be created, in {_count(accounts, 'account')} and {_count(self.regions, 'region')}"
            return
        yield from self._differences(there)
        for region in self.regions:
            if missing := sorted(accounts - self._current(aws, region)):
                yield f"stacks in {region} would be made or made anew in {', '.join(missing)}"

    def elsewhere(self, aws: Aws) -> list[str]:
        """Accounts that have a stack of another OU or region: they stay as they are.

        Raises:
            AwsError: CloudFormation can't be called.
        """
        return sorted(
            {
                f"{each['Account']} ({each['Region']})"
                for each in self._instances(aws)
                if each.get("OrganizationalUnitId") != self.unit or each["Region"] not in self.regions
            }
        )

    def described(self, aws: Aws) -> dict[str, Any] | None:
        """The stack set as it is; None when there is none.

        Raises:
            AwsError: CloudFormation can't be called.
        """
        found: dict[str, Any] | None = aws.read(
            Query(
                "cloudformation", "DescribeStackSet", {"StackSetName": self.name}, "StackSet", (_NOT_FOUND,)
            )
        )
        return found

    def _request(self) -> dict[str, Any]:
        return {
            "Description": "chaoskit fleet, the roles in sandbox accounts",
            "TemplateBody": self.template,
            "Parameters": [
                {"ParameterKey": name, "ParameterValue": value} for name, value in self.given.items()
            ],
            "Capabilities": list(CAPABILITIES),
            "Tags": list(TAGS),
            "AutoDeployment": _AUTO,
            "ManagedExecution": {"Active": True},
        }

    def _differences(self, there: Mapping[str, Any]) -> Iterator[str]:
        had = {each["ParameterKey"]: each["ParameterValue"] for each in there.get("Parameters", [])}
        for name, value in self.given.items():
            if had.get(name) != value:
                yield f"parameter {name}: {had.get(name, 'its default')} -> {value}"
        yield from changed_lines(there["TemplateBody"], self.template)

    def _current(self, aws: Aws, region: str) -> set[str]:
        """The accounts whose stack in a region is as the stack set says."""
        return {
            each["Account"]
            for each in self._instances(aws)
            if each["Region"] == region and each["Status"] == "CURRENT"
        }

    def _instances(self, aws: Aws) -> list[dict[str, Any]]:
        given = {"StackSetName": self.name}
        found = aws.read(Query("cloudformation", "ListStackInstances", given, "Summaries", (_NOT_FOUND,)))
        return list(found or ())

    def _operate(self, aws: Aws, pace: Pace, operation: str, **params: Any) -> None:
        """Begin an operation and see it to its end."""
        number = self._send(aws, operation, OperationPreferences=_PREFERENCES, **params)["OperationId"]
        which = {"StackSetName": self.name, "OperationId": number}

        def look() -> str | None:
            status: str = aws.read(
                Query("cloudformation", "DescribeStackSetOperation", which, "StackSetOperation.Status")
            )
            return status if status in _OVER else None

        status = pace.until(f"{operation} on the stack set {self.name}", look)
        results = aws.read(Query("cloudformation", "ListStackSetOperationResults", which, "Summaries")) or ()
        failed = [each for each in results if each["Status"] == "FAILED"]
        if status != "SUCCEEDED" or failed:
            told = [
                f"  {each['Account']} in {each['Region']}: {each.get('StatusReason', 'no reason is given')}"
                for each in failed[:_MOST_TOLD]
            ]
            if len(failed) > _MOST_TOLD:
                told.append(f"  and {len(failed) - _MOST_TOLD} more")
            first = (
                f"{operation} on the stack set {self.name} ended as {status.lower()}. Stacks failed; mend "
                "what they say, then deploy again:"
            )
            raise DeployError("\n".join([first, *told]))

    def _send(self, aws: Aws, operation: str, **params: Any) -> Mapping[str, Any]:
        try:
            return aws.send(Call("cloudformation", operation, StackSetName=self.name, **params))
        except AwsError as error:
            if error.code == _BUSY:
                raise DeployError(
                    f"Another operation on the stack set {self.name} is going on: wait, then deploy again."
                ) from error
            if not error.sent or error.code == "NoAnswer":
                raise
            raise DeployError(f"The stack set {self.name} was refused: {error.message}") from error


def _count(things: Any, noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"
