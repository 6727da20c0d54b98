from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chaoskit.gameday.board import Phase
from chaoskit.result import Event
from tests.gameday.days import SECRETS, Stage, day, finished

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def states(stage: Stage, *, everything: bool = False) -> list[dict[str, Any]]:
    """Every state that a day goes through, with a note."""
    seen: list[dict[str, Any]] = []
    stage.board.follow(lambda: seen.append(stage.board.state(everything=everything)))
    stage.board.tell("note", "the red team attaches a policy to training")
    stage.play()
    return seen


def test_a_blind_day_tells_nothing_of_what_is_injected_before_its_end(tmp_path: Path) -> None:
    stage = Stage(day(tmp_path), blind=True)
    *before, after = states(stage)
    told = json.dumps(before)
    assert [word for word in SECRETS if word in told] == []
    assert all(state["hidden"] for state in before)
    assert after["title"] == "The hidden leak"
    assert [entry["detail"] for entry in after["entries"] if entry["kind"] == "note"] != []


def test_a_blind_day_tells_that_an_alert_has_arrived(tmp_path: Path) -> None:
    *before, _ = states(Stage(day(tmp_path), blind=True))
    alerts = [entry for entry in before[-1]["entries"] if entry["kind"] == "alert"]
    assert [alert["detail"] for alert in alerts] == ["an alert has arrived"] * 2


def test_a_blind_day_does_not_tell_by_its_phase_whether_an_inject_runs(tmp_path: Path) -> None:
    stage = Stage(day(tmp_path), blind=True)
    phases = set()
    for phase in (Phase.WAITS, Phase.RUNNING):
        stage.board.phase(phase, "small")
        phases.add(stage.board.state()["phase"])
    assert phases == {Phase.RUNNING}


def test_the_facilitator_of_a_blind_day_can_see_everything(tmp_path: Path) -> None:
    before = states(Stage(day(tmp_path), blind=True), everything=True)[:-1]
    assert [word for word in SECRETS if word not in json.dumps(before)] == []


def test_an_open_day_shows_what_is_injected_and_counts_from_when_it_was_sent(tmp_path: Path) -> None:
    stage = Stage(day(tmp_path))
    one = stage.day.injects[0]
    stage.board.begin(1, one)
    made = finished(one.experiment, stage.clock.now())
    for event in made.timeline[:3]:
        stage.board(made, event)
    current = stage.board.state()["current"]
    assert current["faults"] == ["iam.attach-role-policy: Attach a managed policy to a role."]
    assert current["sent"] == "2026-03-01T12:00:00.500Z"
    assert [(each["role"], each["within_s"], each["outcome"]) for each in current["countdowns"]] == [
        ("detection", 60.0, "met"),
        ("response", 300.0, ""),
    ]
    assert stage.record.entries[-1].kind == "alert"


def test_what_comes_after_an_inject_is_not_taken_for_its_own(tmp_path: Path) -> None:
    stage = Stage(day(tmp_path))
    made = finished(stage.day.injects[0].experiment, stage.clock.now())
    stage.board(made, Event(stage.clock.now(), "applied", "late"))
    assert stage.record.entries == []


def test_a_full_disk_does_not_keep_a_running_inject_from_being_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(day(tmp_path))
    stage.board.begin(1, stage.day.injects[0])
    monkeypatch.setattr("chaoskit.gameday.record.replace_private", _full)
    stage.board.tell("note", "the disk is full")
    assert stage.board.state()["entries"][-1]["detail"] == "the disk is full"


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")
