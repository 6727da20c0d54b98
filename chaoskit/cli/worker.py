"""`chaoskit worker`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from chaoskit.cli.common import signals_held
from chaoskit.cli.fleet import tooling_options
from chaoskit.errors import ExitCode
from chaoskit.fleet.tooling import Tooling, connect
from chaoskit.fleet.worker import Drain, Worker

if TYPE_CHECKING:
    from chaoskit.fleet.worker import Worked


@click.command("worker")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@tooling_options
@click.option("-j", "--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Tasks at once.")
@click.option("--idle", type=click.IntRange(1), metavar="SECONDS", help="End once no task came for so long.")
@click.option(
    "--workers",
    type=click.IntRange(1, 10_000),
    default=10,
    show_default=True,
    envvar="CHAOSKIT_FLEET_WORKERS",
    help="How many workers there are: they share the tooling account's API quotas.",
)
def command(
    paths: tuple[Path, ...],
    *,
    profile: str | None,
    region: str | None,
    stack: str,
    jobs: int,
    idle: int | None,
    workers: int,
) -> int:
    """Run a fleet's experiments: take tasks from its queue.

    PATHS are the experiments at hand, by default ./experiments; a task is run only if its file is the one
    that was planned. A signal (SIGTERM, SIGINT) ends it: what it is at is stopped and rolled back first.
    """
    tooling = Tooling.of(connect(profile, region), stack)
    drain = Drain()
    worker = Worker(
        tooling, list(paths) or [Path("experiments")], drain, told=_tell, idle_s=idle, workers=workers
    )
    click.echo(f"waiting for tasks of {tooling.queue}", err=True)
    with signals_held(drain):
        worker.work(jobs)
    return ExitCode.PASSED


def _tell(worked: Worked) -> None:
    click.echo(f"{worked.task}: {worked.note}")
