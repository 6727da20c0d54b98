"""The CloudTrail records that faults produce: experiments are run embedded, and their trail is read."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

import click

from chaoskit import spec
from chaoskit.aws import Aws, Call
from chaoskit.cli.common import signals_held
from chaoskit.contract import Attempt, Trace
from chaoskit.embedded import SkippingClock
from chaoskit.engine import Stop, run_set
from chaoskit.journal import open_journal, this_journal
from chaoskit.places import sandboxes, target_in
from chaoskit.probes._records import records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from chaoskit.result import Result

_DELIVERED_AFTER_S: Final = 10.0
"""The embedded trail gathers events for a second before it writes a log file."""


def recorded(paths: Sequence[Path]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Run experiments in a sandbox of their own; each fault's name with the records of its calls.

    Raises:
        SpecError: Something is wrong in the experiments.
        TargetError: The sandbox does not start.
        click.Abort: A person stopped it; all is put back.
    """
    found = []
    with sandboxes().own() as own, open_journal(this_journal()) as journal:
        target = target_in(own)
        clock = SkippingClock(own)
        loaded, stop = spec.load(paths, target.variables), Stop()
        with signals_held(stop):
            results = run_set(loaded, target, journal, clock=clock, stop=stop)
        if stop.requested:
            raise click.Abort
        clock.settle(_DELIVERED_AFTER_S)
        admin = Aws(target.connection, account=target.account, user_agent="chaoskit/coverage")
        for result in results.results:
            trace = _trace(result)
            own_records = [
                each for each in records(admin, trace) if not _undoes(each.record, target.undo_role_arn)
            ]
            for fault in result.faults:
                base = fault.name.partition("#")[0]
                of_fault = [each.record for each in own_records if each.tie.attempt.fault == fault.name]
                found.append((base, of_fault))
    return found


def _undoes(record: Mapping[str, Any], undo_role_arn: str | None) -> bool:
    """Whether the rollback made the call: it may be the fault's own operation, the other way round."""
    issuer = record.get("userIdentity", {}).get("sessionContext", {}).get("sessionIssuer", {})
    return undo_role_arn is not None and issuer.get("arn") == undo_role_arn


def _trace(result: Result) -> Trace:
    """The run as its evidence is compared with, made again from its result."""
    began: datetime = (result.started or result.finished).astimezone(UTC)  # type: ignore[union-attr] # a run that ended has both
    attempts = tuple(
        Attempt(
            fault=fault.name,
            call=Call(change.service, change.operation),
            at=change.at or began,
            outcome="applied",
            request_id=change.request_id,
        )
        for fault in result.faults
        for change in fault.changes
    )
    return Trace(result.trace_id, began, attempts)
