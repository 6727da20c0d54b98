"""Runs an execution: its steps in order, with retries, time limits, jumps on failure, and cancellation.

Source: Systems Manager User Guide, "Properties shared by all actions", "Handling timeouts in runbooks" and
"Using conditional statements in runbooks".
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.automation import flow
from chaoskit.sandbox.automation.actions import RUN
from chaoskit.sandbox.automation.execution import Parent, Status, StepFailure, StepRun
from chaoskit.sandbox.automation.selector import MISSING
from chaoskit.sandbox.automation.task import (
    AbortedError,
    CancelledError,
    StepFailedError,
    StepTimedOutError,
    Task,
    failed,
)
from chaoskit.sandbox.automation.values import SYSTEM_VARIABLES, ConversionError, UnresolvedError, convert

if TYPE_CHECKING:
    from chaoskit.sandbox.automation.execution import Execution
    from chaoskit.sandbox.automation.model import Step
    from chaoskit.sandbox.automation.task import (
        Result,
    )
    from chaoskit.sandbox.wire import Cloud

CANCEL_LIMIT = timedelta(minutes=2)
"""How long the steps behind `onCancel` may take (Properties shared by all actions)."""


class Interpreter:
    """Runs one execution to its end, in the calling thread."""

    def __init__(self, cloud: Cloud, execution: Execution, *, second: float = 1.0) -> None:
        self._cloud = cloud
        self._execution = execution
        self._second = second
        self._clients: dict[str, Any] = {}
        self._cancel_deadline = None if execution.stop is None else cloud.now()
        self._cancelling = False

    def run(self) -> None:
        """Run all steps; the execution holds how it ended."""
        execution = self._execution
        execution.status = Status.IN_PROGRESS
        steps = execution.document.steps
        status = Status.FAILED
        try:
            self._follow(steps, steps[0], {run.step.name: run for run in execution.runs})
            status = execution.outcome()
        except AbortedError:
            status = execution.outcome()
        except CancelledError:
            status = Status.CANCELLED
        finally:
            # Last of all: who sees a final status sees everything else too.
            execution.current = None
            execution.ended = self._cloud.now()
            execution.status = status

    def _follow(
        self, steps: tuple[Step, ...], first: Step, runs: dict[str, StepRun], parent: Parent | None = None
    ) -> None:
        step: Step | None = first
        while step is not None:
            if self._cancelled():
                raise CancelledError
            if self._execution.stop == "Complete" and not self._cancelling:
                return
            run = runs.get(step.name) or self._nested(step, parent)
            try:
                self._run(run)
            except CancelledError:
                run.status, run.ended = Status.CANCELLED, self._cloud.now()
                self._on_cancel(steps, step, runs, parent)
                raise
            step = self._next(steps, run)

    def _next(self, steps: tuple[Step, ...], run: StepRun) -> Step | None:
        step = run.step
        if run.status is Status.SUCCESS:
            return flow.named(steps, run.next_step) if run.next_step else flow.after(steps, step)
        if step.on_failure.startswith("step:") and not step.is_end:
            return flow.named(steps, step.on_failure.removeprefix("step:"))
        if step.on_failure == "Abort":
            if run.failure is not None:
                self._execution.failure_message = run.failure.message
            raise AbortedError
        return flow.after(steps, step)

    def _on_cancel(
        self, steps: tuple[Step, ...], step: Step, runs: dict[str, StepRun], parent: Parent | None
    ) -> None:
        if self._cancelling or not step.on_cancel.startswith("step:"):
            return
        self._execution.status = Status.CANCELLING
        target = flow.named(steps, step.on_cancel.removeprefix("step:"))
        if target is not None:
            self._cancelling = True
            self._cancel_deadline = self._cloud.now() + CANCEL_LIMIT
            self._follow(steps, target, runs, parent)

    def _nested(self, step: Step, parent: Parent | None) -> StepRun:
        run = StepRun(step, parent)
        self._execution.nested.append(run)
        return run

    def _cancelled(self) -> bool:
        if self._cancelling:
            return self._cancel_deadline is not None and self._cloud.now() >= self._cancel_deadline
        return self._execution.stop == "Cancel"

    def _run(self, run: StepRun) -> None:
        run.started = self._cloud.now()
        run.status = Status.IN_PROGRESS
        self._execution.current = run
        for _ in range(run.step.max_attempts):
            try:
                result = self._attempt(run)
            except StepTimedOutError as error:
                run.failure = StepFailure(str(error))
                status = Status.TIMED_OUT
            except StepFailedError as error:
                run.failure = error.failure
                status = Status.FAILED
            else:
                run.failure, run.next_step, status = None, result.next_step, Status.SUCCESS
                break
        run.ended = self._cloud.now()
        run.status = status

    def _attempt(self, run: StepRun) -> Result:
        step = run.step
        task = Task(
            run=run,
            execution=self._execution,
            cloud=self._cloud,
            client=self._client,
            cancelled=self._cancelled,
            run_steps=self._iterate,
            look_up=self._look_up,
            second=self._second,
        )
        if step.timeout_seconds is not None:
            task.deadline = self._cloud.now() + timedelta(seconds=step.timeout_seconds)
        try:
            result = RUN[step.action](task)
        except UnresolvedError as error:
            raise failed("resolving its inputs", str(error), stage="InputValidation") from None
        run.response = result.text
        outputs = dict(result.outputs)
        for output in step.outputs:
            value = output.selector.find(result.response)
            if value is MISSING or value is None:
                continue
            try:
                outputs[output.name] = convert(value, output.type)
            except ConversionError as error:
                what = f"The output {output.name} ({output.selector.text}): {error}"
                raise failed(
                    "reading its outputs", what, stage="PostVerification", kind="Verification"
                ) from None
        run.outputs = outputs
        self._execution.values |= {f"{step.name}.{name}": value for name, value in outputs.items()}
        return result

    def _iterate(self, parent: StepRun, iteration: int, value: str | None) -> None:
        steps = parent.step.steps
        for step in flow.every(steps):
            for reference in flow.outputs_of(step):
                self._execution.values.pop(reference, None)
        try:
            self._follow(steps, steps[0], {}, Parent(parent, iteration, value))
        except AbortedError:
            # The loop takes over how its steps react: it fails, and what asked to abort aborts.
            what = f"A step of iteration {iteration} failed: {self._execution.failure_message}"
            raise failed("running the loop", what) from None
        finally:
            self._execution.current = parent

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            execution = self._execution
            self._clients[service] = self._cloud.client(service, execution.acting, region=execution.region)
        return self._clients[service]

    def _look_up(self, name: str) -> Any:
        execution = self._execution
        if name in execution.parameters:
            value = execution.parameters[name]
            return "" if value is None else value
        if name in SYSTEM_VARIABLES:
            return self._system(name)
        if name in execution.values:
            return execution.values[name]
        raise UnresolvedError(f"{{{{ {name} }}}} has no value: the step did not put it out")

    def _system(self, name: str) -> str:
        now = self._cloud.now()
        return {
            "global:ACCOUNT_ID": self._execution.account,
            "global:AWS_PARTITION": "aws",
            "global:DATE": f"{now:%Y-%m-%d}",
            "global:DATE_TIME": f"{now:%Y-%m-%d_%H.%M.%S}",
            "global:REGION": self._execution.region,
            "automation:EXECUTION_ID": self._execution.id,
        }[name]
