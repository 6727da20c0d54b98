"""The actions that steer: `aws:branch`, `aws:sleep` and `aws:loop`."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.automation import condition
from chaoskit.sandbox.automation.schema import LONGEST_SLEEP, MOST_ITERATIONS, duration, timestamp
from chaoskit.sandbox.automation.task import Result, failed, timed_out
from chaoskit.sandbox.automation.values import ConversionError, Type, convert, resolve, shown, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.sandbox.automation.task import Task

BRANCHING = "evaluating the choices"
SLEEPING = "sleeping"
LOOPING = "running the loop"


def branch(task: Task) -> Result:
    """Choose the first choice that is true, else the default, else what follows."""
    inputs = task.inputs(lenient=True)
    for choice in task.step.inputs["Choices"]:
        if _holds(task, choice, BRANCHING):
            return Result(next_step=choice["NextStep"])
    return Result(next_step=inputs.get("Default"))


def sleep(task: Task) -> Result:
    """Wait for a duration or until a time."""
    inputs = task.inputs()
    try:
        if "Duration" in inputs:
            seconds = duration(text(inputs["Duration"])).total_seconds()
        else:
            seconds = (timestamp(text(inputs["Timestamp"])) - task.cloud.now()).total_seconds()
    except ValueError as error:
        raise failed(SLEEPING, str(error), stage="InputValidation") from None
    if seconds > LONGEST_SLEEP.total_seconds():
        raise failed(
            SLEEPING, "Automation sleeps for at most 604800 seconds (7 days)", stage="InputValidation"
        )
    until_deadline = (task.deadline - task.cloud.now()).total_seconds() if task.deadline else seconds
    task.pause(seconds)
    if seconds > until_deadline:
        raise timed_out(SLEEPING)
    return Result()


def loop(task: Task) -> Result:
    """Run the loop's steps for each iterator, or again while the condition holds."""
    # The steps inside resolve their own inputs as they run.
    task.run.inputs = {
        name: resolve(value, task.lenient) if name in {"Iterators", "MaxIterations"} else value
        for name, value in task.step.inputs.items()
    }
    for iteration, value in _rounds(task):
        if task.expired():
            raise timed_out(LOOPING)
        reference = f"{task.step.name}.CurrentIteratorValue"
        if value is not None:
            task.execution.values[reference] = value
        try:
            task.run_steps(task.run, iteration, None if value is None else text(value))
        finally:
            task.execution.values.pop(reference, None)
    return Result()


def _rounds(task: Task) -> Iterator[tuple[int, Any]]:
    inputs = task.run.inputs
    try:
        most = int(convert(inputs.get("MaxIterations", MOST_ITERATIONS), Type.INTEGER))
    except ConversionError as error:
        raise failed(LOOPING, f"MaxIterations: {error}", stage="InputValidation") from None
    if "Iterators" in inputs:
        yield from list(enumerate(_iterators(inputs), start=1))[:most]
        return
    for iteration in range(1, most + 1):
        yield iteration, None
        if not _holds(task, task.step.inputs["LoopCondition"], LOOPING):
            return


def _iterators(inputs: Any) -> list[Any]:
    given = inputs["Iterators"]
    if isinstance(given, str):
        with suppress(ValueError):
            given = json.loads(given)
    if not isinstance(given, list) or len(given) > MOST_ITERATIONS:
        what = f"Iterators must be a list of at most {MOST_ITERATIONS}, not {shown(given)}"
        raise failed(LOOPING, what, stage="InputValidation")
    kind = Type(inputs.get("IteratorDataType", Type.STRING))
    try:
        return [convert(item, kind) for item in given]
    except ConversionError as error:
        raise failed(LOOPING, f"Iterators: {error}", stage="InputValidation") from None


def _holds(task: Task, what: dict[str, Any], doing: str) -> bool:
    try:
        return condition.holds(what, task.lenient)
    except ConversionError as error:
        raise failed(doing, str(error), stage="InputValidation") from None
