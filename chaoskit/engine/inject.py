"""Making a fault's changes: capture, journal, send, and look whether it had an effect."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from chaoskit.aws import Each
from chaoskit.contract import Attempt, named_in
from chaoskit.engine.deadman import ARMED
from chaoskit.engine.guards import InconclusiveError, check_region
from chaoskit.engine.leases import changed
from chaoskit.engine.plan import walked
from chaoskit.errors import AwsError, DeniedError, GuardError
from chaoskit.journal import Record, Status
from chaoskit.leases import LeaseLostError
from chaoskit.result import ChangeResult, FaultResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from chaoskit.aws import Aws, Call, Query
    from chaoskit.contract import Change, Fault, Trace
    from chaoskit.engine.deadman import Arming, Switch
    from chaoskit.engine.guards import Watch
    from chaoskit.engine.timeline import Timeline
    from chaoskit.journal import Rows
    from chaoskit.leases import Lease
    from chaoskit.result import Result
    from chaoskit.slo import Clock
    from chaoskit.target import Target

_TRIES_UNTIL_VISIBLE: Final = 12  # with the waits below, about 25 s
_AT_ONCE: Final = 8
"""Calls of a burst that are on the wire together."""


class Injector:
    """Injects one experiment's faults, and keeps the trace of what it did.

    Attributes:
        trace: All that was sent, and what came of it.
        began: When the first change was sent, or else it was made, by both clocks: one of them may be put
            forward or back.
    """

    def __init__(  # noqa: PLR0913 - all that a run has
        self,
        result: Result,
        trace: Trace,
        aws: Aws,
        target: Target,
        journal: Rows,
        *,
        watch: Watch,
        timeline: Timeline,
        clock: Clock,
        look: Aws | None = None,
        lease: Lease | None = None,
        widen: Callable[[Lease, frozenset[str]], Lease] | None = None,
        switch: Switch | None = None,
    ) -> None:
        """Nothing is called yet.

        Without a `switch` nothing but this process undoes what is injected; guards look through `look`.
        `widen` takes into the lease what only shows when a change is about to be made.
        """
        self.trace = trace
        self.began = clock.now(), clock.monotonic()
        self._result = result
        self._target = target
        self._aws = aws
        self._place = {**target.place, "account": target.account, "region": target.connection.region}
        self._journal = journal
        self._look = look or aws
        self._lease = lease
        self._widen = widen
        self._watch = watch
        self._timeline = timeline
        self._clock = clock
        self._switch = switch
        self._states: list[_Unseen] = []
        self._effects: dict[int, tuple[Query, Any]] = {}

    def inject(self, name: str, fault: Fault) -> bool:
        """Make a fault's changes; False when one was denied or failed and the rest was left out.

        Raises:
            GuardError: Something says stop.
            AwsError: What the fault needs to know can't be read.
        """
        outcome = FaultResult(name)
        self._result.faults.append(outcome)
        changes = walked(fault, self._aws)
        try:
            change = next(changes, None)
            while change is not None:
                self._check(change)
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
        for unseen in list(self._states):
            now = self._aws.read(unseen.query)
            if now != unseen.captured:
                attempts = list(self.trace.attempts)
                attempts[unseen.number] = replace(attempts[unseen.number], effect=True)
                self.trace = replace(self.trace, attempts=tuple(attempts))
                self._states.remove(unseen)
                self._effects[unseen.number] = (unseen.query, now)
                self._journal.saw(unseen.entry, now)
                self._tell(unseen.arming, now)

    def remaining(self) -> list[Attempt]:
        """The calls whose effect is still to be read just as it was first seen.

        Raises:
            AwsError: It can't be read.
        """
        return [
            self.trace.attempts[number]
            for number, (query, after) in self._effects.items()
            if self._aws.read(query) == after
        ]

    def check_lease(self) -> None:
        """Make sure that what was seen was not another process's rollback.

        Raises:
            InconclusiveError: Others may have taken this run for dead.
        """
        try:
            self._journal.still(self._lease)
        except LeaseLostError as error:
            raise InconclusiveError(f"what was seen may be another process's rollback: {error}") from error

    def _check(self, change: Change) -> None:
        self._watch.check(self._look, self.trace)
        check_region(change, self._result.experiment, self._target)
        limit = self._result.experiment.blast_radius.max_changes
        if len(self.trace.attempts) + 1 + len(change.beside) > limit:
            raise GuardError(f"blast_radius.max_changes {limit} is reached")

    def _apply(self, name: str, change: Change, outcome: FaultResult) -> Mapping[str, Any] | None:
        if self._lease and self._widen:
            self._lease = self._widen(self._lease, changed(change, self._aws))
        captured = self._aws.read(change.state) if change.state else None
        listed = tuple(self._aws.read(step.items) if isinstance(step, Each) else None for step in change.undo)
        arming = self._arm(name, change, captured, listed)
        entry = self._record(name, change, captured, listed)
        self._watch.check_here()  # all that took its time: the machine may have slept meanwhile
        self._journal.still(self._lease)
        made = ChangeResult(
            change.do.service, change.do.operation, "failed", at=self._clock.now(), entry=entry
        )
        outcome.changes.append(made)
        reply = self._send(name, change, entry, made)
        if reply is not None and change.state is not None:
            number = len(self.trace.attempts) - 1
            self._states.append(_Unseen(number, entry, change.state, captured, arming))
            self.look_for_effects()
        if reply is not None and change.beside:
            self._burst(name, change, outcome, entry)
        return reply

    def _record(self, name: str, change: Change, captured: Any, listed: tuple[Any, ...]) -> int:
        return self._journal.record(
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
            ),
            self._lease,
        )

    def _arm(self, name: str, change: Change, captured: Any, listed: tuple[Any, ...]) -> Arming | None:
        """Arm the dead-man's switch for a change; what arms it is journaled as any change is.

        Raises:
            GuardError: It can't be armed, so nothing is injected.
        """
        if self._switch is None or not change.undo:
            return None
        arming = self._switch.arming(
            len(self.trace.attempts) + 1, change, captured, listed, self._clock.now()
        )
        for step in arming.changes:
            entry = self._record(ARMED, step, None, (None,) * len(step.undo))
            self._journal.still(self._lease)
            try:
                self._switch.aws.send(step.do)
            except AwsError as error:
                denied = isinstance(error, DeniedError)
                self._journal.mark(entry, Status.DENIED if denied else Status.FAILED, str(error))
                raise GuardError(
                    f"The dead-man's switch could not be armed ({error}), so nothing was injected: let "
                    f"{self._switch.role_arn} make this call, or say --no-deadman to do without."
                ) from error
            self._journal.mark(entry, Status.APPLIED)
        until = f"{arming.deadline:%H:%M} UTC"
        self._timeline.add("armed", f"{name}: AWS undoes {change.do} at {until} if nobody else has")
        return arming

    def _tell(self, arming: Arming | None, after: Any) -> None:
        """Tell the switch what the fault left; one that was not told undoes without comparing."""
        told = arming.told(after) if arming else None
        if told is None or self._switch is None:
            return
        try:
            self._switch.aws.send(told)
        except AwsError as error:
            self._timeline.add("armed", f"the switch could not be told what the fault left: {error}")

    def _send(self, name: str, change: Change, entry: int, made: ChangeResult) -> Mapping[str, Any] | None:
        do, sent = change.do, self._clock.now()
        if not self.trace.attempts:
            self.began = sent, self._clock.monotonic()
        reply = self._answered(lambda: self._retrying(do)(self._sending(do, entry)), made)
        status = {"applied": Status.APPLIED, "denied": Status.DENIED}.get(made.outcome, Status.FAILED)
        self._journal.mark(entry, status, made.message)
        attempt = replace(
            _attempt(name, do, sent, made),
            resource=_named(change),
            effect=False if change.state and made.outcome == "applied" else None,
        )
        self.trace = replace(self.trace, attempts=(*self.trace.attempts, attempt))
        by = f" by {made.denied_by}" if made.denied_by else ""
        self._timeline.add(made.outcome, f"{do}{by}" + (f": {made.message}" if made.message else ""))
        return reply

    def _sending(self, do: Call, entry: int) -> Callable[[], Mapping[str, Any]]:
        """Sends it, as often as it is called.

        The journal is told of each time again, since what is on the wire when this process dies is waited for
        from then on.
        """
        again = False

        def send() -> Mapping[str, Any]:
            nonlocal again
            if again:
                self._watch.check_here()
                self._journal.still(self._lease)
                self._journal.mark(entry, Status.JOURNALED, "was not visible yet, and is sent again")
            again = True
            return self._aws.send(do)

        return send

    def _burst(self, name: str, change: Change, outcome: FaultResult, entry: int) -> None:
        """Send what goes beside a change, some of it at a time; it leaves nothing behind.

        A control may cut a burst short, which is its work and no defect of the fault: the rest counts.
        Where each call does, a probe asks which were lost.
        """

        def sent(do: Call) -> tuple[Attempt, ChangeResult]:
            at = self._clock.now()
            made = ChangeResult(do.service, do.operation, "failed", at=at, entry=entry)
            self._answered(lambda: self._aws.send(do), made)
            return _attempt(name, do, at, made), made

        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="chaoskit-burst") as pool:
            done = list(pool.map(sent, change.beside))
        through = [attempt for attempt, made in done if made.outcome == "applied"]
        lost = tuple(attempt.call for attempt, made in done if made.outcome == "failed")
        self.trace = replace(
            self.trace, attempts=(*self.trace.attempts, *through), lost=(*self.trace.lost, *lost)
        )
        outcome.changes += [made for _, made in done]
        self._timeline.add("burst", f"{len(through)} of {len(done)} more calls of {change.do} went through")

    def _answered(
        self, send: Callable[[], Mapping[str, Any]], made: ChangeResult
    ) -> Mapping[str, Any] | None:
        """Make a call and note what came of it; its reply, or None when it was denied or failed."""
        try:
            reply = send()
        except DeniedError as error:
            made.outcome, made.denied_by = "denied", error.layer
            made.message, made.request_id = error.message, error.request_id
            return None
        except AwsError as error:
            made.message, made.request_id = str(error), error.request_id
            return None
        made.outcome = "applied"
        made.request_id = str(reply.get("ResponseMetadata", {}).get("RequestId", ""))
        return reply

    def _retrying(self, do: Call) -> Retrying:
        """Only "not visible yet" is tried again: that call surely did nothing."""
        return Retrying(
            retry=retry_if_exception(
                lambda error: isinstance(error, AwsError) and do.is_early(error.code, error.message)
            ),
            wait=wait_exponential(multiplier=0.25, max=3),
            stop=stop_after_attempt(_TRIES_UNTIL_VISIBLE),
            sleep=self._wait,
            reraise=True,
        )

    def _wait(self, seconds: float) -> None:
        self._clock.wait(seconds, self._watch.stop.event)


@dataclass(frozen=True, slots=True)
class _Unseen:
    """A change whose effect was not seen yet."""

    number: int
    entry: int
    query: Query
    captured: Any
    arming: Arming | None


def _attempt(name: str, do: Call, sent: datetime, made: ChangeResult) -> Attempt:
    return Attempt(
        fault=name,
        call=do,
        at=sent,
        outcome=made.outcome,  # type: ignore[arg-type] # applied, denied or failed
        denied_by=made.denied_by,
        message=made.message,
        request_id=made.request_id,
    )


def _named(change: Change) -> frozenset[str]:
    """What the change is made to, as the read of its state names it."""
    params = change.state.params if change.state else {}
    return frozenset(named_in({name: value for name, value in params.items() if isinstance(value, str)}))
