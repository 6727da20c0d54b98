"""`chaoskit rollback`."""

from __future__ import annotations

import click

from chaoskit.api import recover_all
from chaoskit.cli.common import signals_held, tell
from chaoskit.errors import ExitCode


@click.command("rollback")
@click.option("--all", "_everything", is_flag=True, help="Everything that is open; also the default.")
def command(*, _everything: bool) -> int:
    """Put back whatever earlier runs left open.

    Every command does that first; use this one to try again, or to do nothing else. Exit status 5
    when something stays open.
    """
    with signals_held():
        undone = recover_all()
    for item in undone:
        tell(item)
    if not undone:
        click.echo("No faults are open.")
    return ExitCode.PASSED if all(item.ok for item in undone) else ExitCode.ERROR
