"""`chaoskit run`."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from chaoskit import api, spec
from chaoskit.cli.ahead import check_file, check_reports
from chaoskit.cli.assessing import assessed, look
from chaoskit.cli.common import aws_settings, signals_held, target_options
from chaoskit.cli.due import CLOUDWATCH, Agenda, alone, tell
from chaoskit.cli.reporting import publish, report_options, status_after, take, write_reports
from chaoskit.cli.terminal import plain_console
from chaoskit.embedded import PROFILES
from chaoskit.engine import Stop
from chaoskit.errors import ChaoskitError, ExitCode
from chaoskit.report.progress import progress
from chaoskit.report.text import disagreements, story, summary
from chaoskit.report.trends import slo_table
from chaoskit.result import Verdict
from chaoskit.slo import SystemClock
from chaoskit.trends import series

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from chaoskit.cli.assessing import Look
    from chaoskit.experiment import Experiment
    from chaoskit.result import Results
    from chaoskit.target import Target


_PIPE_WIDTH: Final = 120
_HOW: Final = ("jobs", "predict", "deadman", "delays", "repeat", "workload_profile")


@click.command("run")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@target_options
@report_options
@click.option("-j", "--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Runs at once.")
@click.option(
    "--predict/--no-predict",
    default=True,
    show_default=True,
    help="Compare what the account's policies say beforehand with what comes of each change.",
)
@click.option(
    "--deadman/--no-deadman",
    default=True,
    show_default=True,
    help="Have AWS itself undo each change by a deadline, should chaoskit die; nothing is injected without.",
)
@click.option(
    "--delays",
    type=click.Choice(["instant", "realistic"]),
    default="instant",
    show_default=True,
    help="How long the embedded sandbox's telemetry takes: as long as AWS says, on a clock that skips.",
)
@click.option(
    "--repeat",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="Run each experiment so often, and show how its latencies are distributed.",
)
@click.option(
    "--due",
    is_flag=True,
    help="Run only what is due by its `schedule:`; meant to be called again and again, by cron for one.",
)
@click.option(
    "--heartbeat",
    metavar="FILE|cloudwatch",
    help="With --due: write that schedules are alive, as a Prometheus text file or a CloudWatch metric.",
)
@click.option(
    "--workload-profile",
    type=click.Choice(PROFILES),
    help="Run in a sandbox of its own, deployed with this well-known anti-pattern, to see who finds it.",
)
def command(
    paths: tuple[Path, ...],
    *,
    target: api.TargetName,
    due: bool,
    heartbeat: str | None,
    **options: Any,
) -> int:
    """Run experiments: inject, observe, roll back, judge.

    The exit status is the worst verdict's: 0 PASSED, 1 FAILED, 2 bad files, 3 ABORTED,
    4 INCONCLUSIVE, 5 ERROR; it is 5 also when what an earlier run left could not be put back.
    """
    if heartbeat and not due:
        raise click.UsageError("--heartbeat goes with --due")
    reports = take(options)
    check_reports(reports)
    if heartbeat and heartbeat != CLOUDWATCH:
        check_file(Path(heartbeat), folders_are_made=False)
    experiments = spec.load(paths)
    if not due:
        return _run(experiments, paths, reports, target=target, **options)
    with alone() as first:
        if not first:
            click.echo("Another `run --due` is going on; nothing is begun beside it.")
            return ExitCode.PASSED
        now = SystemClock().now
        agenda = Agenda.of(experiments, target, now())
        wanted = agenda.due(now())
        if wanted:
            status = _run(wanted, tuple(each.path for each in wanted), reports, target=target, **options)
        else:
            status = ExitCode.PASSED
            click.echo(f"Nothing is due; {_upcoming(agenda)}.")
        beat = Agenda.of(experiments, target, now()).beat(now())
        if heartbeat:
            where = {name: value for name, value in options.items() if name not in _HOW}
            tell(beat, heartbeat, target, aws_settings(**where))
    return status


def _run(
    experiments: Sequence[Experiment],
    paths: Sequence[Path],
    reports: Mapping[str, Any],
    *,
    target: api.TargetName,
    **options: Any,
) -> int:
    how = {name: options.pop(name) for name in _HOW}
    settings = aws_settings(**options)
    told, out = plain_console(stderr=True), plain_console(piped=_PIPE_WIDTH)
    stop = Stop()
    looks: list[Look] = []

    def afterwards(place: Target) -> None:
        with suppress(ChaoskitError):  # the report then says what the results alone say
            looks.append(look(place))

    if reports["html_file"]:
        how["afterwards"] = afterwards
    with signals_held(stop), progress(told, experiments) as listener:
        results = api.run(*paths, target=target, settings=settings, stop=stop, listener=listener, **how)
    document = results.dump()
    troubles: list[str] = []
    try:  # a terminal that fails has then cost nothing, and a file that can't be written no word either
        assessment = assessed(document["results"], looks[0]).dump() if looks else None
        troubles += write_reports(document, reports, assessment=assessment)
    finally:
        _tell(out, results, document, how["repeat"])
    troubles += publish(document, reports["publish"], target, settings)
    status = status_after(troubles, results.exit_code)
    if others := api.left_open(results):
        told.print(f"{others} changes of earlier runs are STILL OPEN: chaoskit status", style="red")
        return ExitCode.ERROR
    return status


def _tell(out: Console, results: Results, document: Mapping[str, Any], repeat: int) -> None:
    out.print(summary(results))
    if repeat > 1:
        out.print(slo_table(series([document]), f"{repeat} runs of each experiment"))
    for result in results.results:
        if result.verdict is not Verdict.PASSED:
            out.print(
                f"\n{result.experiment.id}: {story(result)}", markup=False, highlight=False, soft_wrap=True
            )
    for line in disagreements(results):
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    out.print(_closing(results), markup=False, highlight=False)


def _upcoming(agenda: Agenda) -> str:
    moments = {name: at for name, at in agenda.upcoming(SystemClock().now()).items() if at}
    if not moments:
        return "no experiment here has a schedule"
    name = min(moments, key=moments.__getitem__)
    return f"{name} is next, at {moments[name]:%Y-%m-%d %H:%M} UTC"


def _closing(results: Results) -> str:
    counts = {verdict: sum(r.verdict is verdict for r in results.results) for verdict in Verdict}
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    left = sum(not result.restored for result in results.results)
    return f"{told}; " + ("everything restored" if not left else f"{left} NOT RESTORED: chaoskit status")
