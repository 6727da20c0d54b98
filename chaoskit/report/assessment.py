"""An assessment for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.markup import escape
from rich.table import Table

from chaoskit.assess.matrix import ROLES
from chaoskit.contract import LAYERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.assess import Assessment, Cell, Graded

_MARKS: Final = {True: "[green]yes[/]", False: "[bold red]no[/]", None: "[yellow]?[/]"}
_WORDS: Final = {True: "holds", False: "does not hold", None: "can't tell"}


def tables(assessment: Assessment) -> Iterator[Table]:
    """The matrix, the controls and the checklist, a table each."""
    yield _matrix(assessment)
    yield _controls(assessment)
    yield _checklist(assessment)


def told(assessment: Assessment) -> list[str]:
    """The level of maturity and what is missing for the next, a line each."""
    reached = assessment.levels[assessment.level - 1].name if assessment.level else "none"
    lines = [f"ML security maturity: level {assessment.level} of {len(assessment.levels)} ({reached})"]
    if assessment.level < len(assessment.levels):
        following = assessment.levels[assessment.level]
        lines.append(f"missing for level {assessment.level + 1} ({following.name}):")
    for item in assessment.missing():
        lines.append(f"  {item.id}: {item.question}")
        lines += [
            f"    {answer.by}: {_WORDS[answer.holds]}, {answer.why}"
            for answer in item.answers
            if answer.holds is not True
        ]
    return lines


def _matrix(assessment: Assessment) -> Table:
    table = Table(title="Expectations met, by layer and control", title_justify="left")
    table.add_column("layer")
    for purpose in ROLES.values():
        table.add_column(purpose, justify="right")
    cells = {(cell.layer, cell.role): cell for cell in assessment.matrix}
    for layer in LAYERS:
        table.add_row(layer, *(_cell(cells[layer, role]) for role in ROLES))
    return table


def _cell(cell: Cell) -> str:
    if not cell.total:
        return "[yellow]none[/]"
    style = "green" if cell.met == cell.total else "bold red"
    return f"[{style}]{cell.met} of {cell.total}[/]"


def _controls(assessment: Assessment) -> Table:
    table = Table(title="Evidence by compliance control", title_justify="left")
    for column in ("control", "about", "holds", "runs"):
        table.add_column(column, overflow="fold")
    for control in assessment.controls:
        passed = sum(run.verdict == "PASSED" for run in control.runs)
        table.add_row(
            escape(control.id),
            escape(control.name),
            _MARKS[control.holds],
            f"{passed} of {len(control.runs)} PASSED",
        )
    return table


def _checklist(assessment: Assessment) -> Table:
    table = Table(title="Prepared for an incident", title_justify="left")
    for column in ("part", "question", "answer", "why"):
        table.add_column(column, overflow="fold")
    for part in assessment.checklist:
        for row in _rows(part):
            table.add_row(*row)
    return table


def _rows(part: Graded) -> Iterator[tuple[str, str, str, str]]:
    for item in part.items:
        against = [f"{answer.by}: {answer.why}" for answer in item.answers if answer.holds is not True]
        yield part.name, escape(item.question), _MARKS[item.holds], escape("; ".join(against))
