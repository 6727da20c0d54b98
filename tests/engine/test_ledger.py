from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chaoskit.engine.ledger import Ledger
from chaoskit.errors import JournalError
from chaoskit.journal import SqliteJournal, Status
from tests.test_journal import RECORD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OF_ANOTHER = replace(RECORD, trace_id="another-run")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    with SqliteJournal(tmp_path / "journal.sqlite") as made:
        yield made


@pytest.fixture
def ledger(journal: SqliteJournal) -> Ledger:
    return Ledger(journal, RECORD.trace_id)


def test_a_run_s_own_rows_are_as_the_journal_has_them(journal: SqliteJournal, ledger: Ledger) -> None:
    first, second = ledger.record(RECORD), ledger.record(RECORD)
    journal.record(OF_ANOTHER)
    assert ledger.mark(first, Status.APPLIED)
    ledger.saw(first, ["a", "ours"])
    mine = [each for each in journal.open_faults() if each.record == RECORD]
    assert [each.id for each in mine] == [second, first]
    assert ledger.open() == mine
    assert ledger.mark(first, Status.UNDONE)
    assert [each.id for each in ledger.open()] == [second]


def test_a_row_that_only_the_journal_has_is_the_run_s_too(journal: SqliteJournal, ledger: Ledger) -> None:
    # The answer to a write can be lost after it was made.
    entry = journal.record(RECORD)
    assert [each.id for each in ledger.open()] == [entry]


def test_what_was_recorded_is_known_though_the_journal_can_t_be_read(
    journal: SqliteJournal, ledger: Ledger
) -> None:
    first, second = ledger.record(RECORD), ledger.record(RECORD)
    ledger.mark(first, Status.APPLIED)
    ledger.saw(first, ["a", "ours"])
    ledger.mark(second, Status.UNDONE)
    journal.close()
    with pytest.raises(JournalError):
        ledger.mark(first, Status.APPLIED, "said again")
    (known,) = ledger.open()
    assert (known.id, known.record, known.status) == (first, RECORD, Status.APPLIED)
    assert known.after == (["a", "ours"],)


def test_what_was_sent_after_another_process_had_undone_it_gets_a_row_of_its_own(
    journal: SqliteJournal, ledger: Ledger
) -> None:
    entry = ledger.record(RECORD)
    journal.mark(entry, Status.UNDONE, "by another, while this process slept")
    assert ledger.mark(entry, Status.APPLIED)
    ledger.saw(entry, ["a", "ours"])
    (row,) = journal.open_faults()
    assert row.id != entry
    assert (row.record, row.status, row.after) == (RECORD, Status.APPLIED, (["a", "ours"],))
    # The run knows it by its first number, by which its result tells of it.
    assert ledger.open() == [replace(row, id=entry)]
    assert ledger.mark(entry, Status.UNDONE)
    assert journal.open_faults() == ledger.open() == []


def test_what_another_process_has_undone_is_undone_by_the_run_that_made_it_too(
    journal: SqliteJournal, ledger: Ledger
) -> None:
    entry = ledger.record(RECORD)
    ledger.mark(entry, Status.APPLIED)
    journal.mark(entry, Status.UNDONE, "by another, while this process slept")
    assert [each.id for each in ledger.open()] == [entry]
    assert not ledger.mark(entry, Status.UNDONE)
    assert journal.open_faults() == ledger.open() == []
