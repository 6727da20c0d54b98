"""`chaoskit validate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from chaoskit import spec
from chaoskit.errors import SpecError
from chaoskit.spec import gameday

if TYPE_CHECKING:
    from chaoskit.errors import Problem


@click.command("validate")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
def command(paths: tuple[Path, ...]) -> None:
    """Check experiment and game-day files; nothing is called.

    Everything that is wrong is listed at once, each with file:line:column. Exit status 2 when
    anything is.
    """
    found = spec.files(paths)
    days = [path for path in found if gameday.is_gameday(path)]
    problems: list[Problem] = []
    told = []
    try:
        experiments = spec.load(path for path in found if path not in days)
    except SpecError as error:
        problems += error.problems
    else:
        told += [f"{experiment.path}: {experiment.title}" for experiment in experiments]
    for path in days:
        try:
            told.append(f"{path}: {gameday.load(path).title}")
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(sorted(set(problems)))  # an experiment may be in several game days
    click.echo("\n".join(told))
    counts = [(len(found) - len(days), "experiment"), (len(days), "game day")]
    click.echo(", ".join(f"{count} {word}{'s' * (count != 1)}" for count, word in counts if count) + " valid")
