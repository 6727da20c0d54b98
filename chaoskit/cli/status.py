"""`chaoskit status`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from chaoskit.aws import load_undo
from chaoskit.cli.common import journal_option
from chaoskit.errors import ExitCode
from chaoskit.heartbeat import Beat
from chaoskit.home import heartbeat_path
from chaoskit.journal import every_journal, open_journal
from chaoskit.slo import SystemClock

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@journal_option
def command(*, as_json: bool, journal: str | None) -> int:
    """List faults that are open.

    Faults of runs that died have been rolled back by then, as before every command; what is listed
    belongs to a run that is going on, or could not be rolled back. A journal that is named by --journal is
    only looked at. Exit status 5 when any is open, or when the journal is not as chaoskit wrote it.
    """
    entries, broken = [], False
    for where in [journal] if journal else every_journal():
        with open_journal(where, readonly=True) as look:
            entries += look.open_faults()
            for trouble in look.broken():
                broken = True
                click.echo(f"The journal {where} was edited: {trouble}.", err=True)
    if broken:
        click.echo("A fault may be hidden: look over the account, then move the journal away.", err=True)
    if as_json:
        rows = [
            {
                "run": entry.record.trace_id,
                "experiment": entry.record.experiment,
                "fault": entry.record.fault,
                "account": entry.record.target.get("account"),
                "region": entry.record.target.get("region"),
                "status": entry.status.value,
                "note": entry.note,
                "since": entry.created.isoformat(),
                "do": entry.record.do,
                "undo": entry.record.undo,
            }
            for entry in entries
        ]
        click.echo(json.dumps(rows, indent=2))
    elif not entries:
        click.echo("No faults are open.")
    else:
        for entry in entries:
            record = entry.record
            where = f"in account {record.target.get('account')} since {entry.created:%Y-%m-%d %H:%M:%S}"
            whose = f"({record.experiment}, run {record.trace_id})"
            why = f": {entry.note}" if entry.note else ""
            click.echo(f"{record.fault} {where} {whose}: {entry.status}{why}")
            for step in record.undo:
                click.echo(f"  undo: {_told(step)}")
    if not as_json:
        _tell_of_schedules()
    return ExitCode.ERROR if entries or broken else ExitCode.PASSED


def _tell_of_schedules() -> None:
    beat = Beat.read(heartbeat_path())
    for trouble in beat.troubles(SystemClock().now()) if beat else ():
        click.secho(trouble, fg="yellow")


def _told(step: Mapping[str, Any]) -> str:
    """An undo step; one that is damaged or another version's, as it stands."""
    try:
        return str(load_undo(step))
    except (KeyError, TypeError):
        return f"not readable by this version: {dict(step)}"
