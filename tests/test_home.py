from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chaoskit.home import home, journal_path, journals, replace_private

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)


def test_the_state_folder_is_where_the_environment_says(chaoskit_home: Path) -> None:
    assert home() == chaoskit_home
    assert journal_path() == chaoskit_home / "journal.sqlite"


@pytest.mark.parametrize("value", [None, ""])
def test_without_a_word_from_the_environment_it_is_the_users_state_folder(
    value: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("CHAOSKIT_HOME")
    if value is not None:
        monkeypatch.setenv("CHAOSKIT_HOME", value)
    assert home().name == "chaoskit"
    assert home().is_relative_to(tmp_path)


def test_naming_the_folder_does_not_make_it(chaoskit_home: Path) -> None:
    assert journals() == []
    assert not chaoskit_home.exists()


def test_each_pytest_worker_writes_a_journal_of_its_own(
    chaoskit_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw1")
    assert journal_path() == chaoskit_home / "journal-gw1.sqlite"


def test_every_workers_journal_is_found_again(chaoskit_home: Path) -> None:
    chaoskit_home.mkdir()
    for name in ("journal.sqlite", "journal-gw0.sqlite", "journal.lock", "other.sqlite"):
        (chaoskit_home / name).touch()
    assert [path.name for path in journals()] == ["journal-gw0.sqlite", "journal.sqlite"]


@pytest.mark.parametrize("text", ["new", "\udcff"], ids=["what is there is a folder", "no text at all"])
def test_a_file_that_can_not_be_written_leaves_nothing_of_itself_behind(tmp_path: Path, text: str) -> None:
    (tmp_path / "report" / "old").mkdir(parents=True)
    with pytest.raises((OSError, UnicodeEncodeError)):
        replace_private(tmp_path / "report", text)
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
