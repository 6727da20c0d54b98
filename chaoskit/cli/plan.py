"""`chaoskit plan`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chaoskit import api, spec
from chaoskit.aws import Each
from chaoskit.cli.common import aws_settings, target_options
from chaoskit.engine import plan

if TYPE_CHECKING:
    from chaoskit.aws import Call
    from chaoskit.engine import PlannedFault
    from chaoskit.experiment import Experiment


@click.command("plan")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@target_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(paths: tuple[Path, ...], *, target: api.TargetName, as_json: bool, **options: Any) -> None:
    """Show what experiments would call and put back, without doing it.

    The account is read, nothing in it is changed.
    """
    spec.load(paths)
    with api.open_target(target, aws_settings(**options)) as place:
        aws = place.open("chaoskit-plan", "plan", 0)
        planned = [
            (experiment, list(plan(experiment, aws))) for experiment in spec.load(paths, place.variables)
        ]
        where = f"account {place.account}, {place.connection.region}"
    if as_json:
        click.echo(json.dumps([_dump(experiment, faults) for experiment, faults in planned], indent=2))
        return
    for experiment, faults in planned:
        click.secho(f"{experiment.id} ({where}): {experiment.title}", bold=True)
        for fault in faults:
            _show(fault)
        for expectation in experiment.expect:
            within = f" within {expectation.within}" if expectation.within is not None else ""
            click.echo(f"  expect {expectation.role}: {expectation.probe.about.name}{within}")
        click.echo("")


def _show(fault: PlannedFault) -> None:
    click.echo(f"  fault {fault.name}: {fault.summary}")
    for change in fault.changes:
        click.echo(f"    do    {_line(change.do)}")
        if change.beside:
            click.echo(f"          and {len(change.beside)} more calls like it at once")
        for step in change.undo:
            call = step.call if isinstance(step, Each) else step
            each = f"  (each new item of {step.items})" if isinstance(step, Each) else ""
            click.echo(f"    undo  {_line(call)}{each}")
        if change.state:
            click.echo(f"    check {change.state}: {change.state.select} is as before")
    if fault.problem:
        click.secho(f"    can't be planned further: {fault.problem}", fg="red")


def _line(call: Call) -> str:
    keys = f" as {call.signed_by.access_key_id}" if call.signed_by else ""
    source = f" from {call.source_ip}" if call.source_ip else ""
    source += f" through {call.source_vpce}" if call.source_vpce else ""
    source += f" in {call.region}" if call.region else ""
    return f"{call} {json.dumps(call.dump()['params'], default=str)}{keys}{source}"


def _dump(experiment: Experiment, faults: list[PlannedFault]) -> dict[str, Any]:
    return {
        "experiment": experiment.id,
        "faults": [
            {
                "fault": fault.name,
                "problem": fault.problem,
                "changes": [
                    {
                        "do": change.do.dump(),
                        "beside": [call.dump() for call in change.beside],
                        "undo": [step.dump() for step in change.undo],
                        "state": change.state.dump() if change.state else None,
                    }
                    for change in fault.changes
                ],
            }
            for fault in faults
        ],
    }
