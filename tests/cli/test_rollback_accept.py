"""`chaoskit rollback --accept`: a person closes what rollback must not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from chaoskit.cli.rollback import command
from chaoskit.home import journal_path
from chaoskit.journal import Record, SqliteJournal

if TYPE_CHECKING:
    from pathlib import Path

# Its profile is nobody's, so rollback can't reach the account.
PLACE = {"kind": "aws", "account": "444455556666", "region": "us-east-1", "profile": "nobody's"}
RECORD = Record("t", "experiment", "s3.public-bucket-policy", PLACE, {}, (), None, {"was": 1}, ())


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A journal with two open entries."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with SqliteJournal(journal_path()) as journal:
        journal.record(RECORD)
        journal.record(RECORD)
    return journal_path()


def open_entries(path: Path) -> list[int]:
    with SqliteJournal(path, readonly=True) as journal:
        return sorted(entry.id for entry in journal.open_faults())


def run(*arguments: str, answer: str = "") -> str:
    return CliRunner().invoke(command, arguments, input=answer, standalone_mode=False).output


def note_of(path: Path, entry: int) -> str:
    with SqliteJournal(path) as journal:
        (note,) = journal._db.execute("SELECT note FROM changes WHERE id = ?", (entry,)).fetchone()
    return str(note)


def test_nothing_is_accepted_by_default(path: Path) -> None:
    assert "STILL OPEN (1)" in run()
    assert open_entries(path) == [1, 2]


@pytest.mark.parametrize("answer", ["", "n\n", "\n"])
def test_what_a_person_does_not_confirm_stays_open(path: Path, answer: str) -> None:
    run("--accept", "1", answer=answer)
    assert open_entries(path) == [1, 2]


def test_what_a_person_accepts_is_closed_with_a_note_of_who_and_why(path: Path) -> None:
    said = run("--accept", "1", "--note", "the data team's policy", answer="y\n")
    assert "Before the fault it was: {'was': 1}" in said
    assert open_entries(path) == [2]
    note = note_of(path, 1)
    assert note.startswith("accepted as it is by ")
    assert note.endswith(": the data team's policy")


def test_a_script_may_say_yes_beforehand(path: Path) -> None:
    run("--accept", "2", "--yes")
    assert open_entries(path) == [1]
    assert note_of(path, 2).endswith(": no reason given")


def test_a_number_that_is_not_open_is_refused_in_a_sentence(path: Path) -> None:
    done = CliRunner().invoke(command, ["--accept", "7", "--yes"], standalone_mode=False)
    assert str(done.exception).startswith("No open entry has the number 7")
    assert open_entries(path) == [1, 2]
