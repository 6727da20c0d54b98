"""`chaoskit run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console

from chaoskit import api, spec
from chaoskit.cli.common import aws_settings, signals_held, target_options
from chaoskit.engine import Stop
from chaoskit.errors import ChaoskitError, ExitCode
from chaoskit.report.machine import as_json, as_junit
from chaoskit.report.progress import progress
from chaoskit.report.text import disagreements, story, summary
from chaoskit.result import Verdict

if TYPE_CHECKING:
    from chaoskit.embedded import Delays
    from chaoskit.result import Results


_PIPE_WIDTH: Final = 120


@click.command("run")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@target_options
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the results here.")
@click.option("--junit", "junit_file", type=click.Path(path_type=Path), help="Write JUnit XML here.")
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
def command(
    paths: tuple[Path, ...],
    *,
    target: api.TargetName,
    json_file: Path | None,
    junit_file: Path | None,
    jobs: int,
    predict: bool,
    deadman: bool,
    delays: Delays,
    **options: Any,
) -> int:
    """Run experiments: inject, observe, roll back, judge.

    The exit status is the worst verdict's: 0 PASSED, 1 FAILED, 2 bad files, 3 ABORTED,
    4 INCONCLUSIVE, 5 ERROR; it is 5 also when what an earlier run left could not be put back.
    """
    experiments = spec.load(paths)
    settings = aws_settings(**options)
    told, out = Console(stderr=True), Console()
    if not out.is_terminal:
        out.width = _PIPE_WIDTH
    stop = Stop()
    with signals_held(stop), progress(told, experiments) as listener:
        results = api.run(
            *paths,
            target=target,
            settings=settings,
            jobs=jobs,
            stop=stop,
            listener=listener,
            predict=predict,
            deadman=deadman,
            delays=delays,
        )
    out.print(summary(results))
    for result in results.results:
        if result.verdict is not Verdict.PASSED:
            out.print(
                f"\n{result.experiment.id}: {story(result)}", markup=False, highlight=False, soft_wrap=True
            )
    if json_file:
        _write(json_file, as_json(results))
    if junit_file:
        _write(junit_file, as_junit(results))
    for line in disagreements(results):
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    out.print(_closing(results), markup=False, highlight=False)
    if others := api.left_open(results):
        told.print(f"{others} changes of earlier runs are STILL OPEN: chaoskit status", style="red")
        return ExitCode.ERROR
    return results.exit_code


def _closing(results: Results) -> str:
    counts = {verdict: sum(r.verdict is verdict for r in results.results) for verdict in Verdict}
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    left = sum(not result.restored for result in results.results)
    return f"{told}; " + ("everything restored" if not left else f"{left} NOT RESTORED: chaoskit status")


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    except OSError as error:
        raise ChaoskitError(f"{file} can't be written: {error.strerror}.") from error
