from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from chaoskit.cli import main
from chaoskit.gameday.record import Records
from chaoskit.gameday.room import Address, serve
from chaoskit.home import gamedays_folder
from tests.gameday.days import SECRETS, Stage, day
from tests.samples import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = ROOT / "gamedays" / "leaked-key-and-open-data.yaml"


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    return ended.value.code, told.out, told.err


def test_plan_prints_the_briefing(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "gameday", "plan", SHIPPED)
    assert status == 0
    assert "for the facilitator" in out
    assert "**" not in out


def test_plan_prints_markdown_too_and_less_for_a_blind_blue_team(capsys: pytest.CaptureFixture[str]) -> None:
    _, whole, _ = run(capsys, "gameday", "plan", SHIPPED, "--markdown")
    _, blind, _ = run(capsys, "gameday", "plan", SHIPPED, "--markdown", "--blind")
    assert "**hypothesis**" in whole
    assert "hypothesis" not in blind
    assert "$" not in whole
    assert "account: the target's account; region: the target's region;" in whole
    assert "cloudwatch.alarm (name: the workload's inference error alarm)" in whole
    assert "leaked" not in blind.lower()


def test_a_wrong_file_is_refused_before_anything_is_opened(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, chaoskit_home: Path
) -> None:
    file = tmp_path / "a-day.yaml"
    file.write_text("id: a-day\n", "utf-8")
    for command in ("plan", "run"):
        status, _, err = run(capsys, "gameday", command, file)
        assert (status, err) == (
            2,
            f"chaoskit: {file}:1:1: a game day lacks title, max_duration, roles, injects\n",
        )
    assert not chaoskit_home.exists()


def test_an_address_to_serve_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "gameday", "run", "--serve", "a:b", SHIPPED)
    assert status == 2
    assert "a:b is no HOST:PORT" in err


def test_the_report_of_a_day_is_written_again(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    stage = Stage(day(tmp_path))
    stage.play()
    Records(gamedays_folder()).keep(stage.record)
    status, out, _ = run(capsys, "gameday", "report")
    assert status == 0
    assert out.startswith("# After the game day: The hidden leak\n")
    page, text = tmp_path / "day.html", tmp_path / "day.md"
    files = ("--html", page, "--markdown", text)
    assert run(capsys, "gameday", "report", stage.record.day[:8], *files)[:2] == (0, "")
    assert text.read_text("utf-8") == out
    assert "After the game day" in page.read_text("utf-8")
    assert page.stat().st_mode & 0o777 == 0o600


def test_there_is_no_report_where_no_day_was_played(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "gameday", "report")
    assert (status, err) == (5, "chaoskit: There is no one game day last; kept are none.\n")


def test_watch_tells_a_day_in_plain_lines_to_its_end(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    stage = Stage(day(tmp_path), blind=True)
    with serve(stage.board, Address()) as url:
        playing = threading.Timer(0.1, stage.play)
        playing.start()
        status, out, _ = run(capsys, "gameday", "watch", url)
        playing.join()
    assert status == 0
    before, _, after = out.partition("What was hidden:\n")
    assert [word for word in SECRETS if word in before] == []
    assert "12:00:08 ends: every inject was played" in after


def test_watch_says_what_is_wrong_with_an_address(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "gameday", "watch", "http://127.0.0.1:9/token/")
    assert status == 5
    assert err.startswith("chaoskit: The game day can't be watched: ")
