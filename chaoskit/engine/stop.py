"""Asking a run to stop: a signal, a person or another thread sets it, the engine looks between steps."""

from __future__ import annotations

import threading


class Stop:
    """A request to stop, with its reason. Rollback never looks at it."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.reason = ""

    def request(self, reason: str) -> None:
        """Ask; only the first reason counts."""
        # Not `event.is_set()`: a signal within `event.set()` would wait for a lock that its own thread holds.
        if not self.reason:
            self.reason = reason
            self.event.set()

    @property
    def requested(self) -> bool:
        """Whether somebody asked."""
        return self.event.is_set()
