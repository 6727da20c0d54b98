"""Background work that must be done in order."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Work = Callable[[], None]


class Mailbox:
    """Does one piece of work after another; the caller does not wait."""

    def __init__(self, spawn: Callable[[Work], None]) -> None:
        self._spawn = spawn
        self._waiting: deque[Work] = deque()
        self._busy = False
        self._lock = threading.Lock()

    def post(self, work: Work) -> None:
        """Do this after all that was posted before."""
        with self._lock:
            self._waiting.append(work)
            if self._busy:
                return
            self._busy = True
        self._spawn(self._do_next)

    def _do_next(self) -> None:
        with self._lock:
            work = self._waiting.popleft()
        try:
            work()
        finally:
            with self._lock:
                self._busy = bool(self._waiting)
            if self._busy:
                self._spawn(self._do_next)
