from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from chaoskit.errors import ChaoskitError
from chaoskit.heartbeat import Beat

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BEAT = Beat(NOW, {"one": NOW + timedelta(days=7), "two": None}, ("three",), ("four",))


def test_a_beat_is_read_as_it_was_kept_by_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "home" / "heartbeat.json"
    BEAT.keep(file)
    assert Beat.read(file) == BEAT
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_where_nothing_was_ever_scheduled_there_is_no_beat(tmp_path: Path) -> None:
    assert Beat.read(tmp_path / "heartbeat.json") is None


def test_a_damaged_beat_is_told_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "heartbeat.json"
    file.write_text("{}")
    with pytest.raises(ChaoskitError, match="remove it to begin anew"):
        Beat.read(file)


def test_silence_is_noticed_after_a_day() -> None:
    beat = Beat(NOW, {"one": None})
    assert beat.troubles(NOW + timedelta(hours=23)) == []
    (told,) = beat.troubles(NOW + timedelta(hours=25))
    assert told == "Scheduled runs are silent: nobody has called `run --due` since 2026-03-01 12:00 UTC."


def test_a_beat_from_the_future_does_not_hide_silence() -> None:
    beat = Beat(NOW, {"one": None})
    assert beat.troubles(NOW - timedelta(minutes=4)) == []
    (told,) = beat.troubles(NOW - timedelta(minutes=6))
    assert told.startswith("The last `run --due` is dated 2026-03-01 12:00 UTC, which is yet to come")
    assert Beat(NOW, {}).troubles(NOW - timedelta(days=400)) == []


def test_what_should_have_been_run_since_is_overdue() -> None:
    beat = Beat(NOW, {"one": NOW + timedelta(hours=1)})
    assert "one is overdue." in beat.troubles(NOW + timedelta(hours=26))


def test_what_was_overdue_and_unreviewed_then_is_told() -> None:
    told = BEAT.troubles(NOW)
    assert told == ["three is overdue.", "four has not been reviewed for a quarter."]


def test_the_metrics_are_in_prometheus_text_format() -> None:
    lines = BEAT.as_prometheus().splitlines()
    assert "# TYPE chaoskit_overdue_experiments gauge" in lines
    assert "chaoskit_overdue_experiments 1.0" in lines
    assert f"chaoskit_heartbeat_timestamp_seconds {NOW.timestamp()!r}" in lines
