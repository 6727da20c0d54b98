"""`chaoskit history`."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click
from rich.table import Table

from chaoskit.cli.reporting import results_named
from chaoskit.cli.terminal import plain_console
from chaoskit.errors import ExitCode
from chaoskit.history import History
from chaoskit.home import history_path
from chaoskit.report.trends import slo_table
from chaoskit.slo import Duration
from chaoskit.trends import OBJECTIVE, compare, series

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaoskit.trends import Series

_SHOWN = 20


def _window(_context: click.Context, _option: click.Parameter, text: str | None) -> datetime | None:
    try:
        return datetime.now(UTC) - timedelta(seconds=Duration.parse(text)) if text else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    except OverflowError as error:
        raise click.BadParameter(f"{text!r} is longer ago than any date; write for example 30d") from error


@click.group("history", invoke_without_command=True)
@click.option("--experiment", help="Only runs with this experiment.")
@click.option("--since", callback=_window, metavar="7d", help="Only runs that began no longer ago than this.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(context: click.Context, *, experiment: str | None, since: datetime | None, as_json: bool) -> int:
    """List earlier runs, tell what they show together, and compare them."""
    if context.invoked_subcommand:
        return ExitCode.PASSED
    runs = History(history_path()).runs(experiment=experiment, since=since)
    if as_json:
        click.echo(json.dumps([run.document for run in runs], indent=2))
        return ExitCode.PASSED
    table = Table(title="Runs", title_justify="left")
    for column in ("run", "target", "started", "verdicts"):
        table.add_column(column, no_wrap=True)
    for run in runs[:_SHOWN]:
        verdicts = [each["verdict"] for each in run.results]
        counts = ", ".join(f"{verdicts.count(word)} {word}" for word in sorted(set(verdicts)))
        table.add_row(run.run_id, run.target, f"{run.started:%Y-%m-%d %H:%M:%S}", counts)
    _print(table)
    if len(runs) > _SHOWN:
        click.echo(f"{len(runs) - _SHOWN} more; --since or --experiment narrows them.")
    return ExitCode.PASSED


@command.command("show")
@click.argument("run", default="last")
def show(run: str) -> int:
    """Print the result document of RUN: the beginning of its id, `last`, or `last~1`."""
    click.echo(json.dumps(History(history_path()).find(run).document, indent=2))
    return ExitCode.PASSED


@command.command("slo")
@click.option("--experiment", help="Only this experiment.")
@click.option("--since", callback=_window, default="30d", show_default=True, help="The window.")
@click.option(
    "--target", type=click.Choice(["embedded", "aws"]), help="Only runs there; by default each apart."
)
@click.option("--objective", type=click.FloatRange(0.5, 0.9999), default=OBJECTIVE, show_default=True)
def slo(*, experiment: str | None, since: datetime, target: str | None, objective: float) -> int:
    """Show latency percentiles, SLO attainment and what is left of the error budget."""
    every = History(history_path()).runs(experiment=experiment, since=since)
    runs = [run for run in every if not run.problems]
    if len(runs) < len(every):
        left_out = _runs(len(every) - len(runs))
        click.echo(f"Left out: {left_out} that somebody edited, see `chaoskit report verify`.", err=True)
    targets = [target] if target else sorted({run.target for run in runs}, reverse=True)
    for place in targets or ["any target"]:
        there = [run for run in runs if run.target == place]
        found = series(run.document for run in there)
        wanted = [each for each in found if experiment in (None, each.experiment)]
        title = f"{_runs(len(there))} on {place}, objective {objective:.2%}"
        _print(slo_table(_told_apart(wanted), title, objective))
    return ExitCode.PASSED


def _told_apart(found: Sequence[Series]) -> list[Series]:
    """With what a probe was given after its name, where an experiment has asked it more than one thing."""
    names = Counter((each.experiment, each.role, each.probe) for each in found)
    return [
        replace(each, probe=f"{each.probe} {json.dumps(each.parameters)}")
        if each.parameters and names[each.experiment, each.role, each.probe] > 1
        else each
        for each in found
    ]


@command.command("compare")
@click.argument("before", default="last~1")
@click.argument("after", default="last")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compare_command(before: str, after: str, *, as_json: bool) -> int:
    """Tell what is different in AFTER; exit status 1 when anything got worse.

    Each is a run (the beginning of its id, `last`, `last~1`), or a file that `run --json` or --html wrote.
    By default the last run is compared with the one before it.
    """
    old, new = results_named(before), results_named(after)
    if old["run_id"] == new["run_id"]:
        raise click.UsageError(
            f"{before} and {after} are the same run, {new['run_id']}, and it can't differ from itself; "
            "`chaoskit history` lists others."
        )
    found = compare([old], [new])
    if as_json:
        rows = [{"experiment": d.experiment, "what": d.what, "regression": d.regression} for d in found]
        click.echo(json.dumps(rows, indent=2))
    elif not found:
        click.echo("No difference.")
    else:
        for each in found:
            word, colour = ("REGRESSION", "red") if each.regression else ("changed", "cyan")
            click.echo(f"{click.style(word, fg=colour)} {each.experiment}: {each.what}")
    return ExitCode.FAILED if any(each.regression for each in found) else ExitCode.PASSED


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


def _print(table: Table) -> None:
    console = plain_console(piped=160)
    console.print(table)
