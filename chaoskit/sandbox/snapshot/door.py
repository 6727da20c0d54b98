"""A door that calls pass through, and that can be shut when nobody is inside."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Door:
    """Counts who is inside; while it is shut, those who come wait."""

    NOT_STATE = frozenset({"_inside", "_shut"})

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._shut = False

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Be inside."""
        with self._changed:
            self._changed.wait_for(lambda: not self._shut)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextmanager
    def shut(self, deadline: float) -> Iterator[bool]:
        """Let nobody in; whether everybody had left when `monotonic()` reached the deadline."""
        with self._changed:
            self._changed.wait_for(lambda: not self._shut)
            self._shut = True
            empty = self._changed.wait_for(lambda: not self._inside, max(0.0, deadline - monotonic()))
        try:
            yield empty
        finally:
            with self._changed:
                self._shut = False
                self._changed.notify_all()
