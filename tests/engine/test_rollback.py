"""Rollback against an account that is throttled, fails, or shows late what was done to it.

The account is scripted: neither AWS nor the sandbox can be made to show a state late on demand.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from chaoskit.engine.deadman import ARMED
from chaoskit.engine.guards import ROLLBACK_RESERVE_S
from chaoskit.engine.rollback import Rollback, undo_with
from chaoskit.errors import AwsError, JournalError, TargetError
from chaoskit.journal import Record, SqliteJournal, Status

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator
    from pathlib import Path

    from chaoskit.aws import Aws
    from chaoskit.engine.rollback import Undone
    from chaoskit.journal import Rows

QUERY = {
    "service": "iam",
    "operation": "ListAttachedRolePolicies",
    "params": {},
    "select": "@",
    "absent": [],
    "parse_json": False,
}
UNDO = {"service": "iam", "operation": "DetachRolePolicy", "params": {}, "absent_ok": ["NoSuchEntity"]}
DO = {"service": "iam", "operation": "AttachRolePolicy", "params": {}}
BEFORE, OURS = ["a"], ["a", "ours"]
RECORD = Record(
    "t", "experiment", "iam.attach-role-policy", {"landing_s": 60.0}, DO, (UNDO,), QUERY, BEFORE, (None,)
)
THROTTLED = AwsError("iam:any", "Throttling", "Rate exceeded", transient=True)
BROKEN = AwsError("iam:any", "InternalFailure", "we are sorry", transient=True)
NO_ANSWER = AwsError("iam:any", "NoAnswer", "Read timeout", transient=True)
GONE = AwsError("iam:any", "NoSuchEntity", "not attached")
IN_USE = AwsError("sagemaker:any", "ResourceInUse", "it is being stopped", transient=True)
REFUSED = AwsError("iam:any", "ValidationError", "no")


class Account:
    """Answers reads and calls from two lists; the last answer of a list is given for ever."""

    def __init__(self, reads: list[Any], sends: list[Any]) -> None:
        self._reads, self._sends = deque(reads), deque(sends)
        self.sent = 0

    def read(self, _: object) -> Any:
        return self._next(self._reads)

    def send(self, _: object) -> Any:
        self.sent += 1
        return self._next(self._sends)

    def _next(self, answers: deque[Any]) -> Any:
        answer = answers.popleft() if len(answers) > 1 else answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer


class Skipping:
    """A clock whose waits take no time, and are kept."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=sum(self.waited))

    def monotonic(self) -> float:
        return sum(self.waited)

    def wait(self, seconds: float, wake: threading.Event) -> bool:
        self.waited.append(seconds)
        return wake.is_set()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    with SqliteJournal(tmp_path / "journal.sqlite") as made:
        yield made


def undo(
    journal: SqliteJournal,
    account: Account,
    *,
    status: Status | None = Status.APPLIED,
    seen: bool = True,
    clock: Skipping | None = None,
    fault: str = "iam.attach-role-policy",
    steps: tuple[Any, ...] = (UNDO,),
) -> Undone:
    record = replace(RECORD, fault=fault, undo=steps, listed=(None,) * len(steps))
    entry = journal.record(record)
    if status:
        journal.mark(entry, status)
    if seen:
        journal.saw(entry, OURS)
    (undone,) = Rollback(account, journal, clock or Skipping()).undo(journal.open_faults())  # type: ignore[arg-type] # as much of an account and a clock as it asks
    return undone


@pytest.mark.parametrize("trouble", [THROTTLED, BROKEN, NO_ANSWER])
@pytest.mark.parametrize("times", [1, 5])
def test_what_may_go_better_later_is_tried_again_with_longer_and_longer_waits(
    journal: SqliteJournal, trouble: AwsError, times: int
) -> None:
    clock = Skipping()
    account = Account([trouble, BEFORE], [trouble] * times + [{}])
    assert undo(journal, account, clock=clock).ok
    assert account.sent == times + 1
    assert clock.waited[:times] == sorted(clock.waited[:times])
    assert journal.open_faults() == []


def test_what_is_being_stopped_is_waited_for_as_long_as_it_may_take(journal: SqliteJournal) -> None:
    clock, step = Skipping(), {**UNDO, "not_yet": ["ResourceInUse"], "settles": 200.0}
    assert undo(journal, Account([BEFORE], [IN_USE] * 40 + [{}]), steps=(step,), clock=clock).ok
    assert 120 < sum(clock.waited) < ROLLBACK_RESERVE_S
    for_ever = Skipping()
    assert not undo(journal, Account([OURS], [IN_USE]), steps=(step,), clock=for_ever).ok
    assert sum(for_ever.waited) < ROLLBACK_RESERVE_S


def test_what_never_goes_better_stays_open_with_the_call_to_make_by_hand(journal: SqliteJournal) -> None:
    undone = undo(journal, Account([OURS], [THROTTLED]))
    assert not undone.ok
    assert "Throttling" in undone.note
    assert undone.by_hand == ("aws iam detach-role-policy --cli-input-json '{}'",)
    assert [entry.status for entry in journal.open_faults()] == [Status.UNDO_FAILED]


def test_what_aws_refuses_is_not_tried_again(journal: SqliteJournal) -> None:
    account = Account([OURS], [REFUSED])
    assert not undo(journal, account).ok
    assert account.sent == 1


def test_what_is_still_being_updated_is_undone_when_that_is_over_however_long_it_was_said_to_take(
    journal: SqliteJournal,
) -> None:
    busy = AwsError(
        "sagemaker:UpdateEndpoint", "ValidationException", "Cannot update in-progress endpoint x."
    )
    step = {**UNDO, "not_yet": ["ValidationException: Cannot update in-progress"], "settles": 600.0}
    clock = Skipping()
    account = Account([OURS] * 40 + [BEFORE], [busy] * 80 + [{}])
    assert undo(journal, account, steps=(step,), clock=clock).ok
    assert account.sent == 81
    assert sum(clock.waited) > 300.0


def test_what_is_said_to_settle_is_still_not_tried_again_when_it_is_refused_for_good(
    journal: SqliteJournal,
) -> None:
    gone = AwsError("sagemaker:UpdateEndpoint", "ValidationException", "Could not find the configuration.")
    step = {**UNDO, "not_yet": ["ValidationException: Cannot update in-progress"], "settles": 600.0}
    account = Account([OURS], [gone])
    assert not undo(journal, account, steps=(step,)).ok
    assert account.sent == 1


def test_what_never_settles_stays_open(journal: SqliteJournal) -> None:
    clock = Skipping()
    undone = undo(journal, Account([OURS], [{}]), steps=({**UNDO, "settles": 600.0},), clock=clock)
    assert not undone.ok
    assert 600.0 < sum(clock.waited) < 720.0


def test_what_is_gone_already_is_fine(journal: SqliteJournal) -> None:
    assert undo(journal, Account([BEFORE], [GONE])).ok


def test_what_is_still_there_after_its_deletion_is_looked_at_until_it_is_gone(journal: SqliteJournal) -> None:
    assert undo(journal, Account([OURS, OURS, OURS, BEFORE], [{}])).ok


def test_what_stays_there_after_its_deletion_is_not_closed(journal: SqliteJournal) -> None:
    undone = undo(journal, Account([OURS], [{}]))
    assert not undone.ok
    assert "after undoing" in undone.note


@pytest.mark.parametrize("status", [Status.APPLIED, Status.JOURNALED])
def test_what_is_not_to_be_seen_yet_is_looked_for_until_no_request_can_land(
    journal: SqliteJournal, status: Status
) -> None:
    # "Not found" says the undo, and so does the state; then the change comes to be seen.
    account = Account([BEFORE, OURS, BEFORE], [GONE, {}])
    clock = Skipping()
    undone = undo(journal, account, status=status, seen=False, clock=clock)
    assert undone.ok
    assert undone.note == "landed late and was undone again; the state is as captured"
    assert account.sent == 2
    assert max(clock.waited) > 50


def test_what_failed_is_not_undone_unless_it_lands_late(journal: SqliteJournal) -> None:
    # "There already", said AWS: an undo would take away what somebody else had made.
    nothing_came, late = Account([BEFORE], []), Account([BEFORE, OURS, BEFORE], [{}])
    clock = Skipping()
    undone = undo(journal, nothing_came, status=Status.FAILED, seen=False, clock=clock)
    assert (undone.ok, undone.note) == (True, "had failed; the state is as captured")
    assert nothing_came.sent == 0
    assert max(clock.waited) > 50
    undone = undo(journal, late, status=Status.FAILED, seen=False)
    assert (undone.ok, undone.note) == (True, "landed late and was undone; the state is as captured")
    assert late.sent == 1


def test_an_undo_that_was_not_needed_yet_is_made_once_more_while_the_state_is_not_back(
    journal: SqliteJournal,
) -> None:
    # What the fault deleted is still there, "deleting", so AWS refuses to make it anew; then it is gone.
    going = Account([OURS] * 19 + [BEFORE], [GONE, {}])
    assert undo(journal, going).ok
    assert going.sent == 2


def test_a_journal_that_can_t_be_written_keeps_no_undo_from_being_made(journal: SqliteJournal) -> None:
    account = Account([OURS, OURS, BEFORE], [{}, {}])
    entry = journal.record(replace(RECORD, undo=(UNDO, UNDO), listed=(None, None)))
    journal.mark(entry, Status.APPLIED)
    journal.saw(entry, OURS)
    (kept,) = journal.open_faults()

    class Full:
        def mark(self, *_: object) -> bool:
            raise JournalError("the disk is full")

    (undone,) = Rollback(cast("Aws", account), cast("Rows", Full()), Skipping()).undo([kept])
    assert (undone.ok, undone.note, account.sent) == (False, "the disk is full", 2)


def test_what_was_seen_and_is_gone_needs_no_wait(journal: SqliteJournal) -> None:
    clock = Skipping()
    assert undo(journal, Account([BEFORE], [{}]), clock=clock).ok
    assert clock.waited == []


def test_disarming_needs_no_wait(journal: SqliteJournal) -> None:
    clock = Skipping()
    assert undo(journal, Account([BEFORE], [{}]), seen=False, clock=clock, fault=ARMED).ok
    assert clock.waited == []


def test_a_step_that_fails_does_not_stop_the_steps_after_it(journal: SqliteJournal) -> None:
    account = Account([OURS], [REFUSED, {}])
    undone = undo(journal, account, steps=(UNDO, UNDO))
    assert (undone.ok, account.sent) == (False, 2)
    assert "ValidationError" in undone.note
    assert len(undone.by_hand) == 2


def test_a_clock_that_jumps_does_not_shorten_the_wait_for_what_was_on_the_wire(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    monkeypatch.setattr("chaoskit.journal.sqlite._now", long_ago.isoformat)
    clock = Skipping()
    assert undo(journal, Account([BEFORE], [{}]), status=None, seen=False, clock=clock).ok
    assert clock.waited == [60.0]


def test_a_change_that_was_sent_again_is_waited_for_from_then_on(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    moments = iter([now - timedelta(hours=1), now, now])
    monkeypatch.setattr("chaoskit.journal.sqlite._now", lambda: next(moments).isoformat())
    clock = Skipping()
    assert undo(journal, Account([BEFORE], [{}]), status=Status.FAILED, seen=False, clock=clock).ok
    assert max(clock.waited) > 50


PUT = {"service": "cloudtrail", "operation": "UpdateTrail", "params": {}}
DOCUMENT, FAULTY, HALFWAY, THEIRS = ({"trail": state} for state in ("whole", "faulty", "halfway", "theirs"))
WHOLE = replace(RECORD, do=PUT, undo=(PUT, PUT), captured=DOCUMENT, listed=(None, None))


def faulty(journal: SqliteJournal) -> list[Any]:
    """The entry of a change to a document that was seen, and whose undo takes two calls."""
    entry = journal.record(WHOLE)
    journal.mark(entry, Status.APPLIED)
    journal.saw(entry, FAULTY)
    return journal.open_faults()


def test_an_undo_that_was_cut_short_between_two_calls_is_finished_by_the_next(
    journal: SqliteJournal,
) -> None:
    cut: Any = Account([FAULTY], [{}, KeyboardInterrupt()])
    with pytest.raises(KeyboardInterrupt):
        Rollback(cut, journal, Skipping()).undo(faulty(journal))
    again: Any = Account([HALFWAY, HALFWAY, DOCUMENT], [{}])
    (undone,) = Rollback(again, journal, Skipping()).undo(journal.open_faults())
    assert (undone.ok, undone.note) == (True, "the state is as captured")


def test_an_undo_that_failed_between_two_calls_is_finished_by_the_next_session(
    journal: SqliteJournal,
) -> None:
    sessions: Any = [
        Account([FAULTY, HALFWAY], [{}, REFUSED]),
        Account([HALFWAY, DOCUMENT], [{}]),
    ]
    (undone,) = undo_with(sessions, faulty(journal), journal, Skipping())
    assert undone.ok


@pytest.mark.parametrize("kept", [True, False])
def test_what_somebody_else_wrote_after_an_undo_failed_is_left_alone(
    journal: SqliteJournal, kept: bool
) -> None:
    """Whether it goes on in the process that failed or in another one."""
    failing: Any = Account([FAULTY, HALFWAY], [{}, REFUSED])
    (undone,) = Rollback(failing, journal, Skipping()).undo(faulty(journal))
    theirs: Any = Account([THEIRS], [{}])
    left = [undone.entry] if kept else journal.open_faults()
    (undone,) = Rollback(theirs, journal, Skipping()).undo(left)
    assert (undone.ok, theirs.sent) == (False, 0)
    assert "somebody else has changed it" in undone.note


def test_what_one_session_can_t_undo_is_tried_as_the_next(journal: SqliteJournal) -> None:
    journal.record(RECORD)
    ended = TargetError("The AWS session has expired (ExpiredToken): log in again.")
    first, second, third = (
        Account([BEFORE], [ended]), Account([BEFORE], [{}]), Account([BEFORE], [{}])
    )  # fmt: skip
    sessions: Any = [first, second, third]
    (undone,) = undo_with(sessions, journal.open_faults(), journal, Skipping())
    assert undone.ok
    assert (first.sent, second.sent, third.sent) == (1, 1, 0)


def test_a_session_that_has_ended_leaves_the_row_open_for_the_next(journal: SqliteJournal) -> None:
    ended = TargetError("The AWS session has expired (ExpiredToken): log in again.")
    assert not undo(journal, Account([OURS], [ended])).ok
    again = Account([BEFORE], [{}])
    (undone,) = Rollback(again, journal, Skipping()).undo(journal.open_faults())  # type: ignore[arg-type] # as above
    assert undone.ok
    assert journal.open_faults() == []
