"""`chaoskit mutate`."""

from __future__ import annotations

import json
from contextlib import ExitStack
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console
from rich.table import Table

from chaoskit import spec
from chaoskit.cli.common import signals_held, write_private
from chaoskit.engine import Stop
from chaoskit.mutate import Outcome, Reasons, mutate, stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaoskit.mutate import Campaign, Control, Mutant

_PIPE_WIDTH: Final = 140


@click.command("mutate")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--control", "pattern", help="Only controls like this KIND:NAME, with * and ?.")
@click.option("--relied", is_flag=True, help="Leave out controls that none of these experiments relies on.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the report here.")
@click.option(
    "-j", "--jobs", type=click.IntRange(1, 16), default=2, show_default=True, help="Sandboxes at once."
)
def command(
    paths: tuple[Path, ...], *, pattern: str | None, relied: bool, json_file: Path | None, jobs: int
) -> int:
    """Take each control away and see which experiment notices.

    In embedded sandboxes of its own, for each control that is deployed: without it, an experiment that
    relies on it must turn FAILED. Controls that no experiment would miss are survivors; the file
    survivors.toml beside the experiments gives the reason why one may. The exit status is 0 when every
    control was missed or has its reason, 1 otherwise; 3 when it was stopped.

    A single point of failure is a control whose loss alone lets a fault go by that no expectation of the
    experiment and no rule of EventBridge saw.
    """
    spec.load(paths)
    reasons, stop, told = Reasons.near(paths), Stop(), Console(stderr=True)

    def tell(mutant: Mutant) -> None:
        line = f"{mutant.outcome:9} {mutant.control.id}  {_who(mutant)}".rstrip()
        told.print(line, markup=False, highlight=False, soft_wrap=True)

    with signals_held(stop), ExitStack() as open_:
        stages = [open_.enter_context(stage(paths)) for _ in range(jobs)]
        campaign = mutate(stages, stop, reasons=reasons, wanted=_like(pattern), relied_only=relied, told=tell)
    if json_file:
        write_private(json_file, json.dumps(campaign.dump(), indent=2) + "\n")
    out = Console()
    if not out.is_terminal:
        out.width = _PIPE_WIDTH
    out.print(_table(campaign))
    for line in _lines(campaign):
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    return campaign.exit_code


def _like(pattern: str | None) -> Callable[[Control], bool] | None:
    return (lambda control: fnmatchcase(control.id, pattern)) if pattern else None


def _table(campaign: Campaign) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("control", "outcome", "noticed by"):
        table.add_column(name, overflow="fold")
    for mutant in campaign.mutants:
        alone = ", SINGLE POINT OF FAILURE" if mutant.single_point else ""
        outcome = f"{mutant.outcome}{alone}"
        table.add_row(mutant.control.id, outcome, _who(mutant))
    return table


def _who(mutant: Mutant) -> str:
    """The experiments that noticed."""
    return ", ".join(
        f"{trial.result.experiment.id} {trial.result.verdict}{' UNNOTICED' if trial.unnoticed else ''}"
        for trial in mutant.trials
        if trial.result.verdict != "PASSED"
    )


def _lines(campaign: Campaign) -> list[str]:
    """What the table does not say."""
    lines = [""]
    for mutant in campaign.survivors:
        reason = f"reason: {mutant.excuse}" if mutant.excuse else "NO REASON is written in survivors.toml"
        saw = mutant.trouble or "; ".join(
            f"{r.experiment.id}: {r.reason}" for r in mutant.results if r.verdict != "PASSED"
        )
        said = f" ({saw})" if saw and mutant.outcome is not Outcome.SURVIVED else ""
        lines.append(f"{mutant.outcome}: {mutant.control.id}{said}: {reason}")
    lines += [f"{name} is killed: its reason in survivors.toml can go" for name in campaign.needless]
    for name in campaign.vacuous:
        excuse = campaign.reasons.experiments.get(name)
        lines.append(
            f"VACUOUS: {name} passed whatever was taken away{f': reason: {excuse}' if excuse else ''}"
        )
    lines += [f"NOT FIT: {r.experiment.id} is {r.verdict} to begin with: {r.reason}" for r in campaign.unfit]
    killed, every = len(campaign.killed), len(campaign.mutants)
    alone = sum(mutant.single_point for mutant in campaign.mutants)
    excused = sum(mutant.excuse is not None for mutant in campaign.survivors)
    lines.append(
        f"control score {killed}/{every} ({killed / every:.0%}); "
        f"{excused} of {every - killed} survivors have a reason; "
        f"{alone} single points of failure"
    )
    return lines
