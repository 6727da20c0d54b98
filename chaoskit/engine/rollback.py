"""Putting things back from the journal alone: the same for a run's own end and for another's crash."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential
from tenacity import retry_if_result as if_result

from chaoskit.aws import Each, Query, load_undo
from chaoskit.errors import AwsError, ChaoskitError
from chaoskit.journal import Status

if TYPE_CHECKING:
    from chaoskit.aws import Aws, Call
    from chaoskit.journal import Entry, Journal
    from chaoskit.slo import Clock

_FIRST_WAIT_S: Final = 0.05
_LONGEST_WAIT_S: Final = 5.0
_TRIES: Final = 18  # with the waits above, about a minute


@dataclass(frozen=True, slots=True)
class Undone:
    """What came of undoing one entry; `by_hand` are the aws-cli lines for what could not be undone."""

    entry: Entry
    ok: bool
    note: str
    by_hand: tuple[str, ...] = ()


class Rollback:
    """Undoes journal entries in one account. One failure never stops the next."""

    def __init__(self, aws: Aws, journal: Journal, clock: Clock) -> None:
        """Undo through `aws`; close entries in `journal`; wait by `clock`."""
        self._aws = aws
        self._journal = journal
        self._clock = clock

    def undo(self, entries: list[Entry]) -> list[Undone]:
        """Undo in the order given; the journal gives the newest first."""
        return [self._undo(entry) for entry in entries]

    def _undo(self, entry: Entry) -> Undone:
        try:
            note = self._restored(entry)
        except ChaoskitError as error:
            note = str(error)
            self._journal.mark(entry.id, Status.UNDO_FAILED, note)
            return Undone(entry, ok=False, note=note, by_hand=_by_hand(entry))
        self._journal.mark(entry.id, Status.UNDONE, note)
        return Undone(entry, ok=True, note=note)

    def _restored(self, entry: Entry) -> str:
        """Undo and verify; returns what was found, or raises what stands in the way."""
        record = entry.record
        if entry.status is Status.DENIED and self._state_is_back(entry):
            return "was denied; the state is as captured"
        for step, before in zip(map(load_undo, record.undo), record.listed, strict=True):
            calls = self._new_items(step, before) if isinstance(step, Each) else [step]
            for call in calls:
                self._retrying()(self._send, call)
        if record.state is None:
            return "left nothing behind"
        if not self._retrying(until_true=True)(self._state_is_back, entry):
            now = self._aws.read(Query.load(record.state))
            raise ChaoskitError(
                f"{record.fault}: after undoing, {Query.load(record.state)} answers {now!r}; "
                f"before the fault it was {record.captured!r}"
            )
        return "the state is as captured"

    def _state_is_back(self, entry: Entry) -> bool:
        state = entry.record.state
        return state is None or bool(self._aws.read(Query.load(state)) == entry.record.captured)

    def _new_items(self, step: Each, before: list[str]) -> list[Call]:
        items = self._retrying()(self._aws.read, step.items) or []
        return [step.call.with_item(item) for item in items if item not in (before or [])]

    def _send(self, call: Call) -> None:
        try:
            self._aws.send(call)
        except AwsError as error:
            if error.code not in call.absent_ok:
                raise

    def _wait(self, seconds: float) -> None:
        self._clock.wait(seconds, threading.Event())  # nothing cuts a rollback short

    def _retrying(self, *, until_true: bool = False) -> Retrying:
        retry: Any = retry_if_exception(lambda error: isinstance(error, AwsError) and error.transient)
        if until_true:
            retry |= if_result(lambda value: value is False)
        return Retrying(
            retry=retry,
            wait=wait_exponential(multiplier=_FIRST_WAIT_S, max=_LONGEST_WAIT_S),
            stop=stop_after_attempt(_TRIES),
            sleep=self._wait,
            reraise=not until_true,
            retry_error_callback=(lambda _: False) if until_true else None,
        )


def _by_hand(entry: Entry) -> tuple[str, ...]:
    lines = []
    for step in map(load_undo, entry.record.undo):
        if isinstance(step, Each):
            lines.append(f"# for each item that was not there before: {step.call.cli()}")
        else:
            lines.append(step.cli())
    return tuple(lines)
