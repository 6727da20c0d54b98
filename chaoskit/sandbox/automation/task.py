"""What an action gets to work with, and how it can end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from chaoskit.sandbox.automation.execution import StepFailure
from chaoskit.sandbox.automation.values import UnresolvedError, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from chaoskit.sandbox.automation.execution import Execution, StepRun
    from chaoskit.sandbox.automation.model import Step
    from chaoskit.sandbox.wire import Cloud

SLICE = 0.1
"""Seconds of the sandbox's clock between two looks at whether an execution was cancelled."""

GUIDE = "Please refer to Automation Service Troubleshooting Guide for more diagnosis details."


class StepFailedError(Exception):
    """The step failed."""

    def __init__(self, failure: StepFailure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class StepTimedOutError(Exception):
    """The step used up its time."""


class CancelledError(Exception):
    """Somebody stopped the execution."""


class AbortedError(Exception):
    """A step inside a loop failed and asked to abort."""


def failed(
    while_doing: str, what: str, *, stage: str = "Invocation", kind: str = "Action", code: str = ""
) -> StepFailedError:
    """A failure in the words that AWS frames every failure message with."""
    sentence = what if what.endswith(".") else f"{what}."
    details = {"ErrorMessage": [what], **({"ErrorCode": [code]} if code else {})}
    message = f"Step fails when it is {while_doing}. {sentence} {GUIDE}"
    return StepFailedError(StepFailure(message, stage, kind, details))


def timed_out(while_doing: str) -> StepTimedOutError:
    """A time-out in AWS's words."""
    return StepTimedOutError(f"Step timed out while step is {while_doing}. {GUIDE}")


@dataclass(frozen=True, slots=True)
class Result:
    """What a successful action leaves: its response (what selectors read), its own outputs, its choice."""

    response: Any = None
    text: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    next_step: str | None = None


class RunSteps(Protocol):
    """Runs a loop's steps once."""

    def __call__(self, parent: StepRun, iteration: int, value: str | None) -> None:
        """Raises AbortedError when one of them aborts, CancelledError when stopped."""
        ...


@dataclass(slots=True)
class Task:
    """One attempt at one step.

    Attributes:
        client: Makes a boto3 client that acts as the execution does.
        cancelled: Whether somebody stopped the execution.
        deadline: When the step times out, on the sandbox's clock; None for never.
        second: Wall seconds in one second of a script's time limit.
    """

    run: StepRun
    execution: Execution
    cloud: Cloud
    client: Callable[[str], Any]
    cancelled: Callable[[], bool]
    run_steps: RunSteps
    look_up: Callable[[str], Any]
    deadline: datetime | None = None
    second: float = 1.0

    @property
    def step(self) -> Step:
        """The step."""
        return self.run.step

    def lenient(self, name: str) -> Any:
        """As `look_up`, but an output that has no value is empty text (conditions test for it)."""
        try:
            return self.look_up(name)
        except UnresolvedError:
            return ""

    def inputs(self, *, lenient: bool = False, untouched: Collection[str] = ()) -> dict[str, Any]:
        """The step's inputs with every reference resolved; also what the API shows of them."""
        look_up = self.lenient if lenient else self.look_up
        resolved = {
            name: value if name in untouched else resolve(value, look_up)
            for name, value in self.step.inputs.items()
        }
        self.run.inputs = resolved
        return resolved

    def expired(self) -> bool:
        """Whether the step's time is up."""
        return self.deadline is not None and self.cloud.now() >= self.deadline

    def pause(self, seconds: float) -> None:
        """Wait on the sandbox's clock, waking early when the time is up; CancelledError when stopped."""
        until = self.cloud.now() + timedelta(seconds=seconds)
        if self.deadline is not None:
            until = min(until, self.deadline)
        while (left := (until - self.cloud.now()).total_seconds()) > 0:
            if self.cancelled():
                raise CancelledError
            before, part = self.cloud.now(), min(left, SLICE)
            self.cloud.sleep(part)
            if (self.cloud.now() - before).total_seconds() < part / 2:
                # The clock no longer makes anyone wait: the sandbox is going away.
                raise CancelledError
