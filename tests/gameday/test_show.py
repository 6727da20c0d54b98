from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from chaoskit.gameday.briefing import briefing
from chaoskit.gameday.desk import Look
from chaoskit.gameday.show import Lines, Screen
from tests.gameday.days import SECRETS, Stage, day, finished, inject

if TYPE_CHECKING:
    from pathlib import Path


def drawn(stage: Stage, look: Look | None = None, width: int = 100, height: int = 30) -> list[str]:
    look = look or Look()
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    screen = Screen(
        lambda look: stage.board.state(everything=look.everything), lambda: look, now=stage.board.now
    )
    lines = console.render_lines(screen, console.options.update(height=height))
    return ["".join(segment.text for segment in line).rstrip() for line in lines]


def begun(folder: Path, *, blind: bool = False) -> Stage:
    """Thirty seconds after the fault of the first inject was sent."""
    stage = Stage(day(folder), attended=True, blind=blind)
    one = stage.day.injects[0]
    stage.board.begin(1, one)
    made = finished(one.experiment, stage.clock.now())
    for event in made.timeline[:2]:
        stage.board(made, event)
    stage.clock.seconds = 30.5
    return stage


def test_the_screen_shows_the_inject_its_countdowns_and_the_timeline(tmp_path: Path) -> None:
    told = drawn(begun(tmp_path))
    assert told[0].startswith("The hidden leak  running  00:30 of 1h")
    assert any("facilitator: Ada   blue: Dana, Eli" in line for line in told)
    assert any(line.startswith("#1  A small one") and line.endswith("running") for line in told)
    assert "  injected iam.attach-role-policy: Attach a managed policy to a role." in told
    assert "  ██████████░░░░░░░░░░ 00:30 left detection eventbridge.matched, SLO 1m" in told
    assert "12:00:00 #1 applied: iam:AttachRolePolicy" in told


def test_the_screen_of_a_blind_day_hides_what_the_facilitator_may_see(tmp_path: Path) -> None:
    stage = begun(tmp_path, blind=True)
    hidden = "\n".join(drawn(stage))
    assert [word for word in SECRETS if word in hidden] == []
    assert "what is injected is hidden" in hidden
    assert "  injected iam.attach" in "\n".join(drawn(stage, Look(everything=True)))


def test_a_small_screen_shows_the_newest_lines_and_a_large_one_more(tmp_path: Path) -> None:
    stage = begun(tmp_path)
    for number in range(40):
        stage.board.tell("note", f"note {number}")
    for height in (20, 40):
        told = drawn(stage, height=height)
        assert len(told) <= height
        assert any("note 39" in line for line in told)
    assert any("note 15" in line for line in drawn(stage, height=40))
    assert not any("note 15" in line for line in drawn(stage, height=20))


def test_a_note_that_is_written_and_the_keys_are_shown(tmp_path: Path) -> None:
    stage = begun(tmp_path)
    assert "note: Dana s▏" in drawn(stage, Look(note="Dana s"))
    told = drawn(stage, Look(help=True, room="http://127.0.0.1:8080/token/"))
    assert any(line.startswith("s, Ctrl-C ") and "roll back" in line for line in told)
    assert any(line.startswith("the page") and line.endswith("/token/") for line in told)


@pytest.mark.parametrize("height", [6, 8, 12])
def test_on_the_smallest_screen_the_note_and_the_newest_line_are_still_there(
    tmp_path: Path, height: int
) -> None:
    stage = begun(tmp_path)
    stage.board.tell("note", "the newest")
    told = drawn(stage, Look(note="Dana s", help=True), height=height)[:height]
    assert told[0].startswith("The hidden leak")
    assert any("note: the newest" in line for line in told)
    assert "note: Dana s▏" in told


def test_words_of_an_account_can_not_steer_the_terminal(tmp_path: Path) -> None:
    stage = begun(tmp_path)
    stage.board.tell("note", "\x1b[2J[bold]red\x07\nend")
    assert "12:00:30 #1 note:  [2J[bold]red  end" in drawn(stage)


def test_without_a_terminal_each_line_is_told_once(tmp_path: Path) -> None:
    stage, told = Stage(day(tmp_path, inject("one"))), list[str]()
    lines = Lines(told.append)
    stage.board.follow(lambda: lines.show(stage.board.state()))
    stage.play()
    assert len(told) == len(set(told)) == len(stage.record.entries)
    assert told[-1] == "12:00:04 ends: every inject was played"


def test_what_was_hidden_is_told_at_the_end(tmp_path: Path) -> None:
    stage, told = Stage(day(tmp_path, inject("one")), blind=True), list[str]()
    lines = Lines(told.append)
    stage.board.follow(lambda: lines.show(stage.board.state()))
    stage.play()
    cut = told.index("What was hidden:")
    assert told[:cut] == ["12:00:00 begins: the game day begins", "12:00:01 alert: an alert has arrived"]
    assert "12:00:00 #1 applied: iam:AttachRolePolicy" in told[cut:]


def test_the_briefing_says_what_everybody_needs(tmp_path: Path) -> None:
    one = inject("one", brief="Who is told?")
    text = briefing(day(tmp_path, one, replace(one, pause=True)))
    for words in (
        "- **hypothesis**: It is noticed.",
        "account: 444455556666; region: us-east-1; at most 1 changes within 5m",
        "- **expected detection**: eventbridge.matched within 1m",
        "- **expected response**: iam.policy-not-attached within 5m, by detach-permissive-policy",
        "- **facilitator**: Ada",
        "| 2 | after a pause | A small one | team-one | 5m |",
        "- **for the facilitator**: Who is told?",
        "- An inject that ends ERROR.",
    ):
        assert words in text


def test_the_blue_teams_briefing_of_a_blind_day_tells_nothing(tmp_path: Path) -> None:
    text = briefing(day(tmp_path), blind=True)
    assert [word for word in SECRETS if word in text] == []
    assert "- **blue**: Dana, Eli" in text
