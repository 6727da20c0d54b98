"""`chaoskit mutate`."""

from __future__ import annotations

import json
from contextlib import ExitStack
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.table import Table

from chaoskit import spec
from chaoskit.cli.ahead import check_file
from chaoskit.cli.common import replace_private, signals_held
from chaoskit.cli.reporting import read_document
from chaoskit.cli.terminal import plain_console
from chaoskit.engine import Stop
from chaoskit.mutate import Kept, Outcome, Reasons, mutate, stage
from chaoskit.mutate.campaign import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaoskit.mutate import Campaign, Control, Mutant

_PIPE_WIDTH: Final = 140


@click.command("mutate")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--control", "pattern", help="Only controls like this KIND:NAME, with * and ?.")
@click.option("--relied", is_flag=True, help="Leave out controls that none of these experiments relies on.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path),
    help="Write the report here, as it grows; an unfinished one that is there is gone on with.",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    help="Take over what still holds of this report, finished or not.",
)
@click.option(
    "-j", "--jobs", type=click.IntRange(1, 16), default=2, show_default=True, help="Sandboxes at once."
)
def command(
    paths: tuple[Path, ...],
    *,
    pattern: str | None,
    relied: bool,
    json_file: Path | None,
    resume: Path | None,
    jobs: int,
) -> int:
    """Take each control away and see which experiment notices.

    In embedded sandboxes of its own, for each control that is deployed: without it, an experiment that
    relies on it must turn FAILED. Controls that no experiment would miss are survivors; the file
    survivors.toml beside the experiments gives the reason why one may. The exit status is 0 when every
    control was missed or has its reason, 1 otherwise; 3 when it was stopped.

    What a run found is in the --json file before the next one begins: after an interruption, the same
    command goes on where it was. A report holds as long as chaoskit's version, the workload's templates and
    runbooks, the experiment and its faults and probes are the same; of another experiment nothing is kept.

    A single point of failure is a control whose loss alone lets a fault go by that no expectation of the
    experiment and no rule of EventBridge saw.
    """
    if json_file:
        check_file(json_file)
    spec.load(paths)
    reasons, stop, told = Reasons.near(paths), Stop(), plain_console(stderr=True)
    kept, left, behind = _kept(resume, json_file), 0, False

    def tell(campaign: Campaign, mutant: Mutant | None) -> None:
        nonlocal left
        left = campaign.left
        if mutant is not None:
            line = f"{mutant.outcome:9} {mutant.control.id}  {_who(mutant)}".rstrip()
            told.print(line, markup=False, highlight=False, soft_wrap=True)
        write(campaign)

    def write(campaign: Campaign) -> None:
        nonlocal behind
        if json_file:
            behind = True
            replace_private(json_file, json.dumps(campaign.dump(), indent=2) + "\n")
            behind = False

    with signals_held(stop), ExitStack() as open_:
        stages = [open_.enter_context(stage(paths)) for _ in range(jobs)]
        wanted = _like(pattern)
        try:
            campaign = mutate(
                stages, stop, reasons=reasons, wanted=wanted, relied_only=relied, kept=kept, told=tell
            )
        finally:
            if left and not behind:  # the error tells of the file that could not be written
                told.print(_how_to_go_on(left, json_file), markup=False, highlight=False, soft_wrap=True)
    write(campaign)
    out = plain_console(piped=_PIPE_WIDTH)
    out.print(_table(campaign))
    for line in _lines(campaign):
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    return campaign.exit_code


def _kept(resume: Path | None, json_file: Path | None) -> Kept:
    """What an earlier report found: the one that is named, or the unfinished one that would be written over.

    Raises:
        ChaoskitError: It is none, or somebody edited it.
    """
    if resume is not None:
        return Kept.read(read_document(resume, SCHEMA))
    if json_file is None or not json_file.is_file():
        return Kept()
    document = read_document(json_file, SCHEMA)
    return Kept() if document["finished"] else Kept.read(document)


def _how_to_go_on(left: int, json_file: Path | None) -> str:
    if json_file is None:
        return f"{left} controls are left; with --json FILE it could be gone on with."
    return f"{left} controls are left. What was found is in {json_file}: the same command goes on from there."


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
        f"{trial.experiment} {trial.verdict}{' UNNOTICED' if trial.unnoticed else ''}"
        for trial in mutant.trials
        if trial.verdict != "PASSED"
    )


def _lines(campaign: Campaign) -> list[str]:
    """What the table does not say."""
    lines = [""]
    for mutant in campaign.survivors:
        reason = f"reason: {mutant.excuse}" if mutant.excuse else "NO REASON is written in survivors.toml"
        saw = mutant.trouble or "; ".join(
            f"{each.experiment}: {each.reason}" for each in mutant.trials if each.verdict != "PASSED"
        )
        said = f" ({saw})" if saw and mutant.outcome is not Outcome.SURVIVED else ""
        lines.append(f"{mutant.outcome}: {mutant.control.id}{said}: {reason}")
    lines += [f"{name} is killed: its reason in survivors.toml can go" for name in campaign.needless]
    for name in campaign.vacuous:
        excuse = campaign.reasons.experiments.get(name)
        lines.append(
            f"VACUOUS: {name} passed whatever was taken away{f': reason: {excuse}' if excuse else ''}"
        )
    lines += [f"NOT FIT: {r.experiment} is {r.verdict} to begin with: {r.reason}" for r in campaign.unfit]
    killed, every = len(campaign.killed), len(campaign.mutants)
    alone = sum(mutant.single_point for mutant in campaign.mutants)
    excused = sum(mutant.excuse is not None for mutant in campaign.survivors)
    lines.append(
        f"control score {killed}/{every} ({killed / every:.0%}); "
        f"{excused} of {every - killed} survivors have a reason; "
        f"{alone} single points of failure"
    )
    return lines
