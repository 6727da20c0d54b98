"""`chaoskit rollback`."""

from __future__ import annotations

import getpass

import click

from chaoskit.api import accept, at_work, find_open
from chaoskit.cli.common import journal_option, recover_and_tell
from chaoskit.errors import ChaoskitError, ExitCode


@click.command("rollback")
@click.option("--all", "_everything", is_flag=True, help="Everything that is open; also the default.")
@click.option(
    "--accept",
    "number",
    type=int,
    metavar="ENTRY",
    help="Close this entry as it is: you have looked at the account, and what is there is meant to be there.",
)
@click.option("--note", default="", help="Why it is accepted; kept in the journal.")
@click.option("--yes", is_flag=True, help="Accept without being asked.")
@journal_option
def command(*, _everything: bool, number: int | None, note: str, yes: bool, journal: str | None) -> int:
    """Put back whatever earlier runs left open.

    Every command does that first; use this one to try again, or to do nothing else. What rollback can't put
    back, since somebody else has changed it since, stays open until it is put back by hand or, where that
    change is meant to stay, accepted by the number that is told with it. Exit status 5 when something stays
    open that no run is at work on.
    """
    undone = recover_and_tell(journal)
    if number is not None and _accepted(number, note, journal, yes=yes):
        undone = recover_and_tell(journal)  # what was armed for it
    if not undone:
        going_on = at_work(journal)
        click.echo(f"Open, of runs that go on: {going_on}." if going_on else "No faults are open.")
    return ExitCode.PASSED if all(item.ok for item in undone) else ExitCode.ERROR


def _accepted(number: int, note: str, journal: str | None, *, yes: bool) -> bool:
    """Show the entry, ask, and close it; False when the person says no.

    Raises:
        ChaoskitError: There is no such entry.
    """
    found = find_open(number, journal)
    if found is None:
        raise ChaoskitError(f"No open entry has the number {number}: `chaoskit rollback` tells them.")
    where, entry = found
    record = entry.record
    click.echo(f"{record.fault} of run {record.trace_id} ({record.experiment}): {entry.note or entry.status}")
    click.echo(f"Before the fault it was: {record.captured!r}")
    if not yes and not click.confirm("Leave the account as it is, and never undo this?", default=False):
        click.echo("It stays open.")
        return False
    accept(where, number, f"accepted as it is by {getpass.getuser()}: {note or 'no reason given'}")
    return True
