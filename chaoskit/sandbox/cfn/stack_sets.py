"""CloudFormation StackSets with service-managed permissions: stacks in all accounts of an OU.

moto keeps stack sets as records, and makes no stack in another account. Here every instance is a stack that
API calls make in its account. Source: CloudFormation API Reference, "CreateStackSet", "CreateStackInstances"
and "DeploymentTargets".
"""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any, Final

from chaoskit.sandbox.cfn import describe_sets as describe
from chaoskit.sandbox.cfn.instances import Instance, Operation, StackSet, Work, accounts_under
from chaoskit.sandbox.cfn.parameters import resolve_parameters
from chaoskit.sandbox.cfn.template import invalid
from chaoskit.sandbox.state import organization_of
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from chaoskit.sandbox.cfn.template import Template
    from chaoskit.sandbox.wire import ApiCall, Cloud

_REGION: Final = "us-east-1"


class StackSets:
    """Answers the operations on stack sets; `CloudFormation` takes them in."""

    def __init__(self, cloud: Cloud, template: Callable[[ApiCall], Template]) -> None:
        """Have no stack set yet.

        Args:
            cloud: The sandbox.
            template: Reads the template that a call gives.
        """
        self._cloud = cloud
        self._template = template
        self._sets: list[StackSet] = []
        self._trusted: set[str] = set()
        self._lock = threading.Lock()

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "ActivateOrganizationsAccess": self.activate,
            "CreateStackInstances": self.create_instances,
            "CreateStackSet": self.create,
            "DeactivateOrganizationsAccess": self.deactivate,
            "DeleteStackInstances": self.delete_instances,
            "DeleteStackSet": self.delete,
            "DescribeOrganizationsAccess": self.describe_access,
            "DescribeStackInstance": self.describe_instance,
            "DescribeStackSet": self.describe,
            "DescribeStackSetOperation": self.describe_operation,
            "ListStackInstances": self.list_instances,
            "ListStackSetOperationResults": self.list_results,
            "ListStackSetOperations": self.list_operations,
            "ListStackSets": self.list_sets,
            "UpdateStackSet": self.update,
        }

    def activate(self, call: ApiCall) -> Mapping[str, Any]:
        """Let StackSets into the organization's accounts; only its management account may."""
        self._check_management(call)
        self._trusted.add(call.account)
        return {}

    def deactivate(self, call: ApiCall) -> Mapping[str, Any]:
        """Take it back."""
        self._check_management(call)
        self._trusted.discard(call.account)
        return {}

    def describe_access(self, call: ApiCall) -> Mapping[str, Any]:
        """Whether StackSets is let in."""
        return {"Status": "ENABLED" if call.account in self._trusted else "DISABLED"}

    def create(self, call: ApiCall) -> Mapping[str, Any]:
        """Keep a stack set; its stacks come with its instances."""
        params, name = call.params, call.params["StackSetName"]
        if params.get("PermissionModel", "SELF_MANAGED") != "SERVICE_MANAGED":
            raise invalid("The sandbox's StackSets take PermissionModel SERVICE_MANAGED only.")
        self._check_trusted(call)
        template = self._template(call)
        made = StackSet(
            id=f"{name}:{uuid.uuid4()}",
            name=name,
            account=call.account,
            body=template.body,
            parameters=_parameters(template, params.get("Parameters", []), {}),
            tags=_tags(params),
            capabilities=tuple(params.get("Capabilities", [])),
            description=params.get("Description", ""),
            auto_deployment=dict(params.get("AutoDeployment", {"Enabled": False})),
            managed_execution=bool(params.get("ManagedExecution", {}).get("Active")),
        )
        with self._lock:
            if any(each.name == name for each in self._of(call)):
                raise ApiError("NameAlreadyExistsException", f"Stack set {name} already exists")
            self._sets.append(made)
        return {"StackSetId": made.id}

    def update(self, call: ApiCall) -> Mapping[str, Any]:
        """Change a stack set, and the stacks of all its instances or of those in some OUs."""
        params, this = call.params, self._find(call)
        self._check_trusted(call)
        template = self._template(call) if not params.get("UsePreviousTemplate") else None
        operation = self._begin(call, this, "UPDATE")
        if template:
            this.body = template.body
            this.parameters = _parameters(template, params.get("Parameters", []), this.parameters)
        this.tags = _tags(params) if "Tags" in params else this.tags
        this.capabilities = tuple(params.get("Capabilities", this.capabilities))
        this.description = params.get("Description", this.description)
        this.auto_deployment = dict(params.get("AutoDeployment", this.auto_deployment))
        regions = set(params.get("Regions", []))
        doomed = [
            each
            for each in this.instances
            if (not operation.units or self._within(this, each.account, operation.units))
            and (not regions or each.region in regions)
        ]
        self._cloud.spawn(lambda: Work(self._cloud, this, operation).bring(doomed))
        return {"OperationId": operation.id}

    def delete(self, call: ApiCall) -> Mapping[str, Any]:
        """Forget a stack set without instances."""
        this = self._find(call)
        with self._lock:
            if this.instances:
                raise ApiError("StackSetNotEmptyException", "StackSet is not empty")
            self._sets.remove(this)
        return {}

    def create_instances(self, call: ApiCall) -> Mapping[str, Any]:
        """Start making stacks in all accounts of the OUs and in the regions."""
        params, this = call.params, self._find(call)
        self._check_trusted(call)
        overrides = {
            each["ParameterKey"]: each["ParameterValue"] for each in params.get("ParameterOverrides", [])
        }
        places = list(self._places(this, params))
        operation = self._begin(call, this, "CREATE")
        known = {(each.account, each.region): each for each in this.instances}
        wanted = [
            known.get((account, region)) or Instance(account, region, unit, overrides)
            for account, region, unit in places
        ]
        this.instances += [each for each in wanted if (each.account, each.region) not in known]
        self._cloud.spawn(lambda: Work(self._cloud, this, operation).bring(wanted))
        return {"OperationId": operation.id}

    def delete_instances(self, call: ApiCall) -> Mapping[str, Any]:
        """Start deleting stacks, or letting them go."""
        params, this = call.params, self._find(call)
        places = {(account, region) for account, region, _ in self._places(this, params)}
        operation = self._begin(call, this, "DELETE")
        doomed = [each for each in this.instances if (each.account, each.region) in places]
        retain = bool(params.get("RetainStacks"))
        self._cloud.spawn(lambda: Work(self._cloud, this, operation).remove(doomed, retain=retain))
        return {"OperationId": operation.id}

    def describe(self, call: ApiCall) -> Mapping[str, Any]:
        """A stack set as it is."""
        return {"StackSet": describe.stack_set(self._find(call), _REGION)}

    def list_sets(self, call: ApiCall) -> Mapping[str, Any]:
        """The account's stack sets."""
        return {"Summaries": [describe.stack_set_summary(each) for each in self._of(call)]}

    def list_instances(self, call: ApiCall) -> Mapping[str, Any]:
        """A stack set's instances, or those of an account or region."""
        this, params = self._find(call), call.params
        account, region = params.get("StackInstanceAccount"), params.get("StackInstanceRegion")
        found = [
            each
            for each in list(this.instances)
            if account in (None, each.account) and region in (None, each.region)
        ]
        return {"Summaries": [describe.instance(this, each) for each in found]}

    def describe_instance(self, call: ApiCall) -> Mapping[str, Any]:
        """One instance."""
        this, params = self._find(call), call.params
        wanted = params["StackInstanceAccount"], params["StackInstanceRegion"]
        for each in list(this.instances):
            if (each.account, each.region) == wanted:
                overrides = [{"ParameterKey": k, "ParameterValue": v} for k, v in each.overrides.items()]
                return {"StackInstance": {**describe.instance(this, each), "ParameterOverrides": overrides}}
        raise ApiError("StackInstanceNotFoundException", f"StackInstance not found in {wanted[0]}", 404)

    def describe_operation(self, call: ApiCall) -> Mapping[str, Any]:
        """One operation; `Status` tells whether it is over."""
        this = self._find(call)
        return {"StackSetOperation": describe.operation(this, self._operation(this, call))}

    def list_operations(self, call: ApiCall) -> Mapping[str, Any]:
        """A stack set's operations, newest first."""
        this = self._find(call)
        return {"Summaries": [describe.operation_summary(each) for each in reversed(this.operations)]}

    def list_results(self, call: ApiCall) -> Mapping[str, Any]:
        """What came of an operation in each account and region."""
        return {"Summaries": list(self._operation(self._find(call), call).results)}

    def _begin(self, call: ApiCall, this: StackSet, action: str) -> Operation:
        params = call.params
        preferences, targets = params.get("OperationPreferences", {}), params.get("DeploymentTargets", {})
        tolerated = int(preferences.get("FailureToleranceCount", 0))
        if "FailureTolerancePercentage" in preferences:
            share = int(preferences["FailureTolerancePercentage"])
            tolerated = len({each.account for each in this.instances}) * share // 100
        units = tuple(targets.get("OrganizationalUnitIds", ()))
        started = Operation(params.get("OperationId") or str(uuid.uuid4()), action, call.at, units, tolerated)
        with self._lock:
            if any(each.status == "RUNNING" for each in this.operations):
                raise ApiError(
                    "OperationInProgressException",
                    f"Another Operation on StackSet {this.id} is in progress",
                    409,
                )
            this.operations.append(started)
        return started

    def _places(self, this: StackSet, params: Mapping[str, Any]) -> Iterable[tuple[str, str, str]]:
        targets = params.get("DeploymentTargets", {})
        units = targets.get("OrganizationalUnitIds", ())
        if params.get("Accounts") or not units:
            raise invalid(
                "StackSets with SERVICE_MANAGED permission model can only have OrganizationalUnit as target"
            )
        if targets.get("AccountFilterType", "NONE") != "NONE":
            raise invalid("The sandbox's StackSets take all accounts of an OU: AccountFilterType NONE.")
        for region in params["Regions"]:
            for unit in units:
                for account in self._accounts(this, unit):
                    yield account, region, unit

    def _accounts(self, this: StackSet, unit: str) -> list[str]:
        with self._cloud.lock:
            try:
                return list(accounts_under(this.account, unit))
            except KeyError:
                raise invalid(f"OrganizationalUnitId {unit} does not exist") from None

    def _within(self, this: StackSet, account: str, units: Iterable[str]) -> bool:
        return any(account in self._accounts(this, unit) for unit in units)

    def _check_management(self, call: ApiCall) -> None:
        with self._cloud.lock:
            held = organization_of(call.account)
            master = held.org.master_account_id if held is not None and held.org is not None else None
        if master != call.account:
            raise ApiError(
                "InvalidOperationException", "You must be the management account of an organization", 400
            )

    def _check_trusted(self, call: ApiCall) -> None:
        if call.params.get("CallAs", "SELF") != "SELF":
            raise invalid("The sandbox's StackSets know no delegated administrators: CallAs SELF.")
        self._check_management(call)
        if call.account not in self._trusted:
            raise invalid("You must enable organizations access to operate a service managed stack set")

    def _of(self, call: ApiCall) -> list[StackSet]:
        return [each for each in list(self._sets) if each.account == call.account]

    def _find(self, call: ApiCall) -> StackSet:
        wanted = call.params["StackSetName"]
        for each in self._of(call):
            if wanted in (each.name, each.id):
                return each
        raise ApiError("StackSetNotFoundException", f"StackSet {wanted} not found", 404)

    def _operation(self, this: StackSet, call: ApiCall) -> Operation:
        wanted = call.params["OperationId"]
        for each in this.operations:
            if each.id == wanted:
                return each
        raise ApiError("OperationNotFoundException", f"Operation {wanted} not found", 404)


def _parameters(
    template: Template, given: list[Mapping[str, Any]], previous: Mapping[str, Any]
) -> dict[str, str]:
    """Every parameter's value as the API tells it; lists as texts."""
    values = resolve_parameters(template, given, previous)
    return {
        name: ",".join(value) if isinstance(value, list) else str(value) for name, value in values.items()
    }


def _tags(params: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in params.get("Tags", [])}
