"""What any journal must do, whoever keeps it. A new one adds its factory to `JOURNALS`."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from chaoskit.errors import JournalError
from chaoskit.journal import SqliteJournal, Status
from chaoskit.journal.dynamodb import DynamoJournal
from chaoskit.leases import Lease, LeaseHeldError, LeaseLostError
from tests.journal.tables import place, served, table  # noqa: F401 - fixtures
from tests.test_journal import RECORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from chaoskit.journal import Journal

    Open = Callable[[], AbstractContextManager[Journal]]


def in_a_file(request: pytest.FixtureRequest) -> Open:
    path = request.getfixturevalue("tmp_path") / "journal.sqlite"
    return lambda: SqliteJournal(path)


def in_a_table(request: pytest.FixtureRequest) -> Open:
    fresh = request.getfixturevalue("table")
    return lambda: DynamoJournal(fresh.name, fresh.connection, skew_s=0)


JOURNALS: Final[Mapping[str, Callable[[pytest.FixtureRequest], Open]]] = {
    "dynamodb": in_a_table,
    "sqlite": in_a_file,
}
"""What each makes opens a journal that is empty the first time, and later holds what was written before."""
LONG_S: Final = 3600.0
OVER_S: Final = 0.0


@pytest.fixture(params=sorted(JOURNALS))
def opens(request: pytest.FixtureRequest) -> Open:
    return JOURNALS[request.param](request)


@pytest.fixture
def journal(opens: Any) -> Iterator[Journal]:
    with opens() as made:
        yield made


class TestRows:
    def test_a_change_is_open_until_it_is_undone(self, journal: Journal) -> None:
        entry = journal.record(RECORD)
        for status in (Status.APPLIED, Status.UNDO_FAILED):
            journal.mark(entry, status, "why")
            (found,) = journal.open_faults()
            assert (found.id, found.record, found.status, found.note) == (entry, RECORD, status, "why")
        journal.mark(entry, Status.UNDONE)
        assert journal.open_faults() == []

    def test_undone_is_the_only_end(self, journal: Journal) -> None:
        entry = journal.record(RECORD)
        assert journal.mark(entry, Status.APPLIED)
        assert journal.mark(entry, Status.UNDONE)
        assert not journal.mark(entry, Status.APPLIED)
        assert journal.open_faults() == []

    def test_the_newest_comes_first(self, journal: Journal) -> None:
        entries = [journal.record(replace(RECORD, fault=name)) for name in ("a", "b", "c")]
        assert [each.id for each in journal.open_faults()] == entries[::-1]

    def test_the_effect_that_was_seen_is_kept(self, journal: Journal) -> None:
        entry = journal.record(RECORD)
        assert journal.open_faults()[0].after == ()
        journal.saw(entry, None)
        assert journal.open_faults()[0].after == (None,)

    def test_what_was_written_is_there_for_the_next_process(self, opens: Any) -> None:
        with opens() as first:
            first.record(RECORD)
            first.saw(1, ["x"])
        with opens() as second:
            assert [(each.record, each.after) for each in second.open_faults()] == [(RECORD, (["x"],))]


class TestLeases:
    def test_two_holders_exclude_each_other(self, journal: Journal) -> None:
        journal.hold({"a", "b"}, "one", LONG_S)
        with pytest.raises(LeaseHeldError, match="Run one is changing b"):
            journal.hold({"b", "c"}, "two", LONG_S)

    def test_who_is_refused_holds_nothing(self, journal: Journal) -> None:
        journal.hold({"b"}, "one", LONG_S)
        with pytest.raises(LeaseHeldError):
            journal.hold({"a", "b"}, "two", LONG_S)
        journal.hold({"a"}, "three", LONG_S)

    def test_others_may_have_other_resources(self, journal: Journal) -> None:
        one, two = journal.hold({"a"}, "one", LONG_S), journal.hold({"b"}, "two", LONG_S)
        assert journal.record(RECORD, one) != journal.record(RECORD, two)

    def test_what_is_released_can_be_held(self, journal: Journal) -> None:
        journal.hold({"a"}, "one", LONG_S)
        journal.release("one")
        journal.hold({"a"}, "two", LONG_S)

    def test_releasing_frees_only_ones_own(self, journal: Journal) -> None:
        journal.hold({"a"}, "one", LONG_S)
        journal.release("two")
        with pytest.raises(LeaseHeldError):
            journal.hold({"a"}, "two", LONG_S)

    def test_a_lease_whose_time_is_over_can_be_taken(self, journal: Journal) -> None:
        first = journal.hold({"a"}, "one", OVER_S)
        second = journal.hold({"a"}, "two", LONG_S)
        assert second.epoch > first.epoch

    def test_a_stale_holder_records_nothing(self, journal: Journal) -> None:
        stale = journal.hold({"a", "b"}, "one", OVER_S)
        held = journal.hold({"b"}, "two", LONG_S)
        with pytest.raises(LeaseLostError, match="Run one has lost its lease on b, and run two has it now"):
            journal.record(RECORD, stale)
        assert journal.open_faults() == []
        assert journal.record(RECORD, held)

    def test_a_stale_holder_is_refused_also_after_the_newer_one_is_done(self, journal: Journal) -> None:
        stale = journal.hold({"a"}, "one", OVER_S)
        journal.hold({"a"}, "two", LONG_S)
        journal.release("two")
        with pytest.raises(LeaseLostError):
            journal.record(RECORD, stale)

    def test_a_lease_that_is_over_is_good_until_somebody_takes_it(self, journal: Journal) -> None:
        assert journal.record(RECORD, journal.hold({"a"}, "one", OVER_S))

    def test_a_released_lease_is_good_for_nothing(self, journal: Journal) -> None:
        lease = journal.hold({"a"}, "one", LONG_S)
        journal.release("one")
        with pytest.raises(LeaseLostError, match="it was given back"):
            journal.record(RECORD, lease)

    def test_a_stale_holder_may_still_tell_what_it_undid(self, journal: Journal) -> None:
        lease = journal.hold({"a"}, "one", OVER_S)
        entry = journal.record(RECORD, lease)
        journal.hold({"a"}, "two", LONG_S)
        journal.saw(entry, [])
        journal.mark(entry, Status.UNDONE)
        assert journal.open_faults() == []

    def test_a_holder_may_hold_anew_and_only_its_latest_lease_counts(self, journal: Journal) -> None:
        first = journal.hold({"a"}, "one", LONG_S)
        second = journal.hold({"a"}, "one", LONG_S)
        assert journal.record(RECORD, second)
        with pytest.raises(LeaseLostError):
            journal.record(RECORD, first)

    def test_nothing_at_all_can_be_held_by_everybody(self, journal: Journal) -> None:
        leases = [journal.hold((), name, LONG_S) for name in ("one", "two")]
        assert [bool(journal.record(RECORD, lease)) for lease in leases] == [True, True]

    def test_a_made_up_lease_is_refused(self, journal: Journal) -> None:
        with pytest.raises(JournalError):
            journal.record(RECORD, Lease("nobody", 1, frozenset({"a"})))

    def test_epochs_never_go_back_over_restarts(self, opens: Any) -> None:
        with opens() as first:
            epochs = [first.hold({"a"}, "one", OVER_S).epoch]
            stale = first.hold({"a"}, "one", OVER_S)
            first.release("one")
        for _ in range(2):
            with opens() as again:
                with pytest.raises(LeaseLostError):
                    again.record(RECORD, stale)
                epochs.append(again.hold({"a"}, "two", OVER_S).epoch)
        assert epochs == sorted(set(epochs))

    def test_of_many_that_want_it_at_once_one_gets_it(self, journal: Journal) -> None:
        got: list[Lease] = []

        def want(number: int) -> None:
            try:
                got.append(journal.hold({"a", "b"}, str(number), LONG_S))
            except LeaseHeldError:
                return

        threads = [threading.Thread(target=want, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(got) == 1


class TestWhatIsLeft:
    def test_what_a_process_left_open_is_the_next_ones_to_undo(self, opens: Any) -> None:
        with opens() as first:
            entries = [first.record(replace(RECORD, fault=name)) for name in ("a", "b")]
            first.mark(first.record(RECORD), Status.UNDONE)
        with opens() as second:
            assert [each.id for each in second.open_faults(left=True)] == entries[::-1]
            with second.abandoned() as left:
                assert [each.id for each in left] == entries[::-1]
                for each in left:
                    second.mark(each.id, Status.UNDONE)
            with second.abandoned() as left:
                assert left == []

    def test_who_holds_a_lease_may_go_on_and_who_needs_none_too(self, journal: Journal) -> None:
        lease = journal.hold({"a"}, "one", LONG_S)
        journal.record(RECORD, lease)
        journal.still(lease)
        journal.record(RECORD)
        journal.still(None)

    def test_a_journal_that_nobody_edited_is_not_broken(self, opens: Any) -> None:
        for name in ("one", "two"):
            with opens() as journal:
                entry = journal.record(RECORD, journal.hold({"a"}, name, LONG_S))
                journal.mark(entry, Status.APPLIED)
                journal.saw(entry, ["after"])
                journal.mark(entry, Status.UNDONE, "back")
                journal.record(RECORD)
                journal.release(name)
                assert journal.broken() == []
                assert journal.broken(thorough=True) == []

    def test_threads_that_record_at_once_are_all_heard(self, journal: Journal) -> None:
        def work(name: str) -> None:
            lease = journal.hold({name}, name, LONG_S)
            for _ in range(3):
                journal.mark(journal.record(RECORD, lease), Status.APPLIED)

        threads = [threading.Thread(target=work, args=(str(number),)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        entries = journal.open_faults()
        assert len({each.id for each in entries}) == 12
        assert {each.status for each in entries} == {Status.APPLIED}
        assert journal.broken() == []


def test_a_writer_that_died_holds_nothing_in_the_file(tmp_path: Path) -> None:
    # The kernel's lock proves that it is dead; a fleet's journal has only the time to go by.
    path = tmp_path / "journal.sqlite"
    with SqliteJournal(path) as died:
        stale = died.hold({"a"}, "one", LONG_S)
    with SqliteJournal(path) as journal:
        with pytest.raises(LeaseLostError):
            journal.record(RECORD, stale)
        assert journal.hold({"a"}, "two", LONG_S).epoch > stale.epoch
