"""Where steps lead, and whether every name in a runbook leads to something that is there by then.

Source: Systems Manager User Guide, "Using conditional statements in runbooks": Automation refuses a runbook
whose steps form an infinite loop, and shows the circle.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.automation.schema import ACTIONS
from chaoskit.sandbox.automation.values import SYSTEM_VARIABLES, references

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from chaoskit.sandbox.automation.model import Document, Step
    from chaoskit.sandbox.automation.source import Path

    Findings = Iterator[tuple[Path, str]]


def problems(document: Document) -> Findings:
    """Everything wrong with names and order: duplicates, jumps, circles, references."""
    seen: set[str] = set()
    for step in every(document.steps):
        if step.name in seen:
            yield (*step.path, "name"), f"the step name {step.name!r} is used twice"
        seen.add(step.name)
    yield from _jumps(document.steps)
    yield from _references(document)


def every(steps: Collection[Step]) -> Iterator[Step]:
    """The steps and those inside loops."""
    for step in steps:
        yield step
        yield from every(step.steps)


def after(steps: tuple[Step, ...], step: Step) -> Step | None:
    """The step that follows when no choice or failure leads elsewhere; None at the end."""
    if step.is_end:
        return None
    if step.next_step:
        return named(steps, step.next_step)
    index = next(index for index, each in enumerate(steps) if each is step)
    return steps[index + 1] if index + 1 < len(steps) else None


def named(steps: tuple[Step, ...], name: str) -> Step | None:
    """The step of that name among these."""
    return next((step for step in steps if step.name == name), None)


def targets(step: Step) -> Iterator[tuple[Path, str]]:
    """The names that a step jumps to, and where they are written."""
    if step.next_step:
        yield (*step.path, "nextStep"), step.next_step
    for key, value in (("onFailure", step.on_failure), ("onCancel", step.on_cancel)):
        if value.startswith("step:"):
            yield (*step.path, key), value.removeprefix("step:")
    if step.action == "aws:branch":
        choices = step.inputs.get("Choices")
        for index, choice in enumerate(choices if isinstance(choices, list) else []):
            if isinstance(choice, dict) and isinstance(choice.get("NextStep"), str):
                yield (*step.path, "inputs", "Choices", index, "NextStep"), choice["NextStep"]
        if isinstance(step.inputs.get("Default"), str):
            yield (*step.path, "inputs", "Default"), step.inputs["Default"]


def successors(steps: tuple[Step, ...], step: Step) -> list[str]:
    """The names of all the steps that may come right after this one."""
    names = [name for _, name in targets(step)]
    follower = after(steps, step)
    # A branch with a Default never falls through.
    if follower is not None and not (step.action == "aws:branch" and "Default" in step.inputs):
        names.append(follower.name)
    return [name for name in dict.fromkeys(names) if named(steps, name) is not None]


def _jumps(steps: tuple[Step, ...]) -> Findings:
    names = [step.name for step in steps]
    for step in steps:
        for path, target in targets(step):
            if target not in names:
                near = get_close_matches(target, names, n=1)
                yield (
                    path,
                    f"there is no step {target!r} here" + (f"; did you mean {near[0]!r}?" if near else ""),
                )
        yield from _jumps(step.steps)
    circle = _circle({step.name: successors(steps, step) for step in steps})
    if circle:
        start = named(steps, circle[0])
        yield start.path if start else (), f"the steps form an infinite loop: {' -> '.join(circle)}"


def _circle(graph: Mapping[str, list[str]]) -> list[str]:
    done: set[str] = set()

    def walk(name: str, trail: list[str]) -> list[str]:
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name in done:
            return []
        for following in graph[name]:
            if found := walk(following, [*trail, name]):
                return found
        done.add(name)
        return []

    return next((found for name in graph if (found := walk(name, []))), [])


def _references(document: Document) -> Findings:
    outside = set(document.parameters) | SYSTEM_VARIABLES
    for name in references(document.assume_role):
        if name not in outside:
            yield ("assumeRole",), f"{{{{ {name} }}}} is no parameter of this runbook"
    yield from _scope(document.steps, outside)
    known = {output for step in document.steps for output in outputs_of(step)}
    for index, name in enumerate(document.outputs):
        if name not in known:
            yield ("outputs", index), f"no step puts out {name!r}" + _near(name, known)


def outputs_of(step: Step) -> set[str]:
    """The references that a step's outputs answer to."""
    schema = ACTIONS.get(step.action)
    always = schema.outputs if schema else frozenset()
    return {f"{step.name}.{name}" for name in (*always, *(output.name for output in step.outputs))}


def _scope(steps: tuple[Step, ...], outside: set[str]) -> Findings:
    graph = {step.name: successors(steps, step) for step in steps}
    everything = set().union(*(outputs_of(step) for step in steps)) if steps else set()
    for step in steps:
        earlier = [each for each in steps if each.name != step.name and step.name in _reach(graph, each.name)]
        known = outside.union(*(outputs_of(each) for each in earlier))
        inputs: dict[str, Any] = dict(step.inputs)
        if step.action == "aws:executeScript":
            # Doubled braces are also Python's own; what names nothing is left to the script.
            inputs.pop("Script", None)
        if step.action == "aws:loop":
            inputs.pop("Steps", None)
            condition = inputs.pop("LoopCondition", None)
            inside = known | {f"{step.name}.CurrentIteratorValue"}
            yield from _scope(step.steps, inside)
            of_loop = known.union(*(outputs_of(each) for each in step.steps))
            yield from _unknown(condition, (*step.path, "inputs", "LoopCondition"), of_loop, everything)
        yield from _unknown(inputs, (*step.path, "inputs"), known, everything)


def _unknown(value: object, path: Path, known: set[str], elsewhere: set[str]) -> Findings:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _unknown(inner, (*path, key), known, elsewhere)
        return
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unknown(inner, (*path, index), known, elsewhere)
        return
    for name in references(value):
        if name in known:
            continue
        if name in elsewhere:
            yield path, f"{{{{ {name} }}}} is put out by a step that does not come before this one"
        elif name.startswith(("ssm:", "resolve:")):
            yield (
                path,
                f"{{{{ {name} }}}}: Parameter Store references are not supported by the embedded sandbox",
            )
        else:
            yield (
                path,
                f"{{{{ {name} }}}} is no parameter, no output of an earlier step and no variable"
                + _near(name, known),
            )


def _near(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _reach(graph: Mapping[str, list[str]], start: str) -> set[str]:
    reached: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += graph[name]
    return reached
