"""YAML with every value's place kept, and none of YAML's surprises.

Scalars stay text until a reader says what they should be: an account id stays `012345678901`, and
`on` stays `on`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from chaoskit.errors import Problem

if TYPE_CHECKING:
    from pathlib import Path

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST_BYTES: Final = 512 * 1024
_MOST_NODES: Final = 20_000
_DEEPEST: Final = 40


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, number or truth value as written; `plain` when it was not quoted."""

    text: str
    plain: bool
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values, in order."""

    items: tuple[tuple[Scalar, Node], ...]
    line: int
    column: int


Node = Scalar | Sequence | Mapping


def read(path: Path, problems: list[Problem]) -> Node | None:
    """Read a file; None (and a problem) when there is no document to speak of."""
    where = str(path)
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
        if len(raw) > _MOST_BYTES:
            problems.append(Problem(where, 1, 1, f"the file is larger than {_MOST_BYTES // 1024} KiB"))
            return None
        text = raw.decode("utf-8-sig")
        if mark := _too_deep(text):
            problems.append(
                Problem(where, mark.line + 1, mark.column + 1, "the document is nested too deeply")
            )
            return None
        root = yaml.compose(text, Loader=_LOADER)
    except OSError as error:
        problems.append(Problem(where, 1, 1, f"the file can't be read: {error.strerror}"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problems.append(Problem(where, line, 1, "the file is not UTF-8 text"))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problems.append(Problem(where, line, column, f"not valid YAML: {error.problem or error.context}"))
    except yaml.YAMLError as error:
        problems.append(Problem(where, 1, 1, f"not valid YAML: {' '.join(str(error).split())}"))
    else:
        if root is None:
            problems.append(Problem(where, 1, 1, "the file is empty; an experiment starts with `id:`"))
            return None
        return _Converter(where, problems).convert(root)
    return None


def _too_deep(text: str) -> Any:
    """Where it is: read from the flat events, as composing is recursive, in C too, and ends the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST + 1:
            return event.start_mark
    return None


class _Converter:
    """Turns PyYAML's nodes into ours, within bounds that aliases can't escape."""

    def __init__(self, path: str, problems: list[Problem]) -> None:
        self._path = path
        self._problems = problems
        self._left = _MOST_NODES

    def convert(self, root: yaml.Node) -> Node | None:
        try:
            return self._node(root, 0)
        except _TooMuchError as error:
            mark = error.node.start_mark
            self._say(mark, f"the document {error.reason}")
            return None

    def _node(self, node: yaml.Node, depth: int) -> Node:
        self._left -= 1
        if depth > _DEEPEST:  # an alias can nest what the text does not
            raise _TooMuchError(node, "is nested too deeply")
        if self._left < 0:
            raise _TooMuchError(node, "is too large once its aliases are expanded")
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        if isinstance(node, yaml.ScalarNode):
            return Scalar(node.value, not node.style, line, column)
        if isinstance(node, yaml.SequenceNode):
            return Sequence(tuple(self._node(item, depth + 1) for item in node.value), line, column)
        pairs: list[tuple[Scalar, Node]] = []
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._say(key_node.start_mark, "a key must be a plain word")
                continue
            key = Scalar(key_node.value, True, key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if key.text in seen:
                self._say(key_node.start_mark, f"{key.text!r} is given twice, first in line {seen[key.text]}")
                continue
            seen[key.text] = key.line
            pairs.append((key, self._node(value_node, depth + 1)))
        return Mapping(tuple(pairs), line, column)

    def _say(self, mark: yaml.Mark, message: str) -> None:
        self._problems.append(Problem(self._path, mark.line + 1, mark.column + 1, message))


class _TooMuchError(Exception):
    def __init__(self, node: yaml.Node, reason: str) -> None:
        super().__init__(reason)
        self.node = node
        self.reason = reason
