from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chaoskit.errors import JournalError
from chaoskit.home import journal_path
from chaoskit.journal import JournalBusyError, SqliteJournal, every_journal, open_journal, this_journal

if TYPE_CHECKING:
    from pathlib import Path


def test_without_a_name_it_is_this_user_s_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHAOSKIT_JOURNAL", raising=False)
    assert this_journal() == journal_path()
    assert every_journal() == []


def test_the_one_that_is_named_is_used_and_this_user_s_own_are_still_looked_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    SqliteJournal(journal_path()).close()
    monkeypatch.setenv("CHAOSKIT_JOURNAL", "dynamodb:journal")
    assert this_journal() == "dynamodb:journal"
    assert every_journal() == [journal_path(), "dynamodb:journal"]


def test_a_file_may_be_named_too(tmp_path: Path) -> None:
    with open_journal(str(tmp_path / "own.sqlite")) as journal:
        assert isinstance(journal, SqliteJournal)


def test_a_named_file_that_is_not_there_yet_has_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "new" / "own.sqlite"
    monkeypatch.setenv("CHAOSKIT_JOURNAL", str(file))
    assert every_journal() == []
    with open_journal(this_journal()):
        assert every_journal() == [file]


def test_a_named_file_that_nobody_can_look_for_is_no_journal_without_faults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CHAOSKIT_JOURNAL", str(tmp_path / "file" / "own.sqlite"))
    assert every_journal() == [tmp_path / "file" / "own.sqlite"]


def test_a_file_of_this_user_s_that_is_named_counts_once_however_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SqliteJournal(journal_path()).close()
    link = tmp_path / "link.sqlite"
    link.symlink_to(journal_path())
    monkeypatch.chdir(journal_path().parent)
    for name in (str(journal_path()), journal_path().name, str(link)):
        monkeypatch.setenv("CHAOSKIT_JOURNAL", name)
        assert every_journal() == [journal_path()]


def test_whoever_comes_by_a_link_finds_the_file_s_own_lock(tmp_path: Path) -> None:
    link = tmp_path / "link.sqlite"
    link.symlink_to(tmp_path / "own.sqlite")
    with open_journal(tmp_path / "own.sqlite"), pytest.raises(JournalBusyError):
        open_journal(link)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("dynamodb:", "names no journal: write dynamodb:TABLE"),
        ("dynamodb:?region=us-east-1", "names no journal"),
        ("dynamodb://host/journal", "names no journal"),
        ("dynamodb:journal?regoin=us-east-1", r"\(regoin means nothing\)"),
        ("dynamodb:journal?region=", "names no journal"),
    ],
)
def test_a_url_that_is_wrong_says_what_would_be_right(url: str, told: str) -> None:
    with pytest.raises(JournalError, match=told):
        open_journal(url)


def test_a_journal_without_a_region_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(JournalError, match="names no region: add"):
        open_journal("dynamodb:journal")
