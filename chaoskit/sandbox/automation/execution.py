"""The state of one execution and of each of its steps, and how the API shows them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.automation.parameters import unbind
from chaoskit.sandbox.automation.values import dump

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from chaoskit.sandbox.automation.model import Document, Step
    from chaoskit.sandbox.wire import Principal

NO_OUTPUT = "No output available yet because the step is not successfully executed"


class Status(StrEnum):
    """AutomationExecutionStatus, as far as it occurs here."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    WAITING = "Waiting"
    SUCCESS = "Success"
    FAILED = "Failed"
    TIMED_OUT = "TimedOut"
    CANCELLING = "Cancelling"
    CANCELLED = "Cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing more will happen."""
        return self in {Status.SUCCESS, Status.FAILED, Status.TIMED_OUT, Status.CANCELLED}


@dataclass(frozen=True, slots=True)
class StepFailure:
    """Why a step failed: the message, and the stage and type of FailureDetails (API Reference)."""

    message: str
    stage: str = "Invocation"
    type: str = "Action"
    details: Mapping[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parent:
    """The loop iteration that a step ran in."""

    run: StepRun
    iteration: int
    value: str | None


@dataclass(slots=True)
class StepRun:
    """One run of a step."""

    step: Step
    parent: Parent | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: Status = Status.PENDING
    started: datetime | None = None
    ended: datetime | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    response: str = ""
    next_step: str | None = None
    failure: StepFailure | None = None

    def shown(self) -> dict[str, Any]:
        """The `StepExecution` of the API."""
        step = self.step
        answer: dict[str, Any] = {
            "StepName": step.name,
            "Action": step.action,
            "StepExecutionId": self.id,
            "StepStatus": str(self.status),
            "OnFailure": step.on_failure,
            "MaxAttempts": step.max_attempts,
            "IsEnd": step.is_end,
            "IsCritical": step.is_critical,
            "Inputs": {name: dump(value) for name, value in self.inputs.items()},
            "Outputs": {name: unbind(value) for name, value in self.outputs.items()},
        }
        optional = {
            "TimeoutSeconds": step.timeout_seconds,
            "NextStep": self.next_step or step.next_step,
            "ExecutionStartTime": self.started,
            "ExecutionEndTime": self.ended,
            "Response": self.response,
        }
        answer |= {key: value for key, value in optional.items() if value}
        if self.ended and self.status is not Status.CANCELLED:
            answer["ResponseCode"] = "0" if self.status is Status.SUCCESS else "1"
        if self.failure is not None:
            answer["FailureMessage"] = self.failure.message
            answer["FailureDetails"] = {
                "FailureStage": self.failure.stage,
                "FailureType": self.failure.type,
                "Details": dict(self.failure.details),
            }
        if self.parent is not None:
            answer["ParentStepDetails"] = {
                "StepExecutionId": self.parent.run.id,
                "StepName": self.parent.run.step.name,
                "Action": self.parent.run.step.action,
                "Iteration": self.parent.iteration,
                **({"IteratorValue": self.parent.value} if self.parent.value is not None else {}),
            }
        return answer


@dataclass(slots=True)
class Execution:
    """One execution of a runbook.

    Attributes:
        acting: Whose credentials the steps use: the assumed role's, or the caller's.
        has_role: Whether `acting` is an assumed role.
        stop: `Cancel` or `Complete` once somebody stopped it.
        values: Every output so far, by reference.
        nested: The runs inside loops, in order.
    """

    document_name: str
    document_version: str
    document: Document
    parameters: Mapping[str, Any]
    account: str
    region: str
    executed_by: str
    acting: Principal
    has_role: bool
    started: datetime
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: Status = Status.PENDING
    ended: datetime | None = None
    stop: str | None = None
    current: StepRun | None = None
    failure_message: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    runs: list[StepRun] = field(default_factory=list)
    nested: list[StepRun] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.runs = [StepRun(step) for step in self.document.steps]

    def every_run(self) -> Iterator[StepRun]:
        """The runs of the main steps, then those inside loops."""
        yield from self.runs
        yield from list(self.nested)

    def outputs(self) -> dict[str, list[str]]:
        """The runbook's declared outputs."""
        return {
            name: unbind(self.values[name]) if name in self.values else [NO_OUTPUT]
            for name in self.document.outputs
        }

    def metadata(self) -> dict[str, Any]:
        """What `DescribeAutomationExecutions` lists."""
        answer: dict[str, Any] = {
            "AutomationExecutionId": self.id,
            "DocumentName": self.document_name,
            "DocumentVersion": self.document_version,
            "AutomationExecutionStatus": str(self.status),
            "ExecutionStartTime": self.started,
            "ExecutedBy": self.executed_by,
            "Mode": "Auto",
            "Outputs": self.outputs(),
            "ResolvedTargets": {"ParameterValues": [], "Truncated": False},
            "Targets": [],
        }
        if self.ended:
            answer["ExecutionEndTime"] = self.ended
        if self.failure_message:
            answer["FailureMessage"] = self.failure_message
        current = self.current
        if current is not None and not self.status.final:
            answer["CurrentStepName"] = current.step.name
            answer["CurrentAction"] = current.step.action
        return answer

    def shown(self) -> dict[str, Any]:
        """The `AutomationExecution` of the API."""
        counts = [run.status for run in self.runs]
        return {
            **self.metadata(),
            "Parameters": {
                name: unbind(value) for name, value in self.parameters.items() if value is not None
            },
            "StepExecutions": [run.shown() for run in self.every_run()],
            "StepExecutionsTruncated": False,
            "ProgressCounters": {
                "TotalSteps": len(counts),
                "SuccessSteps": counts.count(Status.SUCCESS),
                "FailedSteps": counts.count(Status.FAILED),
                "CancelledSteps": counts.count(Status.CANCELLED),
                "TimedOutSteps": counts.count(Status.TIMED_OUT),
            },
        }

    def outcome(self) -> Status:
        """How the execution ends by its steps: a critical step's failure is its own."""
        bad = [
            run
            for run in self.every_run()
            if run.step.is_critical and run.status in {Status.FAILED, Status.TIMED_OUT}
        ]
        return bad[-1].status if bad else Status.SUCCESS
