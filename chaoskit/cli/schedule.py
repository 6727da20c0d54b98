"""`chaoskit schedule`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import click
from rich.table import Table

from chaoskit import spec
from chaoskit.cli.due import Agenda
from chaoskit.cli.terminal import plain_console
from chaoskit.errors import ChaoskitError, ExitCode
from chaoskit.schedule.artefacts import ARTEFACTS, FOLDERS, NEXT, Wish, merged
from chaoskit.slo import SystemClock

_PIPE_WIDTH: Final = 120
_NO_CRONTAB: Final = ("no crontab", "no such file")  # Debian's and cronie's words, busybox's
_DIVISORS: Final = ("1", "2", "3", "4", "5", "6", "10", "12", "15", "20", "30")


@click.group("schedule")
def command() -> None:
    """Have experiments run when they are due."""


@command.command("list")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--target", type=click.Choice(["embedded", "aws"]), default="embedded", show_default=True)
def listed(paths: tuple[Path, ...], *, target: str) -> int:
    """Show when each experiment was last run, is next due, and whether it waits for a review."""
    now = SystemClock().now()
    agenda = Agenda.of(spec.load(paths), target, now)
    upcoming = agenda.upcoming(now)
    table = Table(title="Schedules (times in UTC)", title_justify="left")
    for column in ("experiment", "schedule", "last begun", "next", "review"):
        table.add_column(column, no_wrap=column == "experiment")
    for each in sorted(agenda.experiments, key=lambda each: (upcoming[each.id] or now, each.id)):
        if each.schedule:
            last, due = agenda.last.get(each.id), upcoming[each.id]
            table.add_row(
                each.id,
                each.schedule.every,
                f"{last:%Y-%m-%d %H:%M}" if last else "never",
                f"{due:%Y-%m-%d %H:%M}" if due else "not within a year",
                "due" if each.schedule.review_due(now.date()) else "",
            )
    console = plain_console(piped=_PIPE_WIDTH)
    console.print(table)
    return ExitCode.PASSED


@command.command("install")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--to", "kind", required=True, type=click.Choice(list(ARTEFACTS)), help="What calls chaoskit.")
@click.option("--target", type=click.Choice(["embedded", "aws"]), default="aws", show_default=True)
@click.option(
    "--minutes",
    type=click.Choice(_DIVISORS),
    default="15",
    show_default=True,
    help="How often it is looked what is due.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the files to this folder instead, and install nothing.",
)
def install(paths: tuple[Path, ...], *, kind: str, target: str, minutes: str, output: Path | None) -> int:
    """Have somebody call `chaoskit run PATHS --due`, and show what was written.

    To do it again changes nothing, or brings what was written before up to date.
    """
    spec.load(paths)
    wish = Wish(_program(), Path.cwd(), tuple(map(str, paths)), target, int(minutes))
    for name, text in ARTEFACTS[kind](wish).items():
        if kind == "cron" and output is None:
            place, told = "your crontab", _into_crontab(text)
        else:
            file = (output or FOLDERS[kind].expanduser()) / name
            place, told = str(file), _written(file, text)
        click.secho(f"{place}: {told}", bold=True)
        click.echo(text)
    if output is None:
        click.echo(NEXT[kind])
    return ExitCode.PASSED


def _program() -> str:
    """The chaoskit that runs now, by its whole path: cron's and systemd's PATH may not have it."""
    beside = Path(sys.executable).with_name("chaoskit")
    return str(beside) if beside.is_file() else shutil.which("chaoskit") or "chaoskit"


def _written(file: Path, text: str) -> str:
    try:
        before = file.read_text("utf-8") if file.exists() else None
        if before == text:
            return "as it was"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    except OSError as error:
        raise ChaoskitError(f"{file} can't be written: {error.strerror}.") from error
    return "written" if before is None else "brought up to date"


def _into_crontab(block: str) -> str:
    """Through crontab(1), which checks what it is given."""
    program = shutil.which("crontab")
    if program is None:
        raise ChaoskitError("There is no crontab on this machine: say --output DIR, or another --to.")
    listed = subprocess.run([program, "-l"], capture_output=True, text=True, check=False)  # noqa: S603 - crontab(1)
    none_yet = any(words in listed.stderr.lower() for words in _NO_CRONTAB)
    if listed.returncode and not none_yet:  # to go on would overwrite what could not be read
        raise ChaoskitError(f"crontab -l failed: {' '.join(listed.stderr.split())}")
    before = listed.stdout if listed.returncode == 0 else ""
    after = merged(before, block)
    if after == before:
        return "as it was"
    given = subprocess.run([program, "-"], input=after, capture_output=True, text=True, check=False)  # noqa: S603 - as above
    if given.returncode:
        raise ChaoskitError(f"crontab refused it: {' '.join(given.stderr.split())}")
    return "written"
