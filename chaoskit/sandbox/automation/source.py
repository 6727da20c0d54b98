"""A runbook's text as data, with the line and column of everything in it, and the problems found."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from chaoskit.sandbox.quick_yaml import Loader, check_depth

if TYPE_CHECKING:
    from collections.abc import Mapping

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a document.

    Attributes:
        where: The path in the document, e.g. `mainSteps[2].inputs.Api`; empty for the whole document.
        line: 1-based, or 0 when unknown (JSON text carries no positions).
        column: 1-based, or 0 when unknown.
    """

    where: str
    message: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        position = f"line {self.line}, column {self.column}" if self.line else ""
        place = ", ".join(part for part in (position, self.where) if part)
        return f"{place}: {self.message}" if place else self.message


class InvalidDocumentError(Exception):
    """A document that cannot be used, with every problem found in it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(slots=True)
class Source:
    """The data of a document and the problems noted so far."""

    content: Any
    marks: Mapping[Path, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def note(self, path: Path, message: str) -> None:
        """Note a problem at a path."""
        spot = path
        while spot and spot not in self.marks:
            spot = spot[:-1]
        line, column = self.marks.get(spot, (0, 0))
        self.problems.append(Problem(_dotted(path), message, line, column))


def _dotted(path: Path) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read(text: str) -> Source:
    """Read YAML or JSON; InvalidDocumentError when it is neither, or holds a key twice."""
    if text.lstrip().startswith("{"):
        return _read_json(text)
    loader = Loader(text)
    try:
        check_depth(text)
        node = loader.get_single_node()
        source = Source(None)
        if node is not None:
            marks: dict[Path, tuple[int, int]] = {}
            source.marks = marks
            _mark(node, (), marks, source)
            source.content = loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise InvalidDocumentError((Problem("", f"not valid YAML: {error.problem}", line, column),)) from None
    except yaml.YAMLError as error:
        raise InvalidDocumentError((Problem("", f"not valid YAML: {error}"),)) from None
    finally:
        loader.dispose()
    return source


def _read_json(text: str) -> Source:
    source = Source(None)

    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for key, value in pairs:
            if key in built:
                source.note((), f"the key {key!r} is given twice in one object")
            built[key] = value
        return built

    try:
        source.content = json.loads(text, object_pairs_hook=build)
    except json.JSONDecodeError as error:
        raise InvalidDocumentError(
            (Problem("", f"not valid JSON: {error.msg}", error.lineno, error.colno),)
        ) from None
    return source


def _mark(node: yaml.Node, path: Path, marks: dict[Path, tuple[int, int]], source: Source) -> None:
    marks.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            inner = (*path, name)
            marks[inner] = (key.start_mark.line + 1, key.start_mark.column + 1)
            if name in seen:
                source.note(inner, "this key is given twice")
            seen.add(name)
            if key.tag != "tag:yaml.org,2002:str":
                # YAML 1.1 reads On, yes and 1 as other things than names.
                source.note(inner, f"{key.value} is not read as text here: put it in quotes")
            _mark(value, inner, marks, source)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _mark(item, (*path, index), marks, source)
