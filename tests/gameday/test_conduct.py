from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest

from chaoskit.errors import ChaoskitError, ExitCode
from chaoskit.gameday.conduct import exit_code
from chaoskit.gameday.record import Progress
from chaoskit.gamedays import Abort
from chaoskit.result import Verdict
from chaoskit.slo import Duration
from tests.gameday.days import Stage, day, inject
from tests.samples import ACCOUNT

if TYPE_CHECKING:
    from pathlib import Path

    from chaoskit.engine import Stop
    from chaoskit.experiment import Experiment
    from chaoskit.gameday.board import Board
    from chaoskit.result import Result


def kinds(stage: Stage) -> list[str]:
    return [entry.kind for entry in stage.record.entries]


def test_injects_are_played_in_order_each_not_before_its_time(tmp_path: Path) -> None:
    stage = Stage(day(tmp_path, inject("one"), inject("two", at=Duration(60)), inject("three")))
    stage.play()
    assert [name for name, _ in stage.ran] == ["small-one", "small-two", "small-three"]
    assert [round(second) for _, second in stage.ran] == [0, 60, 64]
    assert exit_code(stage.record) is ExitCode.PASSED


def test_a_pause_lasts_until_the_facilitator_goes_on(tmp_path: Path) -> None:
    stage = Stage(day(tmp_path, inject("one", pause=True), inject("two")), attended=True)
    stage.clock.at[90] = stage.controls.go_on
    stage.play()
    assert [round(second) for _, second in stage.ran] == [90, 94]
    assert kinds(stage)[:3] == ["begins", "paused", "goes on"]


def test_without_a_terminal_no_pause_is_kept_as_nobody_could_end_it(tmp_path: Path) -> None:
    stage = Stage(day(tmp_path, inject("one", pause=True)))
    stage.play()
    assert stage.ran == [("small-one", 0.0)]


def test_a_stop_between_injects_skips_the_rest(tmp_path: Path) -> None:
    stage = Stage(day(tmp_path, inject("one"), inject("two", at=Duration(600))))
    stage.clock.at[30] = lambda: stage.controls.stop.request("stopped at the desk")
    stage.play()
    assert [each.progress for each in stage.record.injects] == [Progress.DONE, Progress.SKIPPED]
    assert stage.record.ended == "stopped at the desk"
    assert exit_code(stage.record) is ExitCode.ABORTED


@pytest.mark.parametrize(
    ("verdict", "abort", "played"),
    [
        (Verdict.FAILED, Abort(), 2),
        (Verdict.FAILED, Abort(verdicts=("FAILED",)), 1),
        (Verdict.ERROR, Abort(), 1),
    ],
)
def test_the_day_ends_with_an_inject_whose_verdict_says_so(
    tmp_path: Path, verdict: Verdict, abort: Abort, played: int
) -> None:
    stage = Stage(day(tmp_path, abort=abort))
    stage.verdicts["small-one"] = verdict
    stage.play()
    assert len(stage.ran) == played
    assert exit_code(stage.record) is max(verdict.exit_code, ExitCode.ABORTED if played == 1 else 0)


def test_after_its_longest_time_no_inject_begins(tmp_path: Path) -> None:
    stage = Stage(day(tmp_path, inject("one", pause=True), max_duration=Duration(120)), attended=True)
    stage.play()
    assert stage.ran == []
    assert stage.record.ended == "its 2m were over"


def test_a_day_that_crashed_goes_on_with_the_inject_that_was_interrupted(tmp_path: Path) -> None:
    stage = Stage(day(tmp_path, inject("one"), inject("two"), inject("three")))
    run = stage.run

    def crash(experiment: Experiment, stop: Stop, board: Board) -> Result:
        if experiment.id == "small-two":
            raise ChaoskitError("the journal can't be written")
        return run(experiment, stop, board)

    stage.run = crash  # type: ignore[method-assign]
    with pytest.raises(ChaoskitError, match="the journal"):
        stage.play()
    stage.board.tell("note", "the power is gone")
    stage.again()
    assert [each.progress for each in stage.record.injects] == ["done", "running", "waits"]
    stage.run = run  # type: ignore[method-assign]
    stage.play()
    assert [name for name, _ in stage.ran] == ["small-one", "small-two", "small-three"]
    told = [f"{entry.kind}: {entry.detail}" for entry in stage.record.entries]
    assert "note: the power is gone" in told
    assert "again: small-two was interrupted, and is played again" in told
    assert stage.records.unfinished(stage.day, "embedded", ACCOUNT) is None


def test_what_runs_is_kept_before_anything_of_it_happens_for_its_owner_only(tmp_path: Path) -> None:
    stage = Stage(day(tmp_path))
    run = stage.run

    def look(experiment: Experiment, stop: Stop, board: Board) -> Result:
        kept = json.loads(stage.records.path(stage.record).read_text())
        running = [each["experiment"] for each in kept["injects"] if each["progress"] == "running"]
        assert running == [experiment.id]
        return run(experiment, stop, board)

    stage.run = look  # type: ignore[method-assign]
    stage.play()
    assert len(stage.ran) == 2
    assert stat.S_IMODE(stage.records.path(stage.record).stat().st_mode) == 0o600


def test_an_inject_that_can_not_be_kept_does_not_begin(tmp_path: Path) -> None:
    stage = Stage(day(tmp_path))
    stage.records.folder.write_text("a file where the folder should be")
    with pytest.raises(ChaoskitError, match="can't be written"):
        stage.play()
    assert stage.ran == []


def test_a_day_whose_file_has_changed_is_not_taken_up(tmp_path: Path) -> None:
    stage = Stage(day(tmp_path))
    stage.records.keep(stage.record)
    stage.day.path.write_text("id: something else")
    with pytest.raises(ChaoskitError, match=r"has been changed since: --anew begins a new one"):
        stage.records.unfinished(stage.day, "embedded", ACCOUNT)


def test_a_day_elsewhere_is_not_taken_up(tmp_path: Path) -> None:
    stage = Stage(day(tmp_path))
    stage.records.keep(stage.record)
    assert stage.records.unfinished(stage.day, "aws", ACCOUNT) is None
    assert stage.records.unfinished(stage.day, "embedded", "111122223333") is None
    assert stage.records.unfinished(stage.day, "embedded", ACCOUNT) is not None


def test_a_record_is_found_by_the_beginning_of_its_id(tmp_path: Path) -> None:
    stage = Stage(day(tmp_path))
    stage.play()
    assert stage.records.find(stage.record.day[:15]).dump() == stage.record.dump()
    assert stage.records.find().day == stage.record.day
    with pytest.raises(ChaoskitError, match=f"no one game day 1999; kept are {stage.record.day}"):
        stage.records.find("1999")


def test_a_record_that_is_none_is_named(tmp_path: Path) -> None:
    stage = Stage(day(tmp_path))
    stage.records.keep(stage.record)
    stage.records.path(stage.record).write_text('{"schema": "another"}')
    with pytest.raises(ChaoskitError, match=r"can't be read .*: move it away"):
        stage.records.find()
