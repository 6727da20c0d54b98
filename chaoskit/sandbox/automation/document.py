"""A runbook as a value, read from YAML or JSON and checked as a whole.

    document = parse(Path("runbooks/detach-permissive-policy.yaml").read_text())

Source: Systems Manager User Guide, "Data elements and parameters" (schema 0.3) and "Properties shared by all
actions".
"""

from __future__ import annotations

import re
import warnings
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.automation import flow
from chaoskit.sandbox.automation.model import Document, Output, Parameter, Step
from chaoskit.sandbox.automation.schema import ACTIONS, UNSUPPORTED
from chaoskit.sandbox.automation.selector import InvalidSelectorError, Selector, compile_selector
from chaoskit.sandbox.automation.source import InvalidDocumentError, Problem, read
from chaoskit.sandbox.automation.values import ConversionError, Type, convert, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chaoskit.sandbox.automation.source import Path, Source

__all__ = ["Document", "InvalidDocumentError", "Output", "Parameter", "Problem", "Step", "parse"]

TOP_LEVEL = frozenset({"schemaVersion", "description", "assumeRole", "parameters", "mainSteps", "outputs"})
NOT_HERE = frozenset({"files", "variables"})
STEP_KEYS = frozenset(
    {
        "name",
        "action",
        "description",
        "inputs",
        "outputs",
        "onFailure",
        "onCancel",
        "isEnd",
        "isCritical",
        "nextStep",
        "maxAttempts",
        "timeoutSeconds",
    }
)
PARAMETER_KEYS = frozenset(
    {
        "type",
        "description",
        "default",
        "allowedValues",
        "allowedPattern",
        "displayType",
        "minItems",
        "maxItems",
        "minChars",
        "maxChars",
    }
)
OUTPUT_KEYS = frozenset({"Name", "Selector", "Type"})
_AWS_TYPE = re.compile(r"(?P<list>List<)?AWS(?:::\w+)+>?")


def parse(text: str) -> Document:
    """Read and check a runbook; InvalidDocumentError holds every problem, each with its place."""
    source = read(text)
    if not isinstance(source.content, dict):
        raise InvalidDocumentError(
            (Problem("", "a runbook must be a mapping with schemaVersion and mainSteps"),)
        )
    document = _Reader(source).document(source.content)
    for path, message in flow.problems(document):
        source.note(path, message)
    if source.problems:
        ordered = sorted(source.problems, key=lambda problem: (problem.line, problem.column))
        raise InvalidDocumentError(tuple(dict.fromkeys(ordered)))
    return document


class _Reader:
    """Turns the data into a `Document`, noting what is wrong and going on."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def document(self, content: Mapping[str, Any]) -> Document:
        self._keys(content, TOP_LEVEL, (), NOT_HERE)
        version = content.get("schemaVersion")
        if str(version) != "0.3":
            self._note(
                ("schemaVersion",), f"an Automation runbook has the schemaVersion '0.3', not {shown(version)}"
            )
        parameters = {
            name: self._parameter(str(name), declared, ("parameters", str(name)))
            for name, declared in self._mapping(content, "parameters", ()).items()
        }
        steps = content.get("mainSteps")
        if not isinstance(steps, list) or not steps:
            self._note(("mainSteps",), "must be a list with at least one step")
            steps = []
        outputs = content.get("outputs", [])
        if not isinstance(outputs, list) or not all(isinstance(item, str) for item in outputs):
            self._note(("outputs",), "must be a list of step.output names")
            outputs = []
        return Document(
            steps=self._steps(steps, ("mainSteps",)),
            parameters=parameters,
            description=str(content.get("description", "")),
            assume_role=self._text(content, "assumeRole", ()) or "",
            outputs=tuple(re.sub(r"^\{\{\s*|\s*\}\}$", "", item) for item in outputs),
        )

    def _note(self, path: Path, message: str) -> None:
        self._source.note(path, message)

    def _keys(
        self, given: Mapping[str, Any], known: frozenset[str], path: Path, not_here: Iterable[str] = ()
    ) -> None:
        for key in given:
            if key in not_here:
                self._note((*path, str(key)), f"{key!r} is not supported by the embedded sandbox")
            elif key not in known:
                near = get_close_matches(str(key), known, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; known here: {', '.join(sorted(known))}"
                self._note((*path, str(key)), f"unknown key {key!r}{hint}")

    def _mapping(self, given: Mapping[str, Any], key: str, path: Path) -> Mapping[str, Any]:
        value = given.get(key) or {}
        if isinstance(value, dict):
            return value
        self._note((*path, key), "must be a mapping")
        return {}

    def _text(self, given: Mapping[str, Any], key: str, path: Path) -> str | None:
        value = given.get(key)
        if value is None or isinstance(value, str):
            return value
        self._note((*path, key), "must be text")
        return None

    def _flag(self, given: Mapping[str, Any], key: str, path: Path, default: bool) -> bool:
        value = given.get(key, default)
        try:
            return bool(convert(value, Type.BOOLEAN))
        except ConversionError:
            self._note((*path, key), "must be true or false")
            return default

    def _count(self, given: Mapping[str, Any], key: str, path: Path) -> int | None:
        value = given.get(key)
        if value is None:
            return None
        try:
            number = int(convert(value, Type.INTEGER))
        except ConversionError:
            number = 0
        if number < 1:
            self._note((*path, key), "must be a whole number of at least 1")
            return None
        return number

    def _parameter(self, name: str, declared: object, path: Path) -> Parameter:
        if not isinstance(declared, dict):
            self._note(path, "a parameter must be a mapping with a type")
            return Parameter(name, Type.STRING)
        self._keys(declared, PARAMETER_KEYS, path)
        kind = self._type(declared.get("type"), (*path, "type"))
        pattern = self._pattern(declared.get("allowedPattern"), (*path, "allowedPattern"))
        allowed = declared.get("allowedValues", [])
        if not isinstance(allowed, list):
            self._note((*path, "allowedValues"), "must be a list")
            allowed = []
        default = declared.get("default")
        if default is not None:
            try:
                default = convert(default, kind)
            except ConversionError as error:
                self._note((*path, "default"), str(error))
            if allowed and default != "" and default not in allowed:
                self._note((*path, "default"), f"{shown(default)} is not one of the allowedValues")
        keys = ("minItems", "maxItems", "minChars", "maxChars")
        limits = {key: limit for key in keys if (limit := self._count(declared, key, path)) is not None}
        return Parameter(name, kind, default, default is None, tuple(allowed), pattern, limits)

    def _type(self, given: object, path: Path) -> Type:
        if isinstance(given, str):
            if given in set(Type):
                return Type(given)
            if aws := _AWS_TYPE.fullmatch(given):
                return Type.STRING_LIST if aws["list"] else Type.STRING
        self._note(path, f"{shown(given)} is no type; use one of {', '.join(Type)}")
        return Type.STRING

    def _pattern(self, given: object, path: Path) -> re.Pattern[str] | None:
        if given is None:
            return None
        if not isinstance(given, str):
            self._note(path, "must be a regular expression")
            return None
        try:
            # Python may warn that it will read a pattern otherwise some day; the author cannot act on that.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)
                return re.compile(given)
        except re.error as error:
            self._note(path, f"not a regular expression: {error}")
            return None

    def _steps(self, given: list[Any], path: Path) -> tuple[Step, ...]:
        return tuple(
            step for index, item in enumerate(given) if (step := self._step(item, (*path, index))) is not None
        )

    def _step(self, given: object, path: Path) -> Step | None:
        if not isinstance(given, dict):
            self._note(path, "a step must be a mapping with a name and an action")
            return None
        self._keys(given, STEP_KEYS, path)
        name = given.get("name")
        if not isinstance(name, str) or not re.fullmatch(r"[\w-]+", name):
            self._note((*path, "name"), "a step needs a name of letters, digits, '_' and '-'")
            name = f"#{path[-1]}"
        inputs = self._mapping(given, "inputs", path)
        action = str(given.get("action"))
        self._action(action, given, inputs, path)
        nested = inputs.get("Steps", []) if action == "aws:loop" else []
        if not isinstance(nested, list) or (action == "aws:loop" and "Steps" in inputs and not nested):
            self._note((*path, "inputs", "Steps"), "must be a list with at least one step")
            nested = []
        on_failure = self._jump(given, "onFailure", path, ("Abort", "Continue"))
        return Step(
            name=name,
            action=action,
            inputs=inputs,
            outputs=self._outputs(given.get("outputs"), (*path, "outputs")),
            on_failure=on_failure,
            on_cancel=self._jump(given, "onCancel", path, ("Abort",)),
            is_end=self._flag(given, "isEnd", path, default=False),
            is_critical=self._flag(given, "isCritical", path, default=on_failure != "Continue"),
            next_step=self._text(given, "nextStep", path),
            max_attempts=self._count(given, "maxAttempts", path) or 1,
            timeout_seconds=self._count(given, "timeoutSeconds", path),
            steps=self._steps(nested, (*path, "inputs", "Steps")),
            path=path,
        )

    def _action(self, action: str, given: Mapping[str, Any], inputs: Mapping[str, Any], path: Path) -> None:
        schema = ACTIONS.get(action)
        if schema is None:
            if action in UNSUPPORTED:
                here = ", ".join(ACTIONS)
                message = f"the action {action} is not supported by the embedded sandbox; it runs {here}"
            else:
                near = get_close_matches(action, ACTIONS, n=1)
                message = f"there is no action {action!r}" + (f"; did you mean {near[0]!r}?" if near else "")
            self._note((*path, "action"), message)
            return
        for key in schema.properties_refused & given.keys():
            self._note((*path, key), f"{action} does not support {key}")
        for key in sorted(schema.required - inputs.keys()):
            self._note((*path, "inputs"), f"{action} needs the input {key}")
        if not schema.takes_any:
            self._keys(inputs, schema.required | schema.optional, (*path, "inputs"))
        if given.get("outputs") and not schema.selects:
            self._note((*path, "outputs"), f"{action} takes no outputs: it has no response to select from")
        for inner, message in schema.check(inputs):
            self._note((*path, "inputs", *inner), message)

    def _jump(self, given: Mapping[str, Any], key: str, path: Path, words: tuple[str, ...]) -> str:
        value = given.get(key, "Abort")
        if isinstance(value, str):
            word = next((word for word in words if word.lower() == value.lower()), None)
            if word:
                return word
            if value.startswith("step:") and value != "step:":
                return f"step:{value.removeprefix('step:').strip()}"
        self._note((*path, key), f"must be {', '.join(words)} or step:NAME, not {shown(value)}")
        return "Abort"

    def _outputs(self, given: object, path: Path) -> tuple[Output, ...]:
        if given is None:
            return ()
        if not isinstance(given, list):
            self._note(path, "must be a list of outputs, each with Name and Selector")
            return ()
        found: dict[str, Output] = {}
        for index, item in enumerate(given):
            here: Path = (*path, index)
            if not isinstance(item, dict) or not isinstance(item.get("Name"), str):
                self._note(here, "an output is a mapping with Name and Selector")
                continue
            self._keys(item, OUTPUT_KEYS, here)
            if item["Name"] in found:
                self._note((*here, "Name"), f"the output {item['Name']} is declared twice")
            try:
                selector = compile_selector(str(item.get("Selector", "")))
            except InvalidSelectorError as error:
                self._note((*here, "Selector"), str(error))
                selector = Selector("", (), definite=True)
            kind = self._type(item.get("Type", "String"), (*here, "Type"))
            found[item["Name"]] = Output(item["Name"], selector, kind)
        return tuple(found.values())
