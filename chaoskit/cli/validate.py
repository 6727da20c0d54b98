"""`chaoskit validate`."""

from __future__ import annotations

from pathlib import Path

import click

from chaoskit import spec


@click.command("validate")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
def command(paths: tuple[Path, ...]) -> None:
    """Check experiment files; nothing is called.

    Everything that is wrong is listed at once, each with file:line:column. Exit status 2 when
    anything is.
    """
    experiments = spec.load(paths)
    for experiment in experiments:
        click.echo(f"{experiment.path}: {experiment.title}")
    click.echo(f"{len(experiments)} experiment{'s' * (len(experiments) != 1)} valid")
