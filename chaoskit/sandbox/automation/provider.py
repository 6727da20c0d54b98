"""The `ssm` operations of Automation: start, look at and stop executions.

Source: Systems Manager API Reference.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from chaoskit.sandbox.automation.documents import Documents
from chaoskit.sandbox.automation.execution import Execution
from chaoskit.sandbox.automation.interpreter import Interpreter
from chaoskit.sandbox.automation.parameters import InvalidParametersError, bind
from chaoskit.sandbox.automation.schema import timestamp
from chaoskit.sandbox.automation.values import resolve, text
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from chaoskit.sandbox.automation.execution import StepRun
    from chaoskit.sandbox.automation.model import Document
    from chaoskit.sandbox.wire import ApiCall, Cloud, Principal

ROLE_ARN = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]+")

REFUSED = ("Targets", "TargetMaps", "TargetLocations", "TargetLocationsURL", "AlarmConfiguration")
PAGE = 50

T = TypeVar("T")


class Automation:
    """Answers the Automation and document operations of `ssm`.

    Args:
        cloud: The sandbox it runs in.
        second: Wall seconds in one second of a script's time limit.
    """

    service = "ssm"

    def __init__(self, cloud: Cloud, *, second: float = 1.0) -> None:
        self._cloud = cloud
        self._second = second
        self._documents = Documents(cloud)
        self._executions: dict[str, Execution] = {}
        self._tokens: dict[tuple[str, str], tuple[str, str]] = {}
        self._lock = threading.Lock()

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """What is answered here; Parameter Store and the rest of `ssm` stay with moto."""
        return {
            **self._documents.operations,
            "StartAutomationExecution": self.start,
            "GetAutomationExecution": self.get,
            "DescribeAutomationExecutions": self.describe,
            "DescribeAutomationStepExecutions": self.describe_steps,
            "StopAutomationExecution": self.stop,
        }

    def start(self, call: ApiCall) -> Mapping[str, Any]:
        """Check the parameters and the role, then run the steps in the background."""
        params = call.params
        for key in REFUSED:
            if params.get(key):
                raise _invalid(f"{key} is not supported by the embedded sandbox")
        if params.get("Mode", "Auto") != "Auto":
            raise _invalid("the embedded sandbox runs executions in Auto mode only")
        name = params["DocumentName"]
        version, document = self._documents.runbook(call, name, params.get("DocumentVersion"))
        try:
            values = bind(document.parameters, params.get("Parameters", {}))
        except InvalidParametersError as error:
            raise _invalid(str(error)) from None
        execution = Execution(
            document_name=name,
            document_version=version,
            document=document,
            parameters=values,
            account=call.account,
            region=call.region,
            executed_by=call.principal.arn,
            acting=call.principal,
            has_role=False,
            started=self._cloud.now(),
        )
        known = self._known(call, execution)
        if known:
            return {"AutomationExecutionId": known}
        self._assume(execution, document)
        self._executions[execution.id] = execution
        self._cloud.spawn(Interpreter(self._cloud, execution, second=self._second).run)
        return {"AutomationExecutionId": execution.id}

    def get(self, call: ApiCall) -> Mapping[str, Any]:
        """One execution with each of its steps."""
        return {"AutomationExecution": self._find(call).shown()}

    def describe(self, call: ApiCall) -> Mapping[str, Any]:
        """The executions of the account and region, newest first."""
        filters = _filters(call, EXECUTION_FILTERS)
        found = [
            execution
            for execution in reversed(list(self._executions.values()))
            if (execution.account, execution.region) == (call.account, call.region)
            and all(EXECUTION_FILTERS[key](execution, values) for key, values in filters)
        ]
        page, token = _page(call, found)
        answer: dict[str, Any] = {
            "AutomationExecutionMetadataList": [
                {**each.metadata(), "AutomationType": "Local"} for each in page
            ]
        }
        return {**answer, "NextToken": token} if token else answer

    def describe_steps(self, call: ApiCall) -> Mapping[str, Any]:
        """The steps of one execution, those inside loops too."""
        filters = _filters(call, STEP_FILTERS)
        runs = [
            run
            for run in self._find(call).every_run()
            if all(STEP_FILTERS[key](run, values) for key, values in filters)
        ]
        if call.params.get("ReverseOrder"):
            runs.reverse()
        page, token = _page(call, runs)
        answer: dict[str, Any] = {"StepExecutions": [run.shown() for run in page]}
        return {**answer, "NextToken": token} if token else answer

    def stop(self, call: ApiCall) -> Mapping[str, Any]:
        """`Cancel` interrupts the running step; `Complete` lets it finish and runs no other."""
        execution = self._find(call)
        if execution.status.final:
            raise ApiError(
                "InvalidAutomationStatusUpdateException",
                "The specified update status operation is not valid.",
            )
        execution.stop = call.params.get("Type", "Cancel")
        return {}

    def _find(self, call: ApiCall) -> Execution:
        wanted = call.params["AutomationExecutionId"]
        execution = self._executions.get(wanted)
        if execution is None or (execution.account, execution.region) != (call.account, call.region):
            raise ApiError(
                "AutomationExecutionNotFoundException",
                f"There is no automation execution with the ID {wanted}.",
            )
        return execution

    def _known(self, call: ApiCall, execution: Execution) -> str | None:
        """The execution that the same client token already started."""
        token = call.params.get("ClientToken")
        if not token:
            return None
        wanted = text(
            [execution.document_name, call.params.get("DocumentVersion"), call.params.get("Parameters")]
        )
        with self._lock:
            started, asked = self._tokens.setdefault((call.account, token), (execution.id, wanted))
        if asked != wanted:
            raise ApiError(
                "IdempotentParameterMismatch", "The client token was used before with other parameters."
            )
        return None if started == execution.id else started

    def _assume(self, execution: Execution, document: Document) -> None:
        def look_up(name: str) -> object:
            return {"global:ACCOUNT_ID": execution.account, "global:AWS_PARTITION": "aws"}.get(
                name, execution.parameters.get(name)
            )

        role = text(resolve(document.assume_role, look_up) or "")
        if not role:
            return
        if not ROLE_ARN.fullmatch(role):
            raise _invalid("The format of the supplied assume role ARN is invalid.")
        execution.acting = self._role(role, execution)
        execution.has_role = True

    def _role(self, role: str, execution: Execution) -> Principal:
        try:
            return self._cloud.assume(
                role,
                service="ssm.amazonaws.com",
                session_name=f"Automation-{execution.id}",
                source_arn=f"arn:aws:ssm:{execution.region}:{execution.account}:automation-execution/{execution.id}",
            )
        except ApiError:
            raise _invalid("The defined assume role is unable to be assumed.") from None


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidAutomationExecutionParametersException", message)


def _at(values: Sequence[str]) -> datetime:
    try:
        return timestamp(values[0])
    except ValueError as error:
        raise ApiError("InvalidFilterValue", str(error)) from None


EXECUTION_FILTERS: Mapping[str, Callable[[Execution, Sequence[str]], bool]] = {
    "DocumentNamePrefix": lambda execution, values: execution.document_name.startswith(tuple(values)),
    "ExecutionStatus": lambda execution, values: execution.status in values,
    "ExecutionId": lambda execution, values: execution.id in values,
    "CurrentAction": lambda execution, values: (
        execution.current is not None and execution.current.step.action in values
    ),
    "StartTimeBefore": lambda execution, values: execution.started < _at(values),
    "StartTimeAfter": lambda execution, values: execution.started > _at(values),
    "AutomationType": lambda _, values: "Local" in values,
}

STEP_FILTERS: Mapping[str, Callable[[StepRun, Sequence[str]], bool]] = {
    "StepName": lambda run, values: run.step.name in values,
    "Action": lambda run, values: run.step.action in values,
    "StepExecutionId": lambda run, values: run.id in values,
    "StepExecutionStatus": lambda run, values: run.status in values,
    "StartTimeBefore": lambda run, values: run.started is not None and run.started < _at(values),
    "StartTimeAfter": lambda run, values: run.started is not None and run.started > _at(values),
    "ParentStepExecutionId": lambda run, values: run.parent is not None and run.parent.run.id in values,
    "ParentStepIteration": lambda run, values: run.parent is not None and str(run.parent.iteration) in values,
    "ParentStepIteratorValue": lambda run, values: run.parent is not None and run.parent.value in values,
}


def _filters(call: ApiCall, known: Mapping[str, object]) -> list[tuple[str, list[str]]]:
    given = [(each["Key"], each["Values"]) for each in call.params.get("Filters", [])]
    for key, _ in given:
        if key not in known:
            raise ApiError("InvalidFilterKey", f"The embedded sandbox does not filter by {key}.")
    return given


def _page(call: ApiCall, found: list[T]) -> tuple[list[T], str]:
    token = call.params.get("NextToken", "0")
    if not token.isdigit():
        raise ApiError("InvalidNextToken", "The specified token is not valid.")
    start = int(token)
    end = start + call.params.get("MaxResults", PAGE)
    return found[start:end], str(end) if end < len(found) else ""
