"""While a task is worked on, those who wait for it are told so, and its message stays hidden from others."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

from chaoskit.errors import AwsError
from chaoskit.fleet.messages import NobodyWaitsError, Queue

if TYPE_CHECKING:
    from chaoskit.engine import Stop
    from chaoskit.fleet.messages import Message
    from chaoskit.fleet.tooling import Tooling

_BEATS: Final = 4
"""So many in the time after which the task would be given to another."""
_HIDDEN: Final = 0.5
"""Of that time a message is hidden after each beat: a dead worker's task comes to another in time."""


class Pulse:
    """Beats in a thread of its own, for a block. A task that nobody waits for any more is asked to stop."""

    def __init__(self, tooling: Tooling, message: Message, heartbeat_s: float, stop: Stop) -> None:
        """Tell nobody yet."""
        self._queue = Queue(tooling.open(), tooling.queue)
        self._message = message
        self._heartbeat_s = heartbeat_s
        self._stop = stop
        self._told = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, name="fleet-pulse", daemon=True)
        self.wanted = True
        """Whether somebody waits for the task."""

    def __enter__(self) -> Self:
        self._beat()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _live(self) -> None:
        while not self._over.wait(self._heartbeat_s / _BEATS):
            self._beat()

    def _beat(self) -> None:
        with suppress(AwsError):  # then another worker may get it, and waits for the account's lease
            self._queue.hide(self._message, self._heartbeat_s * _HIDDEN)
        if not self.wanted:
            return
        try:
            self._queue.beat(self._message)
            self._told = time.monotonic()
        except NobodyWaitsError as gone:
            self.wanted = False
            self._stop.request(str(gone))
        except AwsError as error:
            if time.monotonic() - self._told > self._heartbeat_s:
                self._stop.request(f"the state machine could not be told that the task goes on: {error}")
