"""`chaoskit report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chaoskit import evidence
from chaoskit.assess import SCHEMA as ASSESSMENT
from chaoskit.cli.common import aws_settings, target_options
from chaoskit.cli.fleet import fleet_results, report_results, tooling_options
from chaoskit.cli.reporting import (
    publish,
    read_document,
    report_options,
    results_named,
    status_after,
    take,
    write_reports,
)
from chaoskit.errors import ChaoskitError, ExitCode
from chaoskit.history import History
from chaoskit.home import history_path
from chaoskit.journal import every_journal, open_journal
from chaoskit.mutate.campaign import SCHEMA as MUTATION
from chaoskit.places import AwsSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit import api


@click.group("report")
def command() -> None:
    """Write reports in other forms, and verify them."""


@command.command("render")
@click.argument("results")
@report_options
@target_options
@click.option("--assessment", type=click.Path(path_type=Path), help="What `assess --json` wrote, for --html.")
@click.option("--mutation", type=click.Path(path_type=Path), help="What `mutate --json` wrote, for --html.")
def render(
    results: str, *, target: api.TargetName, assessment: Path | None, mutation: Path | None, **options: Any
) -> int:
    """Write RESULTS, a file of `run --json`, in other forms, and tell others of them.

    A run in the history of this machine has them too: the beginning of its id, `last`, or `last~1`.
    """
    wanted = take(options)
    if not any(wanted.values()):
        raise click.UsageError("say what to write, or whom to tell: --html FILE, --publish slack, ...")
    document = results_named(results)
    troubles = write_reports(
        document,
        wanted,
        assessment=read_document(assessment, ASSESSMENT) if assessment else None,
        mutation=read_document(mutation, MUTATION) if mutation else None,
    )
    troubles += publish(document, wanted["publish"], target, aws_settings(**options))
    return status_after(troubles, ExitCode.PASSED)


@command.command("fleet")
@click.argument("run")
@tooling_options
@report_options
def fleet(run: str, *, profile: str | None, region: str | None, stack: str, **options: Any) -> int:
    """Collect the results of a fleet's RUN and write them as one report.

    The exit status is the worst verdict's. A task that has no result is an ERROR, and is named.
    """
    wanted = take(options)
    found = fleet_results(run, profile=profile, region=region, stack=stack)
    status = report_results(found, wanted)
    troubles = publish(found.document, wanted["publish"], "aws", AwsSettings(profile=profile, region=region))
    return status_after(troubles, status)


@command.command("verify")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
def verify(files: tuple[Path, ...]) -> int:
    """Verify that reports are as they were written.

    FILES are JSON and HTML reports; without any, the journal and the history of this machine are verified.
    A run that is in the history must say there what it says in the file. Exit status 1 when something was
    edited.
    """
    found = list(_of_files(files) if files else _of_home())
    for name, troubles in found:
        click.echo(f"{name}: " + ("; ".join(troubles) if troubles else "as it was written"))
    if not found:
        click.echo("Nothing is kept here yet.")
    return ExitCode.FAILED if any(troubles for _, troubles in found) else ExitCode.PASSED


def _of_files(files: tuple[Path, ...]) -> Iterator[tuple[str, list[str]]]:
    for file in files:
        try:
            document = evidence.read(file.read_text("utf-8"))
        except OSError as error:
            raise ChaoskitError(f"{file} can't be read: {error.strerror}.") from error
        except ValueError as error:  # of JSON too
            yield str(file), [f"it can't be read as a report of chaoskit ({error})"]
        else:
            yield str(file), evidence.problems(document) or _elsewhere(document)


def _elsewhere(document: Mapping[str, Any]) -> list[str]:
    """Whether this machine's history says something else of the same run."""
    path, run_id = history_path(), document.get("run_id")
    if not path.exists() or not isinstance(run_id, str):
        return []
    head = document[evidence.KEY].get("head")
    kept = [run for run in History(path).runs(limit=-1) if run.run_id == run_id]
    if any(run.document.get(evidence.KEY, {}).get("head") != head for run in kept):
        return [f"the history of this machine says something else of run {run_id}"]
    return []


def _of_home() -> Iterator[tuple[str, list[str]]]:
    for where in every_journal():
        with open_journal(where, readonly=True) as journal:
            yield str(where), journal.broken(thorough=True)
    if history_path().exists():
        for run in History(history_path()).runs(limit=-1):
            yield f"run {run.run_id}", run.problems
