"""Putting things back from the journal alone: the same for a run's own end and for another's crash."""

from __future__ import annotations

import math
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential
from tenacity import retry_if_result as if_result

from chaoskit.aws import Each, Query, load_undo
from chaoskit.engine.deadman import ARMED
from chaoskit.engine.drift import difference, is_exact, is_ours_gone
from chaoskit.errors import AwsError, ChaoskitError, DeniedError, JournalError
from chaoskit.journal import Status
from chaoskit.slo import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chaoskit.aws import Aws, Call
    from chaoskit.journal import Entry, Rows
    from chaoskit.slo import Clock

_FIRST_WAIT_S: Final = 0.05
_LONGEST_WAIT_S: Final = 5.0
_TRIES: Final = 18  # with the waits above, about a minute
_ANSWERED: Final = (Status.APPLIED, Status.DENIED)
_LANDING_S: Final = 90.0
_ROUNDS: Final = 2
"""What is there already since it has not quite gone yet was not made: then once more."""
BEGUN: Final = "its undo has begun"
"""So begins the note of a row whose state may be halfway back, by what only this rollback did."""


@dataclass(frozen=True, slots=True)
class Undone:
    """What came of undoing one entry.

    Attributes:
        note: What was found, or what stood in the way.
        by_hand: The aws-cli lines for what could not be undone.
        drift: What somebody else changed in the resource meanwhile, and was left as it is.
    """

    entry: Entry
    ok: bool
    note: str
    by_hand: tuple[str, ...] = ()
    drift: str = ""


class Rollback:
    """Undoes journal entries in one account. One failure never stops the next."""

    def __init__(self, aws: Aws, journal: Rows, clock: Clock, *, repaired: bool = False) -> None:
        """Undo through `aws`; close entries in `journal`; wait by `clock`.

        Args:
            aws: The account.
            journal: Where the entries are.
            clock: Time.
            repaired: A responder was seen to repair the fault, so a state that is neither the captured one
                nor the fault's is taken for its work.
        """
        self._aws = aws
        self._journal = journal
        self._clock = clock
        self._journal_clock = SystemClock()  # its rows bear the machine's time, whatever time the account has
        self._repaired = repaired
        self._began = clock.monotonic()
        self._begun: set[int] = set()
        self._verified: Any = None
        """The state as it was last read to see whether the captured one is back."""

    def undo(self, entries: list[Entry]) -> list[Undone]:
        """Undo in the order given; the journal gives the newest first. Disarm only what is undone."""
        done: list[Undone] = []
        left: set[str] = set()
        for entry in entries:
            record = entry.record
            if record.fault == ARMED and record.trace_id in left:
                done.append(Undone(entry, ok=False, note="stays armed, as something is still open"))
                continue
            undone = self._undo(entry)
            if not undone.ok:
                left.add(record.trace_id)
            done.append(undone)
        return done

    def _undo(self, entry: Entry) -> Undone:
        try:
            note = self._restored(entry)
            drift = self._drift(entry)
            if drift:
                note = f"nothing of the fault is left, but somebody else {drift}: that stays as it is"
            self._journal.mark(entry.id, Status.UNDONE, note)
        except Exception as error:  # noqa: BLE001 - whatever keeps one from being undone must not keep the others
            note = str(error) if isinstance(error, ChaoskitError) else f"{type(error).__name__}: {error}"
            after = self._halfway(entry, error) if entry.id in self._begun else entry.after
            kept = note if after is not None else f"{BEGUN}: {note}"
            with suppress(JournalError):
                self._journal.mark(entry.id, Status.UNDO_FAILED, kept)
            failed = replace(entry, status=Status.UNDO_FAILED, note=kept, after=after or entry.after)
            return Undone(failed, ok=False, note=note, by_hand=by_hand(entry))
        return Undone(entry, ok=True, note=note, drift=drift)

    def _restored(self, entry: Entry) -> str:
        """Undo and verify; returns what was found, or raises what stands in the way."""
        if entry.status is Status.DENIED and self._is_back(entry):
            return "was denied; the state is as captured"
        # What AWS refused to add since it was there already, an undo would take away.
        if entry.status is Status.FAILED and self._is_back(entry):
            self._await_landing(entry)  # its answer may have been lost
            if self._is_back(entry):
                return "had failed; the state is as captured"
            self._undo_and_verify(entry)
            return "landed late and was undone; the state is as captured"
        try:
            self._undo_and_verify(entry)
        except DeniedError:
            # The control that denied the change, unheard, denies its undo too; then there is nothing to undo.
            if entry.record.state is None or entry.status is Status.APPLIED or not self._is_back(entry):
                raise
        if entry.record.state is None:
            return "left nothing behind"
        if entry.status not in _ANSWERED or self._may_be_hidden(entry):
            self._await_landing(entry)
            if not self._is_back(entry):
                self._undo_and_verify(entry)
                return "landed late and was undone again; the state is as captured"
        return "the state is as captured"

    def _halfway(self, entry: Entry, error: Exception) -> tuple[Any, ...] | None:
        """The state that an undo left when it failed, which the next one finds; None when nobody knows it."""
        if not self._compares(entry):
            return entry.after
        if isinstance(error, AwsError) and error.code == "NoAnswer":
            return None  # it may still land
        try:
            now = self._aws.read(Query.load(entry.record.state or {}))
            self._journal.saw(entry.id, now)
        except ChaoskitError:
            return None
        return (now,)

    def _may_be_hidden(self, entry: Entry) -> bool:
        """It was answered, but nobody has seen its effect: AWS may not show yet what it will come to show."""
        return entry.status is Status.APPLIED and not entry.after and entry.record.fault != ARMED

    def _await_landing(self, entry: Entry) -> None:
        """Until no request can still take effect: the call may be on the wire though its sender is dead."""
        takes: float = entry.record.target.get("landing_s", _LANDING_S)
        passed = (self._journal_clock.now() - entry.updated).total_seconds()
        if entry.status is Status.JOURNALED:
            # It may have been on the wire when its sender died, and the clock may have jumped since then.
            passed = min(passed, self._clock.monotonic() - self._began)
        self._wait(min(max(takes - passed, 0.0), takes))  # a clock that was put back makes `passed` negative

    def _drift(self, entry: Entry) -> str:
        """What somebody else changed, where the undo left it alone; only a list of things can tell."""
        state = entry.record.state
        if state is None or not entry.after:
            return ""
        captured = entry.record.captured
        return "" if self._verified == captured else difference(self._verified, captured)

    def _check_ours(self, entry: Entry) -> None:
        """Writing a whole document back would destroy what somebody else wrote there: then don't.

        Raises:
            ChaoskitError: The state is neither what was captured nor what the fault left.
        """
        record = entry.record
        if record.state is None or not self._compares(entry) or entry.note.startswith(BEGUN):
            return
        now = self._retrying()(self._aws.read, Query.load(record.state))
        if now not in (record.captured, entry.after[0]):
            raise ChaoskitError(
                f"{record.fault}: somebody else has changed it since: "
                f"{difference(now, entry.after[0]).replace('before the fault', 'with the fault in')}. "
                "Writing the captured state back would destroy that, so it is left: take the fault's part "
                "out by hand"
            )

    def _compares(self, entry: Entry) -> bool:
        """Whether its undo writes a whole document, which must not be somebody else's by now."""
        record = entry.record
        seen = record.state is not None and bool(entry.after)
        return seen and not self._repaired and not is_exact(record.do, record.undo)

    def _begin(self, entry: Entry) -> None:
        """Say that what differs from now on may be this rollback's own doing, should it be cut short."""
        if len(entry.record.undo) > 1 and self._compares(entry):
            with suppress(JournalError):  # a full disk must not keep the fault in
                self._journal.mark(entry.id, Status.UNDO_FAILED, BEGUN)
        self._begun.add(entry.id)

    def _undo_and_verify(self, entry: Entry) -> None:
        record = entry.record
        self._check_ours(entry)
        self._begin(entry)
        steps = list(zip(map(load_undo, record.undo), record.listed, strict=True))
        slowest = max((_call(step) for step, _ in steps), key=lambda call: call.settles, default=None)
        for _ in range(_ROUNDS):
            needless = self._make(steps)
            if record.state is None or self._retrying(slowest, until_true=True)(self._state_is_back, entry):
                return
            if not needless:
                break
        query = Query.load(record.state or {})
        raise ChaoskitError(
            f"{record.fault}: after undoing, {query} answers {self._aws.read(query)!r}; "
            f"before the fault it was {record.captured!r}"
        )

    def _make(self, steps: Iterable[tuple[Call | Each, Any]]) -> bool:
        """Make the steps of an undo; True when AWS said of one that there was nothing to do."""
        needless, failed = False, list[AwsError]()
        for step, before in steps:
            try:
                calls = self._new_items(step, before) if isinstance(step, Each) else [step]
            except AwsError as error:
                failed.append(error)
                continue
            for call in calls:
                try:
                    needless |= not self._retrying(call)(self._send, call)
                except AwsError as error:
                    failed.append(error)  # what comes after it is undone all the same
        if failed:
            raise failed[0]
        return needless

    def _is_back(self, entry: Entry) -> bool:
        return bool(self._retrying()(self._state_is_back, entry))

    def _state_is_back(self, entry: Entry) -> bool:
        record = entry.record
        if record.state is None:
            return True
        after = entry.after if is_exact(record.do, record.undo) else ()
        self._verified = self._aws.read(Query.load(record.state))
        return is_ours_gone(self._verified, record.captured, after)

    def _new_items(self, step: Each, before: list[str]) -> list[Call]:
        items = self._retrying()(self._aws.read, step.items) or []
        return [step.call.with_item(item) for item in items if item not in (before or [])]

    def _send(self, call: Call) -> bool:
        """Make a call; False when there was nothing to do."""
        try:
            self._aws.send(call)
        except AwsError as error:
            if not call.is_absent(error.code, error.message):
                raise
            return False
        return True

    def _wait(self, seconds: float) -> None:
        self._clock.wait(seconds, threading.Event())  # nothing cuts a rollback short

    def _retrying(self, call: Call | None = None, *, until_true: bool = False) -> Retrying:
        """For about a minute, and as much longer as the call says that it settles."""

        def may_go_better(error: BaseException) -> bool:
            if not isinstance(error, AwsError):
                return False
            return error.transient or (call is not None and call.is_early(error.code, error.message))

        retry: Any = retry_if_exception(may_go_better)
        more = math.ceil(call.settles / _LONGEST_WAIT_S) if call else 0
        if until_true:
            retry |= if_result(lambda value: value is False)
        return Retrying(
            retry=retry,
            wait=wait_exponential(multiplier=_FIRST_WAIT_S, max=_LONGEST_WAIT_S),
            stop=stop_after_attempt(_TRIES + more),
            sleep=self._wait,
            reraise=not until_true,
            retry_error_callback=(lambda _: False) if until_true else None,
        )


def _call(step: Call | Each) -> Call:
    return step.call if isinstance(step, Each) else step


def undo_with(
    sessions: Iterable[Aws], entries: list[Entry], journal: Rows, clock: Clock, *, repaired: bool = False
) -> list[Undone]:
    """Undo as the first session; what it can't, or what its end cuts short, is tried as the next.

    Args:
        sessions: At least one; the next is opened when it is needed only.
        entries: In the order to be undone.
        journal: Where they are.
        clock: Time.
        repaired: See `Rollback`.
    """
    done: dict[int, Undone] = {}
    left = entries
    for aws in sessions:
        for each in Rollback(aws, journal, clock, repaired=repaired).undo(left):
            done[each.entry.id] = each
        # What came of the change is judged as before: a denied undo of what was applied is no undo.
        left = [replace(done[entry.id].entry, status=entry.status) for entry in left if not done[entry.id].ok]
        if not left:
            break
    return [done[entry.id] for entry in entries]


def by_hand(entry: Entry) -> tuple[str, ...]:
    """The aws-cli lines that undo it."""
    if entry.record.state is not None and not entry.record.undo:
        return (f"# the journal does not say how to undo {entry.record.do}",)
    try:
        return tuple(
            f"# for each item that was not there before: {step.call.cli()}"
            if isinstance(step, Each)
            else step.cli()
            for step in map(load_undo, entry.record.undo)
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return (f"# not readable by this version: {entry.record.undo}",)
