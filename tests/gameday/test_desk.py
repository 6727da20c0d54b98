from __future__ import annotations

import os
import pty
import termios
import threading
from typing import TYPE_CHECKING

from chaoskit.gameday.desk import Desk, Look
from chaoskit.gameday.keys import Decoder, pressed
from tests.gameday.days import Stage, day

if TYPE_CHECKING:
    from pathlib import Path


def desk(folder: Path) -> tuple[Stage, Desk]:
    stage = Stage(day(folder), attended=True)
    return stage, Desk(stage.board, stage.controls, stage.clock)


def press(desk: Desk, keys: str) -> None:
    for key in keys:
        desk.press(key)


def test_s_stops_at_once_and_says_so_once(tmp_path: Path) -> None:
    stage, at = desk(tmp_path)
    press(at, "ss")
    at.tick()
    assert stage.controls.stop.reason == "stopped at the desk"
    assert [entry.kind for entry in stage.record.entries] == ["stop"]
    assert stage.board.state()["phase"] == "stopping"


def test_a_signal_is_shown_as_a_stop_too(tmp_path: Path) -> None:
    stage, at = desk(tmp_path)
    stage.controls.stop.request("stopped by SIGINT")
    at.tick()
    assert [entry.detail for entry in stage.record.entries] == ["stopped by SIGINT"]


def test_p_and_space_pause_and_go_on(tmp_path: Path) -> None:
    stage, at = desk(tmp_path)
    press(at, "p")
    assert stage.controls.paused
    press(at, " ")
    assert not stage.controls.paused


def test_a_note_has_the_time_at_which_it_was_begun(tmp_path: Path) -> None:
    stage, at = desk(tmp_path)
    press(at, "nDana sees s\x7f")
    stage.clock.seconds = 30
    press(at, "it p\r")
    (note,) = stage.record.entries
    assert (note.detail, f"{note.at:%H:%M:%S}") == ("Dana sees it p", "12:00:00")
    assert not stage.controls.paused
    assert not stage.controls.stop.requested


def test_escape_drops_a_note_and_an_empty_one_is_none(tmp_path: Path) -> None:
    stage, at = desk(tmp_path)
    press(at, "nno\x1bn  \r")
    assert stage.record.entries == []
    press(at, "nold\x15new\r")
    assert [entry.detail for entry in stage.record.entries] == ["new"]


def test_help_and_the_facilitators_view_are_switched(tmp_path: Path) -> None:
    _, at = desk(tmp_path)
    press(at, "?v")
    assert at.look == Look(None, help=True, everything=True)
    press(at, "?v")
    assert at.look == Look()


def test_arrows_mean_nothing_and_letters_of_other_languages_are_whole() -> None:
    decoder = Decoder()
    assert decoder.keys(b"\x1b[A\x1bOPn\x1b[1;5C") == "n"
    assert decoder.keys("ü".encode()[:1]) + decoder.keys("ü".encode()[1:]) == "ü"
    assert decoder.keys(b"\x1b") == "\x1b"


def test_a_terminal_is_read_key_by_key_and_put_back_as_it_was() -> None:
    ours, theirs = pty.openpty()
    try:
        before = termios.tcgetattr(theirs)
        got, enough = list[str](), threading.Event()

        def take(key: str) -> None:
            got.append(key)
            if key == "s":
                enough.set()

        with pressed(theirs, take, lambda: None):
            during = termios.tcgetattr(theirs)
            os.write(ours, b"n\x1b[As")
            assert enough.wait(10)
        assert got == ["n", "s"]
        assert not during[3] & (termios.ICANON | termios.ECHO)
        assert during[3] & termios.ISIG, "Ctrl-C must stay a signal"
        assert during[6][termios.VSUSP] == b"\x00", "a suspended process undoes nothing"
        assert termios.tcgetattr(theirs) == before
    finally:
        os.close(ours)
        os.close(theirs)
