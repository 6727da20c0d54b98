"""Options that write results as files and tell others of them, for every command that has results."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from chaoskit import api, evidence
from chaoskit.aws import Aws
from chaoskit.cli.assessing import assessed
from chaoskit.cli.common import replace_private
from chaoskit.errors import ChaoskitError, ExitCode
from chaoskit.history import History
from chaoskit.home import history_path
from chaoskit.report.formats import FORMATS
from chaoskit.report.html import as_html
from chaoskit.report.publish import PUBLISHERS, WEB, to_security_hub
from chaoskit.result import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence

    from chaoskit.places import AwsSettings

_FILE: Final = click.Path(path_type=Path)
_EARLIER: Final = 50
"""How many earlier runs the HTML report shows latencies of."""
OPTIONS: Final = ("html_file", "publish", *(f"{each.name}_file" for each in FORMATS))
"""The parameters of `report_options`."""


def report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """An option for each kind of file, and --publish."""
    command = click.option(
        "--publish",
        multiple=True,
        type=click.Choice(PUBLISHERS),
        help="Tell them of the results: Security Hub, Slack or Teams (the webhook in "
        "CHAOSKIT_SLACK_WEBHOOK or CHAOSKIT_TEAMS_WEBHOOK), OTLP.",
    )(command)
    for each in reversed(FORMATS):
        command = click.option(f"--{each.name}", f"{each.name}_file", type=_FILE, help=each.purpose)(command)
    return click.option("--html", "html_file", type=_FILE, help="Write a report as one HTML file.")(command)


def write_reports(
    document: Mapping[str, Any],
    options: Mapping[str, Any],
    *,
    assessment: Mapping[str, Any] | None = None,
    mutation: Mapping[str, Any] | None = None,
) -> list[str]:
    """Write the files that were asked for, each for its owner only, and whole or not at all.

    Args:
        document: Of schema `chaoskit/results/v1`.
        options: The parameters of `report_options`.
        assessment: Of schema `chaoskit/assessment/v1`; without it, what the results alone say.
        mutation: Of schema `chaoskit/mutation/v1`.

    Returns:
        What kept one from being written, a sentence each.
    """

    def html() -> str:
        known = assessment or assessed(document["results"]).dump()
        return as_html(document, history=_earlier(document), assessment=known, mutation=mutation)

    made = [(options[f"{each.name}_file"], partial(each.make, document)) for each in FORMATS]
    return write_each([*made, (options["html_file"], html)])


def write_each(texts: Iterable[tuple[Path | None, Callable[[], str]]]) -> list[str]:
    """Write files, the others also when one can't be; what kept it from being written, a sentence each."""
    troubles = []
    for file, make in texts:
        if file:
            try:
                replace_private(file, make())
            except ChaoskitError as error:
                troubles.append(str(error))
    return troubles


def publish(
    document: Mapping[str, Any], to: tuple[str, ...], target: api.TargetName, settings: AwsSettings
) -> list[str]:
    """Tell others, and say so; each of them, also when another does not take it.

    Args:
        document: Of schema `chaoskit/results/v1`.
        to: Names of `chaoskit.report.publish.PUBLISHERS`.
        target: Whose Security Hub is meant.
        settings: How to reach it.

    Returns:
        Why one of them did not take it, a sentence each.
    """
    troubles = []
    for name in to:
        try:
            if name in WEB:
                WEB[name](document)
            else:
                with api.open_target(target, settings) as place:
                    to_security_hub(document, Aws(place.connection, user_agent="chaoskit/publish"))
        except ChaoskitError as error:
            troubles.append(str(error))
        else:
            click.echo(f"{len(document['results'])} results told to {name}.")
    return troubles


def status_after(troubles: Sequence[str], status: int) -> int:
    """Say what went wrong with reports; the exit status, which is then ERROR."""
    for trouble in troubles:
        click.secho(f"chaoskit: {trouble}", fg="red", err=True)
    return ExitCode.ERROR if troubles else status


def read_document(file: Path, schema: str = SCHEMA) -> Mapping[str, Any]:
    """A document that chaoskit wrote, as JSON or within an HTML report.

    Raises:
        ChaoskitError: It is none, or somebody edited it.
    """
    try:
        document = evidence.read(file.read_text("utf-8"))
    except OSError as error:
        raise ChaoskitError(f"{file} can't be read: {error.strerror}.") from error
    except ValueError as error:
        raise ChaoskitError(f"{file} is no report of chaoskit: {error}.") from error
    if document.get("schema") != schema:
        raise ChaoskitError(f"{file} is not of schema {schema}.")
    if troubles := evidence.problems(document):
        raise ChaoskitError(f"{file} proves nothing: {'; '.join(troubles)}.")
    return document


def results_named(name: str) -> Mapping[str, Any]:
    """The results in a file, or of a run in the history: the beginning of its id, `last`, `last~1`.

    Raises:
        ChaoskitError: There are none, or somebody edited them.
    """
    path = Path(name)
    if path.is_file() or path.suffix:  # a run's id has none
        return read_document(path)
    run = History(history_path()).find(name)
    if run.problems:
        raise ChaoskitError(f"Run {run.run_id} in the history proves nothing: {'; '.join(run.problems)}.")
    return run.document


def take(options: MutableMapping[str, Any]) -> dict[str, Any]:
    """Take the parameters of `report_options` out of a command's."""
    return {name: options.pop(name) for name in OPTIONS}


def _earlier(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The runs before, on the same target, of which anything was kept."""
    if not history_path().exists():
        return []
    runs = History(history_path()).runs(limit=_EARLIER)
    return [
        run.document
        for run in runs
        if run.target == document["target"] and run.run_id != document["run_id"] and not run.problems
    ]
