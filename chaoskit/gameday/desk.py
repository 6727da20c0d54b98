"""What a key does: at the facilitator's and the scribe's desk."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chaoskit.gameday.board import NOTE, Phase

if TYPE_CHECKING:
    from datetime import datetime

    from chaoskit.gameday.board import Board
    from chaoskit.gameday.conduct import Controls
    from chaoskit.slo import Clock

HELP: Final = (
    ("s, Ctrl-C", "stop now and roll back: the day is over"),
    ("p, space", "pause before the next inject, or go on"),
    ("n", "write a note; Enter keeps it with the time at which it was begun, Esc drops it"),
    ("v", "blind: show what is injected, or hide it again"),
    ("?", "show or hide these keys"),
)
_ENTER: Final = "\r\n"
_ERASE: Final = "\x7f\b"
_ERASE_LINE: Final = "\x15"
_ESCAPE: Final = "\x1b"
_LONGEST_NOTE: Final = 500


@dataclass(frozen=True, slots=True)
class Look:
    """What the desk adds to the board: a note that is being written, help, who looks, the page's address."""

    note: str | None = None
    help: bool = False
    everything: bool = False
    room: str = ""


class Desk:
    """Takes keys."""

    def __init__(self, board: Board, controls: Controls, clock: Clock, room: str = "") -> None:
        """Nothing has been pressed yet; `room` is the address of the room's page, if there is one."""
        self._board = board
        self._controls = controls
        self._clock = clock
        self._room = room
        self._mutex = threading.Lock()
        self._note: str | None = None
        self._noted_at: datetime | None = None
        self._help = self._everything = False
        self._told_stop = False

    @property
    def look(self) -> Look:
        """As it is now."""
        with self._mutex:
            return Look(self._note, self._help, self._everything, self._room)

    def press(self, key: str) -> None:
        """Do what a key stands for; one that stands for nothing does nothing."""
        with self._mutex:
            if self._note is not None:
                self._write(key)
                return
        match key:
            case "s":
                self._controls.stop.request("stopped at the desk")
                self.tick()
            case "p" | " ":
                (self._controls.go_on if self._controls.paused else self._controls.pause)()
            case "n":
                with self._mutex:
                    self._note, self._noted_at = "", self._clock.now()
            case "v":
                with self._mutex:
                    self._everything = not self._everything
            case "?" | "h":
                with self._mutex:
                    self._help = not self._help

    def tick(self) -> None:
        """Say that it stops, once somebody has asked: a key, or a signal."""
        if self._controls.stop.requested and not self._told_stop:
            self._told_stop = True
            self._board.tell("stop", self._controls.stop.reason)
            self._board.phase(Phase.STOPPING, "rolling back")

    def _write(self, key: str) -> None:
        note = self._note or ""
        if key in _ENTER:
            self._note = None
            if note.strip():
                self._board.tell(NOTE, note.strip(), self._noted_at)
        elif key == _ESCAPE:
            self._note = None
        elif key in _ERASE:
            self._note = note[:-1]
        elif key == _ERASE_LINE:
            self._note = ""
        elif key.isprintable() and len(note) < _LONGEST_NOTE:
            self._note = note + key
