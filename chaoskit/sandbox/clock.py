"""The sandbox's time: the wall clock, which a test may move forward."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def wall_clock() -> datetime:
    """The machine's time, UTC and aware."""
    return datetime.now(UTC)


class Clock:
    """Tells the time and sleeps; `advance` skips ahead and wakes the sleepers that have slept enough."""

    NOT_STATE = frozenset({"_lives", "_closed"})

    def __init__(self, wall: Callable[[], datetime] = wall_clock) -> None:
        self._wall = wall
        self._offset = timedelta()
        self._moved = threading.Condition()
        self._closed = False
        self._listeners: list[Callable[[], None]] = []
        self._lives = 0

    @property
    def closed(self) -> bool:
        """Whether the sandbox is going away."""
        return self._closed

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Call this whenever time has been moved forward, before `advance` returns."""
        with self._moved:
            self._listeners.append(listener)

    def wall(self) -> datetime:
        """The machine's own time: what clients sign their requests with."""
        return self._wall()

    def now(self) -> datetime:
        """The sandbox's time."""
        return self._wall() + self._offset

    def advance(self, seconds: float) -> None:
        """Move the sandbox's time forward by this much.

        Raises:
            ValueError: `seconds` is negative: time does not run backwards.
        """
        if seconds < 0:
            raise ValueError("the sandbox's time can only move forward")
        with self._moved:
            self._offset += timedelta(seconds=seconds)
            self._moved.notify_all()
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()

    def sleep(self, seconds: float) -> None:
        """Wait until the sandbox's time is `seconds` later or is set back, or the clock is closed."""
        until = self.now() + timedelta(seconds=seconds)
        with self._moved:
            life = self._lives
            while not self._closed and life == self._lives:
                left = (until - self.now()).total_seconds()
                if left <= 0:
                    return
                self._moved.wait(left)

    def restored(self) -> None:
        """The time has been set back with all else: wake every sleeper, who wait for another future."""
        with self._moved:
            self._lives += 1
            self._moved.notify_all()

    def close(self) -> None:
        """Wake every sleeper for good: the sandbox is going away."""
        with self._moved:
            self._closed = True
            self._moved.notify_all()
