"""What each action takes and gives, and which of AWS's actions are not run here.

Source: Systems Manager User Guide, "Systems Manager Automation actions reference".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.automation import condition
from chaoskit.sandbox.automation.selector import InvalidSelectorError, compile_selector
from chaoskit.sandbox.automation.values import Type, references

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chaoskit.sandbox.automation.source import Path

    Findings = Iterator[tuple[Path, str]]

LONGEST_SLEEP = timedelta(days=7)
MOST_ITERATIONS = 100

UNSUPPORTED = frozenset(
    f"aws:{name}"
    for name in (
        "approve",
        "assumeRole",
        "changeInstanceState",
        "copyImage",
        "createImage",
        "createStack",
        "createTags",
        "deleteImage",
        "deleteStack",
        "executeAutomation",
        "executeStateMachine",
        "invokeLambdaFunction",
        "invokeWebhook",
        "pause",
        "runCommand",
        "runInstances",
        "updateVariable",
    )
)
"""Actions of AWS that the embedded sandbox refuses by name."""

_DURATION = re.compile(
    r"P(?!$)(?:(?P<weeks>\d+)W|(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?)"
)


@dataclass(frozen=True, slots=True)
class ActionSchema:
    """The shape of one action's step.

    Attributes:
        required: Inputs that must be there.
        optional: Other inputs it knows.
        takes_any: Further inputs are an API's own.
        outputs: What it puts out without being asked, by name.
        selects: Whether the step may declare outputs of its own.
        properties_refused: Step properties that the action does not support.
        check: Finds what else is wrong with the inputs.
    """

    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    takes_any: bool = False
    outputs: frozenset[str] = frozenset()
    selects: bool = False
    properties_refused: frozenset[str] = frozenset()
    check: Callable[[Mapping[str, Any]], Findings] = lambda _: iter(())


def duration(text: str) -> timedelta:
    """An ISO 8601 duration of weeks, days, hours, minutes and seconds; ValueError for anything else."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an ISO 8601 duration such as PT10M")
    return timedelta(**{unit: float(amount) for unit, amount in match.groupdict().items() if amount})


def timestamp(text: str) -> datetime:
    """An ISO 8601 time, UTC unless it says otherwise; ValueError for anything else."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an ISO 8601 time such as 2026-01-01T01:00:00Z") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _literal(value: object) -> bool:
    return isinstance(value, str) and not any(references(value))


def _check_api(inputs: Mapping[str, Any]) -> Findings:
    for name in ("Service", "Api"):
        if name in inputs and not isinstance(inputs[name], str):
            yield (name,), "must be text"


def _check_property(inputs: Mapping[str, Any]) -> Findings:
    yield from _check_api(inputs)
    if "PropertySelector" in inputs:
        try:
            compile_selector(str(inputs["PropertySelector"]))
        except InvalidSelectorError as error:
            yield ("PropertySelector",), str(error)
    values = inputs.get("DesiredValues", [""])
    if not isinstance(values, str) and not (isinstance(values, list) and values):
        yield ("DesiredValues",), "must be a list with at least one value"


def _check_branch(inputs: Mapping[str, Any]) -> Findings:
    choices = inputs.get("Choices", [{}])
    if not isinstance(choices, list) or not choices:
        yield ("Choices",), "must be a list with at least one choice"
        return
    for index, choice in enumerate(choices if "Choices" in inputs else []):
        path: Path = ("Choices", index)
        yield from condition.problems(choice, path, frozenset({"NextStep"}))
        if isinstance(choice, dict) and not isinstance(choice.get("NextStep"), str):
            yield path, "a choice needs a NextStep"
    if "Default" in inputs and not isinstance(inputs["Default"], str):
        yield ("Default",), "must be the name of a step"


def _check_sleep(inputs: Mapping[str, Any]) -> Findings:
    if ("Duration" in inputs) == ("Timestamp" in inputs):
        yield (), "aws:sleep takes either a Duration or a Timestamp"
    for name, read in (("Duration", duration), ("Timestamp", timestamp)):
        if _literal(inputs.get(name)):
            try:
                amount = read(inputs[name])
            except ValueError as error:
                yield (name,), str(error)
            else:
                if isinstance(amount, timedelta) and amount > LONGEST_SLEEP:
                    yield (name,), "Automation sleeps for at most 604800 seconds (7 days)"
        elif name in inputs and not isinstance(inputs[name], str):
            yield (name,), "must be text"


def _check_loop(inputs: Mapping[str, Any]) -> Findings:
    if ("Iterators" in inputs) == ("LoopCondition" in inputs):
        yield (), "aws:loop takes either Iterators or a LoopCondition"
    if "LoopCondition" in inputs:
        yield from condition.problems(inputs["LoopCondition"], ("LoopCondition",))
    iterators = inputs.get("Iterators", [])
    if isinstance(iterators, list) and len(iterators) > MOST_ITERATIONS:
        yield ("Iterators",), f"a loop takes at most {MOST_ITERATIONS} iterators"
    elif not isinstance(iterators, list) and (not isinstance(iterators, str) or _literal(iterators)):
        yield ("Iterators",), "must be a list, or a reference to one"
    if "IteratorDataType" in inputs:
        if "Iterators" not in inputs:
            yield ("IteratorDataType",), "is given together with Iterators only"
        if inputs["IteratorDataType"] not in {Type.BOOLEAN, Type.INTEGER, Type.STRING, Type.STRING_MAP}:
            yield ("IteratorDataType",), "must be Boolean, Integer, String or StringMap"
    most = inputs.get("MaxIterations", 1)
    counted = isinstance(most, int) and not isinstance(most, bool) and 1 <= most <= MOST_ITERATIONS
    if not counted and not any(references(most)):
        yield ("MaxIterations",), f"must be a number from 1 to {MOST_ITERATIONS}"


def _check_script(inputs: Mapping[str, Any]) -> Findings:
    runtime = inputs.get("Runtime", "python3.11")
    if not isinstance(runtime, str) or not re.fullmatch(r"python3\.\d+", runtime):
        yield (
            ("Runtime",),
            f"the runtime {runtime!r} is not supported by the embedded sandbox: it runs python3.x scripts",
        )
    for name in ("Handler", "Script"):
        if name in inputs and not isinstance(inputs[name], str):
            yield (name,), "must be text"
    if "Attachment" in inputs:
        yield (
            ("Attachment",),
            "attachments are not supported by the embedded sandbox: give the code as Script",
        )


_API = frozenset({"Service", "Api"})
_PROPERTY = ActionSchema(
    required=_API | {"PropertySelector", "DesiredValues"}, takes_any=True, selects=True, check=_check_property
)

ACTIONS: Mapping[str, ActionSchema] = {
    "aws:executeAwsApi": ActionSchema(required=_API, takes_any=True, selects=True, check=_check_api),
    "aws:assertAwsResourceProperty": _PROPERTY,
    "aws:waitForAwsResourceProperty": _PROPERTY,
    "aws:branch": ActionSchema(
        required=frozenset({"Choices"}), optional=frozenset({"Default"}), check=_check_branch
    ),
    "aws:sleep": ActionSchema(optional=frozenset({"Duration", "Timestamp"}), check=_check_sleep),
    "aws:loop": ActionSchema(
        required=frozenset({"Steps"}),
        optional=frozenset({"Iterators", "IteratorDataType", "LoopCondition", "MaxIterations"}),
        properties_refused=frozenset({"onCancel"}),
        check=_check_loop,
    ),
    "aws:executeScript": ActionSchema(
        required=frozenset({"Runtime", "Handler", "Script"}),
        optional=frozenset({"InputPayload", "Attachment"}),
        outputs=frozenset({"Payload"}),
        selects=True,
        check=_check_script,
    ),
}
