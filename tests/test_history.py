from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.history import History, HistoryError
from chaoskit.slo import Interval

if TYPE_CHECKING:
    from pathlib import Path


def document(run_id: str, day: int = 1, experiment: str = "small") -> dict[str, Any]:
    started = f"2026-03-{day:02}T12:00:00.000Z"
    outcome = {"experiment": experiment, "account": "444455556666", "started": started, "verdict": "PASSED"}
    return {"run_id": run_id, "target": "embedded", "started": started, "results": [outcome]}


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "home" / "history.sqlite")


def test_what_is_kept_is_found_again_by_another_process(history: History) -> None:
    history.keep(document("a"))
    assert [run.document for run in History(history.path).runs()] == [document("a")]


def test_the_file_is_its_owners_alone(history: History) -> None:
    assert history.path.stat().st_mode & 0o777 == 0o600
    assert history.path.parent.stat().st_mode & 0o777 == 0o700


def test_runs_come_newest_first_and_by_experiment_and_time(history: History) -> None:
    for number, name in enumerate(["x", "y", "z"], 1):
        history.keep(document(name, number, experiment="odd" if number % 2 else "even"))
    assert [run.run_id for run in history.runs()] == ["z", "y", "x"]
    assert [run.run_id for run in history.runs(experiment="odd")] == ["z", "x"]
    assert [run.run_id for run in history.runs(since=datetime(2026, 3, 2, tzinfo=UTC))] == ["z", "y"]
    assert [run.run_id for run in history.runs(limit=1)] == ["z"]


def test_a_run_that_is_kept_twice_is_there_once(history: History) -> None:
    history.keep(document("a", 1))
    history.keep(document("a", 2))
    assert [run.started.day for run in history.runs()] == [2]


def test_a_run_is_found_by_the_beginning_of_its_id_or_from_the_newest(history: History) -> None:
    history.keep(document("20260301-aaa", 1))
    history.keep(document("20260302-bbb", 2))
    assert history.find("20260301").run_id == "20260301-aaa"
    assert history.find("last").run_id == "20260302-bbb"
    assert history.find("last~1").run_id == "20260301-aaa"


@pytest.mark.parametrize(
    ("name", "said"), [("2026", "more than one"), ("nope", "no such run"), ("last~9", "no")]
)
def test_a_run_that_is_not_there_or_not_one_is_told(history: History, name: str, said: str) -> None:
    history.keep(document("20260301-aaa", 1))
    history.keep(document("20260302-bbb", 2))
    with pytest.raises(HistoryError, match=said):
        history.find(name)


def test_a_damaged_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(HistoryError, match="Move it away"):
        History(path)


def test_a_newer_format_is_refused(history: History) -> None:
    with sqlite3.connect(history.path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(HistoryError, match="newer chaoskit"):
        History(history.path)


def seen(run_id: str, day: int, lo: float | None, probe: str = "eventbridge.matched") -> dict[str, Any]:
    interval = None if lo is None else [lo, lo + 1]
    made = document(run_id, day)
    made["results"][0]["expectations"] = [{"probe": probe, "latency_interval_s": interval}]
    return made


def test_the_latencies_of_an_expectation_are_its_own_and_the_newest_come_first(history: History) -> None:
    history.keep(seen("a", 1, 10))
    history.keep(seen("b", 2, None))
    history.keep(seen("c", 3, 12))
    history.keep(seen("d", 4, 70, probe="guardduty.finding"))
    history.keep({**seen("e", 5, 300), "target": "aws"})
    history.keep(seen("c", 3, 13))
    told = history.latencies("embedded", "small", 0, "eventbridge.matched")
    assert told == [Interval(13, 14), Interval(10, 11)]
    assert history.latencies("embedded", "small", 0, "eventbridge.matched", limit=1) == told[:1]
    assert history.latencies("embedded", "small", 1, "eventbridge.matched") == []


def test_a_history_of_the_first_format_is_taken_on(history: History) -> None:
    history.keep(seen("a", 1, 10))
    with sqlite3.connect(history.path) as db:
        db.executescript("DROP TABLE latencies; PRAGMA user_version = 1")
    db.close()
    taken = History(history.path)
    assert [run.run_id for run in taken.runs()] == ["a"]
    taken.keep(seen("b", 2, 12))
    assert taken.latencies("embedded", "small", 0, "eventbridge.matched") == [Interval(12, 13)]
