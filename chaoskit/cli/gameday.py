"""`chaoskit gameday`."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.markdown import Markdown

from chaoskit import api
from chaoskit.cli.ahead import check_reports
from chaoskit.cli.common import aws_settings, signals_held, target_options
from chaoskit.cli.reporting import status_after, write_each
from chaoskit.cli.terminal import plain_console
from chaoskit.errors import ExitCode
from chaoskit.gameday.board import Board
from chaoskit.gameday.briefing import briefing
from chaoskit.gameday.conduct import Conductor, Controls, exit_code
from chaoskit.gameday.desk import Desk
from chaoskit.gameday.keys import pressed
from chaoskit.gameday.record import Record, Records
from chaoskit.gameday.report import as_html, as_markdown
from chaoskit.gameday.room import LOOPBACK, Address, serve
from chaoskit.gameday.show import Lines, Screen, live
from chaoskit.gameday.watch import Watched, states
from chaoskit.home import gamedays_folder
from chaoskit.spec import gameday

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from rich.console import Console

    from chaoskit.engine import Stop
    from chaoskit.experiment import Experiment
    from chaoskit.result import Result

_FILE: Final = click.Path(path_type=Path)
_PIPE_WIDTH: Final = 120
_ANY_PORT: Final = f"{LOOPBACK}:0"


def _where(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Address | None:
    try:
        return None if value is None else Address.parse(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.group("gameday")
def command() -> None:
    """Play experiments with people: a game day."""


@command.command("plan")
@click.argument("file", type=_FILE)
@click.option("--markdown", is_flag=True, help="Print Markdown, to be pasted elsewhere.")
@click.option("--blind", is_flag=True, help="For the blue team: without what is injected, and when.")
def planned(file: Path, *, markdown: bool, blind: bool) -> int:
    """Print the briefing: hypotheses, blast radius, what ends the day early, roles and timing."""
    told = briefing(gameday.load(file), blind=blind)
    if markdown:
        click.echo(told, nl=False)
    else:
        _console().print(Markdown(told))
    return ExitCode.PASSED


@command.command("run")
@click.argument("file", type=_FILE)
@target_options
@click.option(
    "--blind/--open",
    default=None,
    help="Hide what is injected until the end, or show it; by default as the file says.",
)
@click.option("--anew", is_flag=True, help="Begin a new day, even if an interrupted one could go on.")
@click.option(
    "--serve",
    "where",
    metavar="[HOST:PORT]",
    callback=_where,
    is_flag=False,
    flag_value=_ANY_PORT,
    help="Serve a read-only page for the room; on loopback and a free port unless HOST:PORT is given.",
)
@click.option(
    "--deadman/--no-deadman",
    default=True,
    show_default=True,
    help="Have AWS itself undo each change by a deadline, should chaoskit die; nothing is injected without.",
)
@click.option("--html", "html_file", type=_FILE, help="Write the report as one HTML file, too.")
@click.option("--markdown", "markdown_file", type=_FILE, help="Write the report as Markdown, too.")
def run(
    file: Path,
    *,
    target: api.TargetName,
    blind: bool | None,
    anew: bool,
    where: Address | None,
    deadman: bool,
    html_file: Path | None,
    markdown_file: Path | None,
    **options: Any,
) -> int:
    """Play a game day: one inject after the other, each rolled back, with notes, pauses and a stop key.

    A day that was interrupted goes on where it was. The exit status is the worst verdict's; 3 when not
    everything was played.
    """
    check_reports({"html_file": html_file, "markdown_file": markdown_file})
    gameday.load(file)
    records = Records(gamedays_folder())
    terminal, told = plain_console(), plain_console(stderr=True)
    attended = terminal.is_terminal and sys.stdin.isatty()
    controls = Controls(attended=attended)
    with signals_held(controls.stop), api.opened(target, aws_settings(**options)) as lab:
        day = gameday.load(file, lab.place.variables)
        clock = lab.place.clock
        hidden = day.blind if blind is None else blind
        record = None if anew else records.unfinished(day, target, lab.place.account)
        if record is None:
            record = Record.begun(day, target, lab.place.account, clock.now(), blind=hidden)
        record.blind = record.blind or bool(blind)
        board = Board(day, record, records, clock)
        with ExitStack() as shown:
            room = shown.enter_context(serve(board, where, record.room)) if where else ""
            if where:
                record.room = room
                records.keep(record)
                told.print(_room(room, where), markup=False, soft_wrap=True)
            desk = Desk(board, controls, clock, room)
            shown.enter_context(_view(terminal, board, desk) if attended else _lines(board))
            runner = _Runner(lab, deadman)
            Conductor(day, board, controls, run=runner, clock=clock).play()
    _tell(terminal, record)
    return _written(record, html_file, markdown_file, exit_code(record))


@command.command("watch")
@click.argument("url")
def watch(url: str) -> int:
    """Watch a game day from a second window; URL is what `gameday run --serve` prints.

    When the connection is lost, or the day's process dies and goes on, it connects again by itself.
    """
    console, watched = plain_console(), Watched()

    def lost(why: str) -> None:
        if not console.is_terminal and bool(why) != bool(watched.trouble):
            click.echo(f"connection lost: {why}" if why else "connected again", err=True)
        watched.trouble = why

    coming = states(url, lost=lost)
    watched.take(next(coming))
    first = watched.state or {}
    if console.is_terminal:
        screen = Screen(
            lambda _: watched.state or first,
            now=watched.now,
            keys="Ctrl-C ends watching",
            trouble=lambda: watched.trouble,
        )
        show: AbstractContextManager[Any] = live(console, screen)
    else:
        show = nullcontext()
    lines = Lines(click.echo)
    with show, suppress(KeyboardInterrupt):
        if not console.is_terminal:
            lines.show(first)
        for state in coming:
            watched.take(state)
            if not console.is_terminal:
                lines.show(state)
    if console.is_terminal and watched.state and watched.state["finished"]:
        lines.show(watched.state)
    return ExitCode.PASSED


@command.command("report")
@click.argument("day", default="last")
@click.option("--html", "html_file", type=_FILE, help="Write it as one HTML file.")
@click.option("--markdown", "markdown_file", type=_FILE, help="Write it as Markdown.")
def report(day: str, *, html_file: Path | None, markdown_file: Path | None) -> int:
    """Write the report of a game day again; DAY is its id or the beginning of it, by default the last one's.

    Without --html or --markdown it is printed, as Markdown.
    """
    record = Records(gamedays_folder()).find(day)
    if not html_file and not markdown_file:
        click.echo(as_markdown(record), nl=False)
    return _written(record, html_file, markdown_file, ExitCode.PASSED)


@dataclass(frozen=True, slots=True)
class _Runner:
    """Runs an inject in the lab, and keeps what it found with all other runs."""

    lab: api.Lab
    deadman: bool

    def __call__(self, experiment: Experiment, stop: Stop, board: Board) -> Result:
        results = self.lab.run([experiment], stop=stop, listener=board, deadman=self.deadman)
        api.keep(results)
        (result,) = results.results
        return result


@contextmanager
def _view(console: Console, board: Board, desk: Desk) -> Iterator[None]:
    """The whole terminal, and its keys."""
    screen = Screen(lambda look: board.state(everything=look.everything), lambda: desk.look, now=board.now)
    with pressed(sys.stdin.fileno(), desk.press, desk.tick), live(console, screen):
        yield


def _lines(board: Board) -> AbstractContextManager[Any]:
    """Plain lines; nobody can press a key, so no pause is kept."""
    lines = Lines(click.echo)
    lines.skip(board.state())
    board.follow(lambda: lines.show(board.state()))
    return nullcontext()


def _room(url: str, where: Address) -> str:
    if where.host in (LOOPBACK, "::1", "localhost"):
        return f"The room's page: {url}"
    return f"The room's page, not encrypted, for whoever knows this address: {url}"


def _tell(console: Console, record: Record) -> None:
    told = as_markdown(record)
    if console.is_terminal:
        console.print(Markdown(told))
    else:
        click.echo(f"\n{told}", nl=False)
    click.echo(f"\n`chaoskit gameday report {record.day}` writes this again, with --html as a page.")


def _written(record: Record, html_file: Path | None, markdown_file: Path | None, status: int) -> int:
    """Write the report; the exit status."""
    texts = (html_file, partial(as_html, record)), (markdown_file, partial(as_markdown, record))
    return status_after(write_each(texts), status)


def _console() -> Console:
    return plain_console(piped=_PIPE_WIDTH)
