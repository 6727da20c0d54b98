"""Making a fault's changes: capture, journal, send, and look whether it had an effect."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from chaoskit.aws import Each
from chaoskit.contract import Attempt
from chaoskit.errors import AwsError, DeniedError, GuardError
from chaoskit.journal import Record, Status
from chaoskit.result import ChangeResult, FaultResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Aws, Call
    from chaoskit.contract import Change, Fault, Trace
    from chaoskit.engine.guards import Watch
    from chaoskit.engine.timeline import Timeline
    from chaoskit.journal import Journal
    from chaoskit.result import Result
    from chaoskit.slo import Clock
    from chaoskit.target import Target

_TRIES_UNTIL_VISIBLE: Final = 12  # with the waits below, about 25 s


class Injector:
    """Injects one experiment's faults, and keeps the trace of what it did."""

    def __init__(
        self,
        result: Result,
        trace: Trace,
        aws: Aws,
        target: Target,
        journal: Journal,
        *,
        watch: Watch,
        timeline: Timeline,
        clock: Clock,
    ) -> None:
        """Nothing is called yet."""
        self.trace = trace
        self._result = result
        self._aws = aws
        self._place = {**target.place, "account": target.account, "region": target.connection.region}
        self._journal = journal
        self._watch = watch
        self._timeline = timeline
        self._clock = clock
        self._states: list[tuple[int, Change, Any]] = []

    def inject(self, name: str, fault: Fault) -> bool:
        """Make a fault's changes; False when one was denied or failed and the rest was left out.

        Raises:
            GuardError: Something says stop.
            AwsError: What the fault needs to know can't be read.
        """
        outcome = FaultResult(name)
        self._result.faults.append(outcome)
        changes = fault.changes(self._aws)
        try:
            change = next(changes, None)
            while change is not None:
                self._check()
                reply = self._apply(name, change, outcome)
                if reply is None:
                    return False
                try:
                    change = changes.send(reply)
                except StopIteration:
                    change = None
        finally:
            changes.close()
        return True

    def look_for_effects(self) -> None:
        """Read again the state of every change whose effect has not been seen yet."""
        for number, change, captured in list(self._states):
            if change.state is not None and self._aws.read(change.state) != captured:
                attempts = list(self.trace.attempts)
                attempts[number] = replace(attempts[number], effect=True)
                self.trace = replace(self.trace, attempts=tuple(attempts))
                self._states.remove((number, change, captured))

    def _check(self) -> None:
        self._watch.check(self._aws, self.trace)
        limit = self._result.experiment.blast_radius.max_changes
        if len(self.trace.attempts) >= limit:
            raise GuardError(f"blast_radius.max_changes {limit} is reached")

    def _apply(self, name: str, change: Change, outcome: FaultResult) -> Mapping[str, Any] | None:
        captured = self._aws.read(change.state) if change.state else None
        listed = tuple(self._aws.read(step.items) if isinstance(step, Each) else None for step in change.undo)
        entry = self._journal.record(
            Record(
                trace_id=self.trace.trace_id,
                experiment=self._result.experiment.id,
                fault=name,
                target=self._place,
                do=change.do.dump(),
                undo=tuple(step.dump() for step in change.undo),
                state=change.state.dump() if change.state else None,
                captured=captured,
                listed=listed,
            )
        )
        made = ChangeResult(
            change.do.service, change.do.operation, "failed", at=self._clock.now(), entry=entry
        )
        outcome.changes.append(made)
        reply = self._send(name, change, entry, made)
        if reply is not None and change.state is not None:
            self._states.append((len(self.trace.attempts) - 1, change, captured))
            self.look_for_effects()
        return reply

    def _send(self, name: str, change: Change, entry: int, made: ChangeResult) -> Mapping[str, Any] | None:
        do, sent = change.do, self._clock.now()
        reply: Mapping[str, Any] | None = None
        try:
            reply = self._retrying(do)(self._aws.send, do)
        except DeniedError as error:
            made.outcome, made.denied_by = "denied", error.layer
            made.message, made.request_id = error.message, error.request_id
            self._journal.mark(entry, Status.DENIED, error.message)
        except AwsError as error:
            made.message, made.request_id = str(error), error.request_id
            self._journal.mark(entry, Status.FAILED, str(error))
        else:
            made.outcome = "applied"
            made.request_id = str(reply.get("ResponseMetadata", {}).get("RequestId", ""))
            self._journal.mark(entry, Status.APPLIED)
        attempt = Attempt(
            fault=name,
            call=do,
            at=sent,
            outcome=made.outcome,  # type: ignore[arg-type] # one of the three above
            denied_by=made.denied_by,
            message=made.message,
            request_id=made.request_id,
            resource=_named(change),
            effect=False if change.state and made.outcome == "applied" else None,
        )
        self.trace = replace(self.trace, attempts=(*self.trace.attempts, attempt))
        by = f" by {made.denied_by}" if made.denied_by else ""
        self._timeline.add(made.outcome, f"{do}{by}" + (f": {made.message}" if made.message else ""))
        return reply

    def _retrying(self, do: Call) -> Retrying:
        """Only "not visible yet" is tried again: that call surely did nothing."""
        return Retrying(
            retry=retry_if_exception(lambda error: isinstance(error, AwsError) and error.code in do.not_yet),
            wait=wait_exponential(multiplier=0.25, max=3),
            stop=stop_after_attempt(_TRIES_UNTIL_VISIBLE),
            sleep=self._wait,
            reraise=True,
        )

    def _wait(self, seconds: float) -> None:
        self._clock.wait(seconds, self._watch.stop.event)


def _named(change: Change) -> frozenset[str]:
    """What the change is made to, as the read of its state names it."""
    params = change.state.params if change.state else {}
    return frozenset(value for value in params.values() if isinstance(value, str))
