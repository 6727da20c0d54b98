"""Playing a game day: one inject after the other, each at its time, unless somebody stops it."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from chaoskit.engine import Stop
from chaoskit.gameday.board import Phase
from chaoskit.gameday.record import Progress
from chaoskit.result import Verdict, worst

if TYPE_CHECKING:
    from chaoskit.errors import ExitCode
    from chaoskit.experiment import Experiment
    from chaoskit.gameday.board import Board
    from chaoskit.gameday.record import Record
    from chaoskit.gamedays import GameDay, Inject
    from chaoskit.result import Result
    from chaoskit.slo import Clock

_LOOKS_EVERY_S: Final = 0.2
"""How soon a key is noticed between injects."""


class Runner(Protocol):
    """Runs one experiment, to its verdict and rolled back."""

    def __call__(self, experiment: Experiment, stop: Stop, board: Board) -> Result:
        """Tell the board while it goes."""
        ...


class Controls:
    """What people ask for: by a key, or by a signal, which asks `stop` itself."""

    def __init__(self, *, attended: bool) -> None:
        """`attended` says whether anybody can end a pause."""
        self.stop = Stop()
        self.attended = attended
        self._paused = threading.Event()

    @property
    def paused(self) -> bool:
        """Whether the next inject has to wait."""
        return self._paused.is_set()

    def pause(self) -> None:
        """Have the next inject wait."""
        self._paused.set()

    def go_on(self) -> None:
        """End the pause."""
        self._paused.clear()


class Conductor:
    """Plays one day."""

    def __init__(self, day: GameDay, board: Board, controls: Controls, *, run: Runner, clock: Clock) -> None:
        """Nothing has begun."""
        self._day = day
        self._board = board
        self._record = board.record
        self._controls = controls
        self._run = run
        self._clock = clock

    def play(self) -> None:
        """Play what has not been played yet; the record says what came of it.

        Raises:
            ChaoskitError: An inject can't be kept or run; the day is not over then, and can be resumed.
        """
        self._begin()
        reason = ""
        for number, inject in enumerate(self._day.injects, 1):
            played = self._record.injects[number - 1]
            if played.progress is not Progress.DONE and not reason:
                reason = self._hindrance(number, inject) or self._play(number, inject)
        self._board.end(reason or "every inject was played")

    def _begin(self) -> None:
        broken = [each for each in self._record.injects if each.progress is Progress.RUNNING]
        if not any(entry.kind == "begins" for entry in self._record.entries):
            self._board.tell("begins", self._day.title)
            return
        self._board.tell("resumes", "after an interruption; what was open was rolled back first")
        for played in broken:
            played.progress = Progress.WAITS
            self._board.tell("again", f"{played.experiment} was interrupted, and is played again")

    def _hindrance(self, number: int, inject: Inject) -> str:
        """Wait until the inject may begin; why it never may, or nothing."""
        if inject.pause and self._controls.attended:
            self._controls.pause()
        due = self._record.started + timedelta(seconds=inject.at)
        last = self._record.started + timedelta(seconds=self._day.max_duration)
        was_paused = False
        while not self._controls.stop.requested:
            now = self._clock.now()
            if now > last:
                return f"its {self._day.max_duration} were over"
            if self._controls.paused != was_paused:
                was_paused = self._controls.paused
                self._board.tell("paused" if was_paused else "goes on", f"before inject {number}")
            if not was_paused and now >= due:
                return ""
            self._board.phase(
                Phase.PAUSED if was_paused else Phase.WAITS, f"inject {number} begins at {due:%H:%M:%S} UTC"
            )
            left = (due - now).total_seconds()
            self._clock.wait(
                _LOOKS_EVERY_S if left <= 0 else min(left, _LOOKS_EVERY_S), self._controls.stop.event
            )
        return self._controls.stop.reason

    def _play(self, number: int, inject: Inject) -> str:
        """Run the inject; why it was the last, or nothing."""
        self._board.begin(number, inject)
        result = self._run(inject.experiment, self._controls.stop, self._board)
        self._board.done(result)
        if self._controls.stop.requested:
            return self._controls.stop.reason
        if self._day.ends_with(result.verdict):
            return f"inject {number}, {inject.experiment.id}, ended {result.verdict}"
        return ""


def exit_code(record: Record) -> ExitCode:
    """The worst verdict's; ABORTED at least when not everything was played."""
    verdicts = [Verdict(each.result["verdict"]) for each in record.injects if each.result]
    if any(each.progress is not Progress.DONE for each in record.injects):
        verdicts.append(Verdict.ABORTED)
    return worst(verdicts)
