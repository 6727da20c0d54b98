"""YAML with every value's place kept, and none of YAML's surprises.

Scalars stay text until a reader says what they should be: an account id stays `012345678901`, and
`on` stays `on`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import yaml

from chaoskit.errors import Problem

if TYPE_CHECKING:
    from pathlib import Path

_MOST_BYTES: Final = 512 * 1024
_MOST_NODES: Final = 20_000
_DEEPEST: Final = 40
_MOST_KEPT: Final = 512


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
_Located = tuple[int, int, str]  # line, column, what is wrong


def read(path: Path, problems: list[Problem]) -> Node | None:
    """Read a file; None (and a problem) when there is no document to speak of."""
    try:
        # To open a pipe is to wait for its writer.
        if path.exists() and not (path.is_file() or path.is_dir()):
            problems.append(Problem(str(path), 1, 1, "this is a pipe or a device, not a file"))
            return None
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except OSError as error:
        problems.append(Problem(str(path), 1, 1, f"the file can't be read: {error.strerror}"))
        return None
    node, found = _parsed(raw)
    problems += [Problem(str(path), *problem) for problem in found]
    return node


@functools.lru_cache(_MOST_KEPT)
def _parsed(raw: bytes) -> tuple[Node | None, tuple[_Located, ...]]:
    """A file's content, which is parsed once, though a run reads it before and after it has an account."""
    if len(raw) > _MOST_BYTES:
        return None, ((1, 1, f"the file is larger than {_MOST_BYTES // 1024} KiB"),)
    try:
        root = yaml.compose(raw.decode("utf-8-sig"), Loader=_LOADER)
    except _TooMuchError as error:
        return None, (error.located(),)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return None, ((line, 1, "the file is not UTF-8 text"),)
    except yaml.MarkedYAMLError as error:
        if tab := _tab(raw, error):
            return None, (tab,)
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return None, ((line, column, f"not valid YAML: {error.problem or error.context}"),)
    except yaml.YAMLError as error:
        return None, ((1, 1, f"not valid YAML: {' '.join(str(error).split())}"),)
    if root is None:
        return None, ((1, 1, "the file is empty; an experiment starts with `id:`"),)
    converter = _Converter()
    return converter.convert(root), tuple(converter.problems)


def _tab(raw: bytes, error: yaml.MarkedYAMLError) -> _Located | None:
    """Where a line that can't be read is indented with a tab, which looks like spaces."""
    if error.problem_mark is None:
        return None
    lines = raw.decode("utf-8-sig").splitlines()
    line = lines[error.problem_mark.line] if error.problem_mark.line < len(lines) else ""
    indentation = line[: len(line) - len(line.lstrip())]
    column = indentation.find("\t") + 1
    return (error.problem_mark.line + 1, column, "indent with spaces: here is a tab") if column else None


class _Bounded:
    """Composes nodes without asking what kind of scalar each is: that is the reader's to say.

    Composing is recursive, in C too, and ends the process when it goes too deep: so it is stopped on the way.
    """

    _depth = 0

    def descend_resolver(self, parent: yaml.Node | None, _: object) -> None:
        self._depth += 1
        if parent is not None and self._depth > _DEEPEST + 2:
            raise _TooMuchError(parent, "is nested too deeply")

    def ascend_resolver(self) -> None:
        self._depth -= 1

    def resolve(self, *_: object) -> str:
        return ""


def bounded(loader: type) -> type:
    """One of PyYAML's loaders, within our bounds."""
    return type(f"Bounded{loader.__name__}", (_Bounded, loader), {})


_LOADER: Final = bounded(getattr(yaml, "CSafeLoader", yaml.SafeLoader))


class _Converter:
    """Turns PyYAML's nodes into ours, within bounds that aliases can't escape."""

    def __init__(self) -> None:
        self.problems: list[_Located] = []
        self._left = _MOST_NODES

    def convert(self, root: yaml.Node) -> Node | None:
        try:
            return self._node(root, 0)
        except _TooMuchError as error:
            self.problems.append(error.located())
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
        self.problems.append((mark.line + 1, mark.column + 1, message))


class _TooMuchError(Exception):
    def __init__(self, node: yaml.Node, reason: str) -> None:
        super().__init__(reason)
        self._mark = node.start_mark
        self._reason = reason

    def located(self) -> _Located:
        return self._mark.line + 1, self._mark.column + 1, f"the document {self._reason}"
