"""What a run tells while it goes: its timeline, and whoever listens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from chaoskit.log import Logger
from chaoskit.result import Event

if TYPE_CHECKING:
    from chaoskit.result import Result
    from chaoskit.slo import Clock


class Listener(Protocol):
    """Is told every event of every run as it happens, from the run's own thread."""

    def __call__(self, result: Result, event: Event) -> None:
        """Show it. Should not raise: one that does is told nothing more."""
        ...


class Timeline:
    """Writes a result's timeline and tells it to the listener and the log."""

    def __init__(self, result: Result, clock: Clock, listener: Listener | None) -> None:
        """Write into `result`."""
        self._result = result
        self._clock = clock
        self._listener = listener
        self._log = Logger(run=result.trace_id, experiment=result.experiment.id)

    def add(self, event: str, detail: str) -> None:
        """Note that something happened now."""
        entry = Event(self._clock.now(), event, detail)
        self._result.timeline.append(entry)
        self._log.info(event, detail=detail)
        try:
            if self._listener:
                self._listener(self._result, entry)
        # SystemExit is rich's answer to a pipe that nobody reads.
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a terminal that is gone must not keep a fault from being undone
            self._listener = None
            self._log.warning("nobody listens any more", exc_info=error)

    def crash(self, error: BaseException) -> None:
        """Note a defect of chaoskit's own, with its traceback in the log."""
        self._log.error("crash", exc_info=error)
        self.add("crash", f"{type(error).__name__}: {error}")
