"""`chaoskit predict`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from chaoskit import api
from chaoskit.cli.common import aws_settings, target_options, write_private
from chaoskit.errors import ExitCode
from chaoskit.report.foresight import as_markdown
from chaoskit.result import Foreseen

if TYPE_CHECKING:
    from chaoskit.predict import Foresight

_COLOURS: Final = {Foreseen.STOPPED: "green", Foreseen.NOT_STOPPED: "yellow", Foreseen.DEPENDS: "cyan"}


@click.command("predict")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@target_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--markdown", "file", type=click.Path(path_type=Path), help="Write Markdown, for a pull request."
)
@click.option("--strict", is_flag=True, help="Exit with 1 when a guardrail is predicted not to stop a fault.")
def command(
    paths: tuple[Path, ...],
    *,
    target: api.TargetName,
    as_json: bool,
    file: Path | None,
    strict: bool,
    **options: Any,
) -> int:
    """Predict for each change whether a policy stops it, without making it.

    The account is read, nothing in it is changed. What can't be known beforehand is named, not guessed:
    the service control policies are for the organization's management account or a delegated
    administrator to read (--management-profile).
    """
    foresights = api.predict(*paths, target=target, settings=aws_settings(**options))
    if file:
        write_private(file, as_markdown([foresight.dump() for foresight in foresights]))
    if as_json:
        click.echo(json.dumps([foresight.dump() for foresight in foresights], indent=2))
    else:
        for foresight in foresights:
            _show(foresight)
    unguarded = any(foresight.unguarded for foresight in foresights)
    return ExitCode.FAILED if strict and unguarded else ExitCode.PASSED


def _show(foresight: Foresight) -> None:
    click.secho(f"{foresight.experiment.id}: {foresight.experiment.title}", bold=True)
    for fault in foresight.faults:
        click.echo(f"  fault {fault.name}")
        stopped = False
        for each in fault.changes:
            click.echo(f"    {each.call}: ", nl=False)
            colour = _COLOURS[each.prediction.effect]
            unreached = " (if it is reached)" if stopped else ""
            click.secho(f"{each.prediction}{unreached}", fg=colour)
            stopped = stopped or each.prediction.effect is Foreseen.STOPPED
        if fault.problem:
            click.secho(f"    can't be planned further: {fault.problem}", fg="red")
    if foresight.unguarded:
        click.secho(f"  guardrail: {foresight.unguarded}", fg="red")
    click.echo("")
