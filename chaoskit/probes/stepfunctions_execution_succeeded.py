"""Looks whether a state machine repaired what the fault touched."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe
from chaoskit.probes._repairs import touched_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("stepfunctions.execution-succeeded")
class ExecutionSucceeded(Probe):
    """An execution of the Step Functions state machine, started since the fault, succeeded.

    It counts only if its input is the CloudTrail event of one of the fault's own calls, or, for an input of
    another form, names something that the fault had touched. While a later one of these goes on or has
    failed, an earlier one's success says nothing. Express state machines keep no executions.

    Attributes:
        state_machine: The state machine's name.
    """

    state_machine: str

    reads = (
        "stepfunctions:ListStateMachines",
        "stepfunctions:ListExecutions",
        "stepfunctions:DescribeExecution",
        "stepfunctions:GetExecutionHistory",
    )

    def before(self, aws: Reader, trace: Trace) -> frozenset[str]:
        """The executions that an earlier run's fault, or somebody else, has started."""
        machine = self._machine(aws)
        return frozenset(self._started(aws, machine, trace) if machine else ())

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """List the executions since the fault and read the input and the end of each."""
        machine = self._machine(aws)
        if not machine:
            return Observation(holds=False, summary=f"there is no state machine {self.state_machine}")
        failed: Mapping[str, Any] | None = None
        succeeded: Mapping[str, Any] | None = None
        for arn in self._started(aws, machine, trace):
            execution = aws.read(Query("stepfunctions", "DescribeExecution", {"executionArn": arn}, "@"))
            if not _tied(execution, trace):
                continue
            if execution["status"] != "SUCCEEDED":
                failed = execution
                break
            succeeded = execution
        if succeeded:
            return self._succeeded(succeeded)
        if failed:
            return self._failed(aws, failed)
        return Observation(
            holds=False, summary=f"state machine {self.state_machine} has not been started for this fault"
        )

    def _machine(self, aws: Reader) -> str | None:
        """Its ARN."""
        named = f"stateMachines[?name == '{self.state_machine}'].stateMachineArn"
        found: list[str] = aws.read(Query("stepfunctions", "ListStateMachines", {}, named)) or []
        return next(iter(found), None)

    def _started(self, aws: Reader, machine: str, trace: Trace) -> Iterator[str]:
        """The executions since the run began that are not from before the fault, newest first, as listed."""
        listed = aws.read(
            Query("stepfunctions", "ListExecutions", {"stateMachineArn": machine}, "executions")
        )
        for each in listed or []:
            recent = datetime.fromisoformat(each["startDate"]) >= trace.since.replace(microsecond=0)
            if recent and each["executionArn"] not in trace.before:
                yield each["executionArn"]

    def _succeeded(self, execution: Mapping[str, Any]) -> Observation:
        ended = execution.get("stopDate")
        return Observation(
            holds=True,
            summary=f"state machine {self.state_machine} succeeded",
            evidence={"state_machine": self.state_machine, "execution_arn": execution["executionArn"]},
            at=datetime.fromisoformat(ended) if ended else None,
            final=True,
        )

    def _failed(self, aws: Reader, execution: Mapping[str, Any]) -> Observation:
        status = execution["status"]
        arn = execution["executionArn"]
        why = ": ".join(text for text in (execution.get("error"), execution.get("cause")) if text)
        states = aws.read(
            Query(
                "stepfunctions",
                "GetExecutionHistory",
                {"executionArn": arn},
                "events[].stateEnteredEventDetails.name",
            )
        )
        at = f" in state {states[-1]}" if states and why else ""
        return Observation(
            holds=False,
            summary=f"state machine {self.state_machine} is {status}{at}{': ' + why if why else ''}",
            evidence={"execution_arn": arn, "status": status, "states": states or [], "failure": why},
        )


def _tied(execution: Mapping[str, Any], trace: Trace) -> bool:
    """Whether an execution's input says that what this run's fault had done is what it is about."""
    try:
        event = json.loads(execution.get("input", ""))
    except ValueError:
        return False
    detail = event.get("detail") if isinstance(event, dict) else None
    if isinstance(detail, dict) and "eventName" in detail:
        tie = trace.caused(detail)
        return tie is not None and tie.attempt.outcome == "applied"
    touched = touched_by(trace, datetime.fromisoformat(execution["startDate"]))
    return not touched.isdisjoint(_texts(event))


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)
