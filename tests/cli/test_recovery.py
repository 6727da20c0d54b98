"""A journal that can't be used is told, once everything else is done that can be."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.cli import main
from chaoskit.engine.deadman import ARMED
from chaoskit.errors import AwsError
from chaoskit.home import home, journal_path
from chaoskit.journal import Record, SqliteJournal, Status
from chaoskit.switches import STOP_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def record(folder: Path) -> Record:
    """A fault in a sandbox that is gone, so that recovery closes it."""
    place = {"kind": "embedded", "folder": str(folder / "sandboxes"), "instance": "run-dead"}
    account = {"account": "444455556666", "region": "us-east-1"}
    do = {"service": "iam", "operation": "AttachRolePolicy", "params": {}}
    return Record("t.1", "small", "iam.attach-role-policy", {**place, **account}, do, (), None, None, ())


@pytest.fixture
def damaged(chaoskit_home: Path) -> tuple[Path, Path]:
    """Two journals that can't be used, one before and one behind the one that holds a fault."""
    with SqliteJournal(journal_path()) as journal:
        journal.record(record(chaoskit_home))
    noise = random.Random(1).randbytes(8192)  # noqa: S311 - no secret
    files = (chaoskit_home / "journal-0.sqlite", chaoskit_home / "journal.zz.sqlite")
    for file in files:
        file.write_bytes(noise)
    return files


def chaoskit(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str]:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code, capsys.readouterr().err


def open_faults() -> int:
    with SqliteJournal(journal_path(), readonly=True) as journal:
        return len(journal.open_faults())


@pytest.mark.parametrize("command", [["status"], ["rollback"], ["validate", "experiments"]])
def test_journals_that_can_not_be_used_keep_no_other_from_being_recovered_and_are_all_told(
    command: list[str], damaged: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    status, told = chaoskit(capsys, *command)
    assert status == 5
    assert open_faults() == 0
    assert "rolled back: iam.attach-role-policy of run t.1" in told
    for file in damaged:
        assert f"The journal {file} can't be used" in told
    assert "Traceback" not in told


def test_halt_says_stop_whatever_is_wrong_with_the_journals_and_then_recovers(
    damaged: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    status, told = chaoskit(capsys, "halt", "incident 7")
    assert (home() / STOP_FILE).read_text() == "incident 7\n"
    assert status == 5
    assert all(str(file) in told for file in damaged)
    assert open_faults() == 0


def test_the_first_command_that_is_told_of_a_journal_in_a_file_finds_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHAOSKIT_JOURNAL", str(tmp_path / "new" / "own.sqlite"))
    assert chaoskit(capsys, "status") == (0, "")
    assert chaoskit(capsys, "rollback") == (0, "")


def test_a_named_journal_in_the_home_folder_is_listed_once(
    chaoskit_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with SqliteJournal(journal_path()) as journal:
        journal.record(Record("t.1", "small", "iam.attach-role-policy", {"kind": "x"}, {}, (), None, 1, ()))
    monkeypatch.setenv("CHAOSKIT_JOURNAL", str(chaoskit_home / "journal.sqlite"))
    with pytest.raises(SystemExit):
        main(["status"])
    assert capsys.readouterr().out.count("iam.attach-role-policy") == 1


@pytest.mark.parametrize("command", ["status", "rollback"])
def test_an_empty_file_is_no_journal_in_which_nothing_is_open(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "empty.sqlite"
    file.touch()
    status, told = chaoskit(capsys, command, "--journal", str(file))
    assert status == 5
    assert f"chaoskit: {file} is no journal: the file is empty." in told


def test_a_journal_that_is_just_being_made_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "new.sqlite"
    file.touch()
    file.with_suffix(".lock").touch()  # which comes first
    assert chaoskit(capsys, "status", "--journal", str(file)) == (0, "")


DETACH = {"service": "iam", "operation": "DetachRolePolicy", "params": {}, "absent_ok": []}
HERE, THERE = {"kind": "here"}, {"kind": "there"}
STUCK = Record("t.1", "small", "iam.attach-role-policy", HERE, {}, (DETACH,), None, None, (None,))


class Refusing:
    """Accounts whose every undo is refused; what was said before each first look at one is kept."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.tried: list[str] = []
        self.said = ""
        self._capsys = capsys
        self._place = ""

    def reopen(self, place: Mapping[str, Any]) -> Iterator[Any]:
        self.said += self._capsys.readouterr().err
        self._place = place["kind"]
        yield self

    def send(self, _: object) -> None:
        self.tried.append(self._place)
        raise AwsError("iam:DetachRolePolicy", "AccessDenied", "no")


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refusing:
    made = Refusing(capsys)
    monkeypatch.setattr("chaoskit.api.leftovers.reopen", made.reopen)
    return made


def test_what_is_rolled_back_first_is_said_at_once(
    refusing: Refusing, capsys: pytest.CaptureFixture[str]
) -> None:
    with SqliteJournal(journal_path()) as journal:
        for _ in range(3):
            journal.mark(journal.record(STUCK), Status.APPLIED)
    chaoskit(capsys, "validate", "experiments")
    assert refusing.said == "rolling back first: iam.attach-role-policy of run t.1 (small), and 2 more\n"


def test_what_could_not_be_put_back_is_told_by_every_command_and_tried_again_by_rollback(
    refusing: Refusing, capsys: pytest.CaptureFixture[str]
) -> None:
    with SqliteJournal(journal_path()) as journal:
        journal.mark(journal.record(replace(STUCK, fault=ARMED)), Status.APPLIED)  # stays so until then
        journal.mark(journal.record(STUCK), Status.UNDO_FAILED, "AccessDenied: no")
    status, told = chaoskit(capsys, "status")
    assert (status, refusing.tried, refusing.said) == (5, [], "")
    assert "STILL OPEN (2): iam.attach-role-policy of run t.1 (small): it could not be put back when" in told
    assert "by hand: aws iam detach-role-policy" in told
    chaoskit(capsys, "rollback")
    assert refusing.tried == ["here"]
    assert refusing.said.startswith("rolling back first: ")


def test_what_was_never_tried_to_its_end_is_tried_by_every_command(
    refusing: Refusing, capsys: pytest.CaptureFixture[str]
) -> None:
    with SqliteJournal(journal_path()) as journal:
        journal.mark(journal.record(STUCK), Status.UNDO_FAILED, "AccessDenied: no")
        journal.mark(journal.record(replace(STUCK, target=THERE)), Status.UNDO_FAILED, "its undo has begun")
    chaoskit(capsys, "status")
    assert refusing.tried == ["there"]


def test_what_could_not_be_put_back_in_a_sandbox_is_closed_once_that_is_gone(
    chaoskit_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with SqliteJournal(journal_path()) as journal:
        journal.mark(journal.record(record(chaoskit_home)), Status.UNDO_FAILED, "AccessDenied: no")
    status, told = chaoskit(capsys, "status")
    assert (status, "rolled back: iam.attach-role-policy of run t.1" in told) == (0, True)
    assert open_faults() == 0
