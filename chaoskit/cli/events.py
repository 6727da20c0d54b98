"""`chaoskit events`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from chaoskit import spec
from chaoskit.cli.common import experiments_option
from chaoskit.contract import FAULTS
from chaoskit.errors import ChaoskitError
from chaoskit.spec.values import one_of

if TYPE_CHECKING:
    from pathlib import Path


@click.command("events")
@click.argument("fault")
@experiments_option("The experiments that use the fault.")
def command(*, fault: str, experiments: Path) -> None:
    """Print the CloudTrail records that a fault produces, a line of JSON each, to test a SIEM's rules with.

    The experiments that use it are run in an embedded sandbox of their own, so the records have its account.
    """
    if FAULTS.get(fault) is None:
        raise ChaoskitError(f"There is no fault {fault!r}{one_of(fault, FAULTS.names())}")
    using = [
        each.path
        for each in spec.load([experiments])
        if any(used.about.name == fault for used in each.faults)
    ]
    if not using:
        raise ChaoskitError(f"No experiment in {experiments} uses {fault}, so it has no records.")
    from chaoskit.cli.recorded import recorded  # noqa: PLC0415 - it starts a sandbox; a wrong name must not

    for name, records in recorded(using):
        if name == fault:
            for record in records:
                click.echo(json.dumps(record, default=str))
