"""`chaoskit fleet`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from chaoskit.aws import Aws
from chaoskit.cli.ahead import check_reports
from chaoskit.cli.fleet_deploy import deploy
from chaoskit.cli.reporting import report_options, status_after, take, write_reports
from chaoskit.errors import ExitCode
from chaoskit.fleet.accounts import accounts_of
from chaoskit.fleet.collect import collect
from chaoskit.fleet.plan import Plan
from chaoskit.fleet.runs import Runs
from chaoskit.fleet.tasks import Tasks
from chaoskit.fleet.tooling import STACK, Tooling, connect
from chaoskit.journal.dynamodb import DynamoJournal
from chaoskit.journal.store import Store
from chaoskit.slo import SystemClock
from chaoskit.spec import fleet as files

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaoskit.fleet.collect import Collected
    from chaoskit.fleet.runs import State

_LOOK_EVERY_S: Final = 2.0


def tooling_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say where the fleet's tooling account is."""
    for option in (
        click.option(
            "--stack",
            default=STACK,
            show_default=True,
            envvar="CHAOSKIT_FLEET_STACK",
            help="The fleet's CloudFormation stack.",
        ),
        click.option("--region", help="AWS region of the fleet's stack."),
        click.option("--profile", help="AWS profile of the tooling account."),
    ):
        command = option(command)
    return command


@click.group("fleet")
def command() -> None:
    """Run experiments in many accounts, on AWS's own engine."""


command.add_command(deploy)


@command.command("run")
@click.argument("file", type=click.Path(path_type=Path))
@tooling_options
@report_options
@click.option("--management-profile", help="AWS profile that may list the accounts of the fleet's unit.")
@click.option("--again", metavar="RUN", help="Start what is not answered yet of this run of the fleet.")
@click.option("--wait", is_flag=True, help="Wait for its end; the exit status is then the worst verdict's.")
def run(
    file: Path,
    *,
    profile: str | None,
    region: str | None,
    stack: str,
    management_profile: str | None,
    again: str | None,
    wait: bool,
    **options: Any,
) -> int:
    """Run the fleet that FILE describes: its canary first, then the other accounts.

    It is a document like examples/fleet.yaml. Workers (`chaoskit worker`) take the tasks.
    """
    wanted = take(options)
    if wanted.pop("publish") or (not wait and any(wanted.values())):
        raise click.UsageError("reports go with --wait; tell others of them with `chaoskit report render`")
    check_reports(wanted)
    fleet = files.load(file)
    tooling = Tooling.of(connect(profile, region or fleet.region), stack)
    runs = Runs(tooling)
    if again:
        plan = runs.plan(again)
        runs.again(again)
    else:
        asked = connect(management_profile, fleet.region) if management_profile else tooling.connection
        accounts = accounts_of(fleet, Aws(asked, user_agent="chaoskit/fleet"))
        plan = Plan.of(fleet, accounts, SystemClock().now())
        runs.start(plan)
    count = sum(len(wave.accounts) for wave in plan.waves)
    click.echo(f"{plan.run}: {len(plan.experiments)} experiments in {count} accounts")
    if not wait:
        return ExitCode.PASSED
    while (state := runs.state(plan.run)).going:
        click.echo(_progress(state), err=True)
        time.sleep(_LOOK_EVERY_S)
    click.echo(_progress(state), err=True)
    return report_results(collect(tooling, plan, _tasks(tooling)), wanted)


@command.command("status")
@click.argument("name", metavar="[RUN]", required=False)
@tooling_options
def status(name: str | None, *, profile: str | None, region: str | None, stack: str) -> int:
    """Show how far RUN is, or all runs, and which faults are open. Exit status 5 when some are."""
    tooling = Tooling.of(connect(profile, region), stack)
    runs = Runs(tooling)
    names = [name] if name else runs.names()
    states = [runs.state(each) for each in names]
    for state in states:
        click.echo(_progress(state))
    if not names:
        click.echo("There is no fleet run yet.")
    with DynamoJournal(tooling.table, tooling.connection, readonly=True) as journal:
        entries = journal.open_faults()
    for entry in entries:
        record = entry.record
        place = f"account {record.target.get('account')}"
        click.secho(f"open in {place}: {record.fault} of {record.experiment} ({entry.status})", fg="red")
    return ExitCode.ERROR if entries and not any(state.going for state in states) else ExitCode.PASSED


@command.command("stop")
@click.argument("name", metavar="RUN")
@tooling_options
def stop(name: str, *, profile: str | None, region: str | None, stack: str) -> int:
    """Stop RUN: workers stop what they are at and roll it back. `fleet run --again` goes on with the rest."""
    tooling = Tooling.of(connect(profile, region), stack)
    runs = Runs(tooling)
    runs.plan(name)
    stopped = runs.stop(name)
    click.echo(f"{name}: stopped" if stopped else f"{name} was over already")
    return ExitCode.PASSED


def fleet_results(name: str, *, profile: str | None, region: str | None, stack: str) -> Collected:
    """The results of a fleet run.

    Raises:
        ChaoskitError: There is no such run, or they can't be read.
    """
    tooling = Tooling.of(connect(profile, region), stack)
    return collect(tooling, Runs(tooling).plan(name), _tasks(tooling))


def _tasks(tooling: Tooling) -> Tasks:
    return Tasks(Store(tooling.table, tooling.connection))


def report_results(found: Collected, wanted: dict[str, Any]) -> int:
    """Write reports, say what is missing and how it went; the exit status, the worst verdict's."""
    troubles = write_reports(found.document, wanted)
    for line in found.missing:
        click.secho(line, fg="red", err=True)
    verdicts = [each["verdict"] for each in found.document["results"]]
    counts = ", ".join(f"{verdicts.count(each)} {each}" for each in sorted(set(verdicts)))
    left = sum(not each["restored"] for each in found.document["results"])
    click.echo(
        f"{counts}; " + ("everything restored" if not left else f"{left} NOT RESTORED: chaoskit fleet status")
    )
    return status_after(troubles, found.exit_code)


def _progress(state: State) -> str:
    done = sum(state.results.values())
    newest = next(iter(state.executions.values()), "not started")
    why = f" ({state.why})" if state.why else ""
    return f"{state.plan.run}: {newest}{why}, {done} of {state.tasks} results"
