"""Reads rule files: YAML documents with the line where each begins, and what is wrong with them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from chaoskit.detect.sigma.errors import SigmaProblem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

UNNAMED = "<rule>"


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document, a mapping, and where it begins."""

    path: str
    line: int
    content: dict[str, object]

    def problem(self, reason: str) -> SigmaProblem:
        """Something wrong in it."""
        return SigmaProblem(self.path, self.line, str(self.content.get("title") or ""), reason)


def read_files(path: Path, problems: list[SigmaProblem]) -> Iterator[list[Document]]:
    """The documents of a file, or of each rule file (`.yml`, `.yaml`) below a directory."""
    files = [path]
    if path.is_dir():
        files = sorted(one for one in path.rglob("*") if one.suffix in (".yml", ".yaml") and one.is_file())
        if not files:
            problems.append(SigmaProblem(str(path), 1, "", "the directory has no .yml file"))
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except OSError as problem:
            problems.append(SigmaProblem(str(file), 1, "", f"it cannot be read: {problem.strerror}"))
        except UnicodeDecodeError as problem:
            problems.append(SigmaProblem(str(file), 1, "", f"it is not UTF-8 text: {problem.reason}"))
        else:
            yield read_text(text, str(file), problems)


def path_in(text: str) -> Path | None:
    """The path of a rule file that a text names instead of being a rule: one line that ends so."""
    return Path(text) if text.endswith((".yml", ".yaml")) and "\n" not in text else None


def read_text(text: str, path: str, problems: list[SigmaProblem]) -> list[Document]:
    """The documents of a YAML text that are mappings; what is wrong is added to `problems`."""
    documents = []
    loader = yaml.SafeLoader(text)
    line = 1
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is None:
                break
            line = node.start_mark.line + 1
            problems += [SigmaProblem(path, at, "", reason) for at, reason in _repeated(node)]
            content = loader.construct_document(node)
            if isinstance(content, dict):
                documents.append(Document(path, line, content))
            elif content is not None:
                hint = "" if path != UNNAMED else "; to read a file, give its pathlib.Path"
                problems.append(SigmaProblem(path, line, "", f"a rule is a mapping of keys to values{hint}"))
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark
        at = mark.line + 1 if mark else line
        problems.append(SigmaProblem(path, at, "", f"it is not YAML: {problem.problem}"))
    except (yaml.YAMLError, ValueError) as problem:
        problems.append(SigmaProblem(path, line, "", f"it is not YAML: {problem}"))
    finally:
        loader.dispose()
    return documents


def given(content: Mapping[str, object]) -> Document:
    """A rule that was given as a mapping."""
    return Document(UNNAMED, 1, deepcopy(dict(content)))


def _repeated(root: yaml.Node) -> Iterator[tuple[int, str]]:
    """Keys that stand twice in one mapping: YAML would keep the last and lose the others in silence."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            keys: set[str] = set()
            for key, value in node.value:
                waiting.append(value)
                if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                    if key.value in keys:
                        yield key.start_mark.line + 1, f"the key '{key.value}' stands twice"
                    keys.add(key.value)
