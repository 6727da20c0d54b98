"""Which Sigma rules see which fault: the faults are run embedded, and the rules run over their own records.

Nothing is synthesized: the records are those that the sandbox's trail has of the calls that each fault
makes in its experiment, with the parameters that the experiment gives. A fault that no experiment uses
has no records, and is shown so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Final

from chaoskit import spec
from chaoskit.aws import Aws, Call
from chaoskit.cli.common import signals_held
from chaoskit.contract import FAULTS, Attempt, Trace
from chaoskit.embedded import SkippingClock
from chaoskit.engine import Stop, run_set
from chaoskit.errors import ChaoskitError
from chaoskit.home import journal_path
from chaoskit.journal import SqliteJournal
from chaoskit.places import sandboxes, target_in
from chaoskit.probes._records import records

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path
    from typing import Any

    from chaoskit.result import Result

_DELIVERED_AFTER_S: Final = 10.0
"""The embedded trail gathers events for a second before it writes a log file."""


@dataclass(slots=True)
class Seen:
    """One fault, and who sees it.

    Attributes:
        fault: Its name.
        events: The events of its calls, denied ones too; empty when no experiment uses it.
        rules: The titles of the rules that match one of them.
    """

    fault: str
    events: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)


def coverage(rules: Path, experiments: Path) -> list[Seen]:
    """Run the experiments in a sandbox of their own, and the rules over each fault's records.

    Raises:
        SpecError: Something is wrong in the experiments.
        TargetError: The sandbox does not start.
        ChaoskitError: A rule can't be evaluated, or pySigma is missing.
    """
    try:
        from chaoskit.detect.sigma import InvalidSigmaRule, SigmaEngine, load_sigma_rules  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise ChaoskitError("Sigma rules need pySigma: pip install 'chaoskit[sigma]'") from error
    try:
        loaded = load_sigma_rules(rules)
    except InvalidSigmaRule as error:
        raise ChaoskitError(f"These Sigma rules can't be evaluated:\n{error}") from error
    seen = {name: Seen(name) for name in FAULTS.names()}
    for fault, own in _records(experiments):
        engine = SigmaEngine(loaded)
        names = [str(record.get("eventName")) for record in own]
        titles = [match.title for record in own for match in engine.feed(record)]
        about = seen[fault]
        about.events = sorted({*about.events, *names})
        about.rules = sorted({*about.rules, *titles})
    return list(seen.values())


def told(every: list[Seen]) -> str:
    """The coverage as lines for a person."""
    lines = []
    for each in every:
        what = ", ".join(each.events) or "no experiment uses it, so there is nothing to look at"
        lines.append(f"{each.fault}: {what}")
        if each.events:
            lines += [f"  seen by {title}" for title in each.rules] or ["  SEEN BY NO RULE"]
    return "\n".join(lines)


def _records(experiments: Path) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Each run fault with the records of its calls."""
    found = []
    with sandboxes().own() as own, SqliteJournal(journal_path()) as journal:
        target = target_in(own)
        clock = SkippingClock(own)
        loaded, stop = spec.load([experiments], target.variables), Stop()
        with signals_held(stop):
            results = run_set(loaded, target, journal, clock=clock, stop=stop)
        clock.settle(_DELIVERED_AFTER_S)
        admin = Aws(target.connection, account=target.account, user_agent="chaoskit/coverage")
        for result in results.results:
            trace = _trace(result)
            own_records = records(admin, trace)
            for fault in result.faults:
                base = fault.name.partition("#")[0]
                of_fault = [each.record for each in own_records if each.tie.attempt.fault == fault.name]
                found.append((base, of_fault))
    return found


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
