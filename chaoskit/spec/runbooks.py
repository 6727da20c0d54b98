"""What runbooks say of themselves; whether they are right is for Systems Manager to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaoskit.errors import Problem, SpecError
from chaoskit.spec.document import Mapping, Scalar, read

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Runbook:
    """A runbook's name and purpose.

    Attributes:
        name: The document's name, which is the file's.
        purpose: The first paragraph of its description, in one line.
    """

    name: str
    purpose: str


def runbooks(folder: Path) -> list[Runbook]:
    """The runbooks of a folder, by name.

    Raises:
        SpecError: A file is no YAML document with a description.
    """
    problems: list[Problem] = []
    found = []
    for path in sorted(folder.glob("*.yaml")):
        root = read(path, problems)
        keys = {key.text: value for key, value in root.items} if isinstance(root, Mapping) else {}
        told = keys.get("description")
        if isinstance(told, Scalar):
            found.append(Runbook(path.stem, _first_paragraph(told.text)))
        elif root is not None:
            problems.append(Problem(str(path), root.line, root.column, "a runbook needs a `description`"))
    if problems:
        raise SpecError(problems)
    return found


def _first_paragraph(description: str) -> str:
    paragraphs = [part for part in description.split("\n\n") if not part.lstrip().startswith("#")]
    return " ".join(paragraphs[0].split()) if paragraphs else ""
