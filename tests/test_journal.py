from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.errors import JournalError
from chaoskit.journal import JournalBusyError, Record, SqliteJournal, Status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RECORD = Record(
    trace_id="20260301T120000-abc123.1",
    experiment="small",
    fault="iam.attach-role-policy",
    target={"kind": "aws", "account": "444455556666", "region": "us-east-1", "profile": None},
    do={"service": "iam", "operation": "AttachRolePolicy", "params": {"RoleName": "training"}},
    undo=({"service": "iam", "operation": "DetachRolePolicy", "params": {"RoleName": "training"}},),
    state={"service": "iam", "operation": "ListAttachedRolePolicies", "params": {}},
    captured=["arn:aws:iam::aws:policy/ReadOnlyAccess"],
    listed=(None, ["AKIAIOSFODNN7EXAMPLE"]),
)
# Takes the journal, says so, and holds it until it is killed.
HOLDER = """
import sys
from pathlib import Path
from chaoskit.journal import SqliteJournal
journal = SqliteJournal(Path(sys.argv[1]))
print("holding", flush=True)
sys.stdin.read()
"""
READER = """
import json, sys
from pathlib import Path
from chaoskit.journal import SqliteJournal
with SqliteJournal(Path(sys.argv[1]), readonly=True) as journal:
    print(json.dumps([[e.id, e.status, e.record.fault, e.record.captured] for e in journal.open_faults()]))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.sqlite"


@contextmanager
def held_by_another_process(path: Path, code: str = HOLDER) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "holding\n"
        try:
            yield process
        finally:
            process.kill()


def as_another_process_reads(path: Path) -> Any:
    told = subprocess.run(
        [sys.executable, "-c", READER, str(path)], capture_output=True, text=True, check=True
    )
    return json.loads(told.stdout)


def test_a_change_can_be_read_by_another_process_as_soon_as_it_is_recorded(path: Path) -> None:
    with SqliteJournal(path) as journal:
        entry = journal.record(RECORD)
        assert as_another_process_reads(path) == [[entry, "JOURNALED", RECORD.fault, RECORD.captured]]


def test_what_became_of_a_change_can_be_read_by_another_process_at_once(path: Path) -> None:
    with SqliteJournal(path) as journal:
        entry = journal.record(RECORD)
        journal.mark(entry, Status.APPLIED)
        assert as_another_process_reads(path)[0][1] == "APPLIED"
        journal.mark(entry, Status.UNDONE)
        assert as_another_process_reads(path) == []


def test_a_record_comes_back_as_it_was_written(path: Path) -> None:
    with SqliteJournal(path) as journal:
        entry = journal.record(RECORD)
    with SqliteJournal(path) as journal:
        (found,) = journal.open_faults()
    assert found.record == RECORD
    assert (found.id, found.status, found.note) == (entry, Status.JOURNALED, "")
    assert found.created.utcoffset() is not None


def test_a_record_that_left_no_state_comes_back_without_one(path: Path) -> None:
    bare = replace(RECORD, undo=(), state=None, captured=None, listed=())
    with SqliteJournal(path) as journal:
        journal.record(bare)
        assert journal.open_faults()[0].record == bare


def test_open_faults_come_newest_first(path: Path) -> None:
    with SqliteJournal(path) as journal:
        ids = [journal.record(replace(RECORD, fault=name)) for name in ("first", "second", "third")]
        assert [entry.id for entry in journal.open_faults()] == ids[::-1]
        assert [entry.record.fault for entry in journal.open_faults()] == ["third", "second", "first"]


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.UNDONE])
def test_a_change_is_open_until_it_is_undone(path: Path, status: Status) -> None:
    with SqliteJournal(path) as journal:
        journal.mark(journal.record(RECORD), status, "a note")
        (found,) = journal.open_faults()
        assert (found.status, found.note) == (status, "a note")


@pytest.mark.parametrize("status", list(Status))
def test_nothing_reopens_what_is_undone(path: Path, status: Status) -> None:
    with SqliteJournal(path) as journal:
        entry = journal.record(RECORD)
        journal.mark(entry, Status.UNDONE, "the state is as captured")
        journal.mark(entry, status, "later")
        assert journal.open_faults() == []
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT status, note FROM changes").fetchall() == [
            ("UNDONE", "the state is as captured")
        ]


def test_the_number_of_an_undone_change_is_never_given_to_another(path: Path) -> None:
    with SqliteJournal(path) as journal:
        first = journal.record(RECORD)
        with closing(sqlite3.connect(path)) as raw, raw:
            raw.execute("DELETE FROM changes")
        assert journal.record(RECORD) > first


def test_a_second_process_is_refused_and_told_which_one_writes(path: Path) -> None:
    with held_by_another_process(path) as holder:
        with pytest.raises(JournalBusyError) as refused:
            SqliteJournal(path)
        assert refused.value.holder == str(holder.pid)
        assert f"process {holder.pid}" in str(refused.value)
        assert "CHAOSKIT_HOME" in str(refused.value)


def test_a_second_writer_in_the_same_process_is_refused_too(path: Path) -> None:
    with SqliteJournal(path), pytest.raises(JournalBusyError, match=f"process {os.getpid()}"):
        SqliteJournal(path)


def test_being_refused_does_not_take_the_lock_from_the_one_who_has_it(path: Path) -> None:
    with held_by_another_process(path):
        for _ in range(2):
            with pytest.raises(JournalBusyError):
                SqliteJournal(path)


def test_the_lock_is_free_once_its_holder_was_killed(path: Path) -> None:
    with held_by_another_process(path) as holder:
        holder.kill()
        holder.wait()
        with SqliteJournal(path) as journal:
            assert journal.record(RECORD)


def test_a_child_that_outlives_its_killed_parent_does_not_hold_the_lock(path: Path) -> None:
    # As an embedded sandbox may, for the moment that it takes to notice.
    code = HOLDER.replace(
        "print(",
        "import subprocess; child = subprocess.Popen([sys.executable, '-c', 'input()'], close_fds=False)\n"
        "print(",
    )
    with held_by_another_process(path, code) as holder:
        holder.kill()
        holder.wait()
        with SqliteJournal(path) as journal:
            assert journal.open_faults() == []


def test_the_lock_is_free_once_the_journal_is_closed(path: Path) -> None:
    SqliteJournal(path).close()
    with SqliteJournal(path) as journal:
        assert journal.open_faults() == []


def test_reading_needs_no_lock(path: Path) -> None:
    with SqliteJournal(path) as writer:
        writer.record(RECORD)
        with SqliteJournal(path, readonly=True) as reader:
            assert len(reader.open_faults()) == 1
            writer.record(RECORD)
            assert len(reader.open_faults()) == 2


def test_a_journal_opened_for_reading_can_not_be_written(path: Path) -> None:
    with SqliteJournal(path) as writer:
        writer.record(RECORD)
    with SqliteJournal(path, readonly=True) as reader:
        with pytest.raises(JournalError, match="readonly"):
            reader.record(RECORD)
        with pytest.raises(JournalError, match="readonly"):
            reader.mark(1, Status.UNDONE)
        assert len(reader.open_faults()) == 1


def test_reading_a_journal_that_does_not_exist_does_not_make_one(path: Path) -> None:
    with pytest.raises(JournalError):
        SqliteJournal(path, readonly=True)
    assert not path.parent.exists()


def test_experiments_that_run_at_the_same_time_share_one_journal(path: Path) -> None:
    with SqliteJournal(path) as journal:

        def write() -> None:
            for _ in range(5):
                entry = journal.record(RECORD)
                journal.mark(entry, Status.APPLIED)
                journal.open_faults()

        threads = [threading.Thread(target=write) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        entries = journal.open_faults()
    assert len({entry.id for entry in entries}) == 20
    assert {entry.status for entry in entries} == {Status.APPLIED}


def test_every_write_waits_for_the_disk(path: Path) -> None:
    with SqliteJournal(path) as journal:
        (level,) = journal._db.execute("PRAGMA synchronous").fetchone()
    assert level == 3  # EXTRA (SQLite, "PRAGMA synchronous")


def test_only_the_user_can_read_the_journal(path: Path) -> None:
    before = os.umask(0)
    try:
        with SqliteJournal(path) as journal:
            journal.record(RECORD)
    finally:
        os.umask(before)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {"journal.sqlite": 0o600, "journal.lock": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_journal_of_a_newer_version_is_left_alone(path: Path) -> None:
    SqliteJournal(path).close()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA user_version = 3")
    for readonly in (False, True):
        with pytest.raises(
            JournalError, match=r"written by a newer chaoskit \(format 3\): upgrade"
        ) as refused:
            SqliteJournal(path, readonly=readonly)
        assert not isinstance(refused.value, JournalBusyError)


def test_a_folder_that_can_not_be_written_is_told_in_one_sentence_with_what_to_do(tmp_path: Path) -> None:
    # A file where the folder should be: unlike missing permissions, it stops the superuser too.
    (tmp_path / "file").touch()
    with pytest.raises(JournalError) as refused:
        SqliteJournal(tmp_path / "file" / "journal.sqlite")
    assert "can't be used" in str(refused.value)
    assert "CHAOSKIT_HOME" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_no_journal_is_told_and_not_touched(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database, " * 100)
    for _ in range(2):  # the lock is given back
        with pytest.raises(JournalError, match="not a database"):
            SqliteJournal(path)
    assert path.read_bytes() == b"not a database, " * 100


@pytest.mark.parametrize("readonly", [True, False])
@pytest.mark.parametrize("length", [1, 14, 20, 39, 62, 64, 511, 4096])
def test_a_journal_that_is_cut_short_is_never_taken_for_a_new_one(
    path: Path, length: int, readonly: bool
) -> None:
    with SqliteJournal(path) as journal:
        journal.record(RECORD)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(JournalError), SqliteJournal(path, readonly=readonly) as journal:
        journal.open_faults()


def test_a_journal_whose_maker_died_before_it_had_tables_is_a_new_one(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    with SqliteJournal(path, readonly=True) as journal:
        assert journal.open_faults() == []
    with SqliteJournal(path) as journal:
        journal.record(RECORD)
        assert len(journal.open_faults()) == 1


def test_a_write_that_fails_is_told_as_the_journals_failure(path: Path) -> None:
    with SqliteJournal(path) as journal:
        journal._db.execute("PRAGMA query_only = ON")
        with pytest.raises(JournalError, match=f"The journal {path} failed"):
            journal.record(RECORD)


def test_a_journal_that_was_closed_says_so_instead_of_crashing(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        journal.open_faults()


def test_an_untouched_journal_is_not_broken(path: Path) -> None:
    with SqliteJournal(path) as journal:
        for _ in range(3):
            entry = journal.record(RECORD)
            journal.mark(entry, Status.APPLIED)
            journal.saw(entry, ["after"])
        journal.mark(2, Status.UNDONE, "undone")
        journal.mark(2, Status.APPLIED, "has no effect")
        assert journal.broken() == []


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        ("UPDATE changes SET undo = '[]' WHERE id = 2", "row 2, or one before it"),
        ("UPDATE changes SET status = 'UNDONE' WHERE id = 2", "what became of row 2"),
        ("UPDATE effects SET state = '1' WHERE change = 2", "what became of row 2"),
        ("DELETE FROM changes WHERE id = 2", "row 3, or one before it"),
        ("DELETE FROM changes WHERE id = 3", "its last row, number 3, is gone"),
        ("DELETE FROM changes", "its last row, number 3, is gone"),
    ],
)
def test_an_edited_journal_is_noticed_and_what_is_open_in_it_is_still_undone(
    path: Path, edit: str, told: str
) -> None:
    with SqliteJournal(path) as journal:
        for _ in range(3):
            journal.saw(journal.record(RECORD), ["after"])
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute(edit)
        left = len(raw.execute("SELECT 1 FROM changes WHERE status <> 'UNDONE'").fetchall())
    with SqliteJournal(path, readonly=True) as journal:
        (trouble,) = journal.broken()
        assert told in trouble
    with SqliteJournal(path) as journal:
        assert len(journal.open_faults()) == left
        for entry in journal.open_faults():
            journal.mark(entry.id, Status.UNDONE)
        assert journal.open_faults() == []


def test_a_journal_of_the_first_version_is_brought_to_this_one_with_its_rows(path: Path) -> None:
    with SqliteJournal(path) as journal:
        journal.saw(journal.record(RECORD), ["after"])
    with closing(sqlite3.connect(path)) as raw, raw:
        for column in ("hash", "seal"):
            raw.execute(f"ALTER TABLE changes DROP COLUMN {column}")
        raw.execute("PRAGMA user_version = 1")
    with SqliteJournal(path, readonly=True) as journal:
        assert [entry.record for entry in journal.open_faults()] == [RECORD]
        assert journal.broken() == []
    with SqliteJournal(path) as journal:
        assert [entry.record for entry in journal.open_faults()] == [RECORD]
        journal.record(RECORD)
        assert journal.broken() == []
