"""`aws:executeScript`: a Python script in a process of its own, with the assumed role's credentials."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from chaoskit.sandbox.automation.task import CancelledError, Result, failed, timed_out
from chaoskit.sandbox.automation.values import REFERENCE, UnresolvedError, text
from chaoskit.sandbox.functions import process

if TYPE_CHECKING:
    import re

    from chaoskit.sandbox.automation.task import StepFailedError, Task

DOING = "Poll action status for completion"
LONGEST = 600
"""Seconds a script may run (aws:executeScript)."""
PAYLOAD_LIMIT = 100 * 2**10
"""Bytes of a payload that are returned (aws:executeScript)."""
MODULE = "customer_script"


def execute(task: Task) -> Result:
    """Run the handler with the input payload; what it returns is `Payload`."""
    inputs = task.inputs(lenient=True, untouched=("Script",))
    limit = min(task.step.timeout_seconds or LONGEST, LONGEST)
    with tempfile.TemporaryDirectory(prefix="chaoskit-script-") as directory:
        root = Path(directory)
        (root / f"{MODULE}.py").write_text(_script(task), encoding="utf-8")
        outcome = process.run(
            process.Job(
                root=root,
                handler=f"{MODULE}.{text(inputs['Handler'])}",
                event=inputs.get("InputPayload", {}),
                context=_context(task),
                context_is_object=False,
                environment=_environment(task),
                time_limit=limit * task.second,
            ),
            task.cloud.nursery,
            cancelled=task.cancelled,
        )
    task.run.response = outcome.log
    if outcome.cancelled:
        raise CancelledError
    if outcome.timed_out:
        raise timed_out(DOING)
    if outcome.payload is None:
        raise _failure(outcome)
    if len(outcome.payload.encode()) > PAYLOAD_LIMIT:
        raise failed(DOING, f"The script returned more than {PAYLOAD_LIMIT} bytes")
    payload = json.loads(outcome.payload)
    return Result(response={"Payload": payload}, text=outcome.log, outputs={"Payload": payload})


def _script(task: Task) -> str:
    def value(match: re.Match[str]) -> str:
        try:
            return text(task.look_up(match[1]))
        except UnresolvedError:
            # Doubled braces of the script's own, as in an f-string.
            return match[0]

    return REFERENCE.sub(value, text(task.step.inputs["Script"]))


def _failure(outcome: process.Outcome) -> StepFailedError:
    if outcome.failure is None:
        return failed(DOING, f"The script's process ended with status {outcome.exit_status}")
    trace = "".join(outcome.failure.trace)
    start = f"Traceback (most recent call last):\n{trace}\n" if trace else ""
    return failed(
        DOING, f"{start}{outcome.failure.type} - {outcome.failure.message}", code=outcome.failure.type
    )


def _context(task: Task) -> dict[str, object]:
    names = ("global:REGION", "global:ACCOUNT_ID", "automation:EXECUTION_ID")
    return {**{name: task.look_up(name) for name in names}, "step:NAME": task.step.name}


def _environment(task: Task) -> dict[str, str]:
    execution = task.execution
    # "If the scripts call AWS API operations, an assume role is always required" (aws:executeScript).
    credentials = task.cloud.credentials(execution.acting) if execution.has_role else None
    return process.environment(credentials, url=task.cloud.url, region=execution.region)
