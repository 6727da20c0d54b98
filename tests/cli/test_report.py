"""`chaoskit report verify`: whoever edits a report, the journal or the history is noticed."""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.cli import main
from chaoskit.history import History
from chaoskit.home import history_path, journal_path
from chaoskit.journal import Record, SqliteJournal, Status
from chaoskit.mutate import Campaign, Control, Mutant
from chaoskit.report.formats import as_json
from chaoskit.result import Results, Verdict
from tests.samples import DETECTION, NOW, result, seen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Verify = Callable[..., tuple[int, str]]

RUN = "20260301T120000-abc123"
RECORD = Record("t.1", "small", "iam.attach-role-policy", {}, {"operation": "A"}, (), None, [], ())


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str]) -> Verify:
    """Runs the command; its exit status and what it said."""

    def run(*files: Path) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(["report", "verify", *map(str, files)])
        return int(ended.value.code or 0), capsys.readouterr().out

    return run


def results() -> Results:
    failed = result(seen(DETECTION, met=False), verdict=Verdict.FAILED, reason="too late", restored=True)
    return Results(RUN, "embedded", NOW, NOW + timedelta(seconds=9), [failed])


@pytest.fixture
def report(tmp_path: Path) -> Path:
    file = tmp_path / "out.json"
    file.write_text(as_json(results().dump()))
    return file


def edit(file: Path, change: Callable[[Any], None]) -> None:
    document = json.loads(file.read_text())
    change(document)
    file.write_text(json.dumps(document))


def test_a_report_as_it_was_written_is_told_so(verify: Verify, report: Path) -> None:
    assert verify(report) == (0, f"{report}: as it was written\n")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda it: it["results"][0].update(verdict="PASSED"), "item 1 (small) is not as it was written"),
        (
            lambda it: it["results"][0]["expectations"][0].update(met=True),
            "item 1 (small) is not as it was written",
        ),
        (lambda it: it["results"].clear(), "it was written with 1 items and has 0"),
        (lambda it: it.update(target="aws"), "what stands beside the items is not as it was written"),
        (lambda it: it.pop("evidence"), "it holds no chain of evidence"),
    ],
    ids=["a verdict", "an expectation", "a result left out", "the target", "no chain"],
)
def test_an_edited_report_is_noticed(
    verify: Verify, report: Path, change: Callable[[Any], None], said: str
) -> None:
    edit(report, change)
    status, told = verify(report)
    assert status == 1
    assert said in told


def test_a_report_replaces_another_whole_and_a_link_stays_one(report: Path, tmp_path: Path) -> None:
    old, link = tmp_path / "old.json", tmp_path / "latest.json"
    old.write_text("another")
    link.symlink_to(old)
    with old.open() as reader:
        with pytest.raises(SystemExit) as ended:
            main(["report", "render", str(report), "--json", str(link)])
        assert (ended.value.code, reader.read()) == (0, "another")
    assert old.read_text() == report.read_text()
    assert link.readlink() == old


def test_a_report_of_no_kind_and_for_nobody_is_refused(
    report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["report", "render", str(report)])
    assert ended.value.code == 2
    assert "say what to write, or whom to tell: --html FILE" in capsys.readouterr().err


def test_a_report_that_was_made_up_anew_is_noticed_where_its_run_was(verify: Verify, report: Path) -> None:
    History(history_path()).keep(results().dump())
    assert verify(report)[0] == 0
    forged = results()
    forged.results[0].verdict = Verdict.PASSED
    report.write_text(as_json(forged.dump()))
    assert verify(report) == (1, f"{report}: the history of this machine says something else of run {RUN}\n")


def test_an_edited_mutation_report_is_noticed(verify: Verify, tmp_path: Path) -> None:
    file = tmp_path / "mutation.json"
    file.write_text(json.dumps(Campaign([], [Mutant(Control("scp", "a/b", ()))]).dump()))
    assert verify(file)[0] == 0
    edit(file, lambda it: it["controls"][0].update(outcome="killed"))
    assert verify(file) == (1, f"{file}: item 1 (scp:a/b) is not as it was written\n")
    edit(file, lambda it: it["controls"][0].update(outcome="unused"))
    edit(file, lambda it: it["score"].update(killed=1))
    assert "what stands beside the items" in verify(file)[1]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1, "a": 2}', "<p>no report</p>"])
def test_what_is_no_report_is_told_in_a_sentence(verify: Verify, report: Path, text: str) -> None:
    report.write_text(text)
    status, told = verify(report)
    assert (status, told.count("\n")) == (1, 1)
    assert "can't be read as a report of chaoskit" in told


@pytest.fixture
def journaled() -> Path:
    """A journal with two changes that were made and undone."""
    with SqliteJournal(journal_path()) as journal:
        for _ in range(2):
            journal.mark(journal.record(RECORD), Status.UNDONE)
    return journal_path()


def test_a_journal_and_a_history_as_they_were_written_are_told_so(verify: Verify, journaled: Path) -> None:
    History(history_path()).keep(results().dump())
    assert verify() == (0, f"{journaled}: as it was written\nrun {RUN}: as it was written\n")


@pytest.mark.parametrize(
    "edited",
    [
        "UPDATE changes SET experiment = 'another' WHERE id = 1",
        "UPDATE changes SET undo = '[]', captured = '[1]' WHERE id = 2",
        "UPDATE changes SET note = 'all is well' WHERE id = 2",
        "DELETE FROM changes WHERE id = 1",
        "DELETE FROM changes WHERE id = 2",
    ],
)
def test_an_edited_journal_is_noticed(verify: Verify, journaled: Path, edited: str) -> None:
    with sqlite3.connect(journaled) as db:
        db.execute(edited)
    db.close()
    status, told = verify()
    assert status == 1
    assert str(journaled) in told
    assert "as it was written" not in told.replace("not as it was written", "")


def test_an_edited_history_is_noticed(verify: Verify) -> None:
    History(history_path()).keep(results().dump())
    with sqlite3.connect(history_path()) as db:
        (name,) = (
            table
            for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if "document" in {column[1] for column in db.execute(f"PRAGMA table_info({table})")}
        )
        db.execute(f"UPDATE {name} SET document = replace(document, 'FAILED', 'PASSED')")  # noqa: S608 - a table of ours
    db.close()
    assert verify() == (1, f"run {RUN}: item 1 (small) is not as it was written\n")


def test_where_nothing_is_kept_nothing_is_wrong(verify: Verify) -> None:
    assert verify() == (0, "Nothing is kept here yet.\n")
