"""Work that is to be done at a certain time of the sandbox's."""

from __future__ import annotations

import heapq
import itertools
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime

    from chaoskit.sandbox.clock import Clock

    Work = Callable[[datetime], None]


class Agenda:
    """Does each piece of work when its time has come, in the order of those times.

    Work that a jump of the clock makes due is done before `Clock.advance` returns. Work is told the time
    that it was due. It must not raise and must not block: what may goes to `Cloud.spawn`.
    """

    NOT_STATE = frozenset({"_thread"})

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[datetime, int, Work]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._doing = threading.Lock()
        self._thread: threading.Thread | None = None
        clock.subscribe(self.do_what_is_due)

    def at(self, due: datetime, work: Work) -> None:
        """Do `work` at `due`, or as soon as possible when that is past."""
        with self._changed:
            heapq.heappush(self._heap, (due, next(self._order), work))
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="sandbox-agenda", daemon=True)
                self._thread.start()
            self._changed.notify()

    def do_what_is_due(self) -> None:
        """Do all that is due by now, and return when it is done."""
        with self._doing:
            while (due := self._pop()) is not None:
                at, work = due
                work(at)

    def paused(self) -> AbstractContextManager[Any]:
        """Nothing is done as long as this is held; it waits for what is being done."""
        return self._doing

    def restored(self) -> None:
        """Other work is due at other times: let the thread look again."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Let the thread see that the clock is closed."""
        with self._changed:
            self._changed.notify_all()

    def _pop(self) -> tuple[datetime, Work] | None:
        with self._changed:
            if self._clock.closed or not self._heap or self._heap[0][0] > self._clock.now():
                return None
            due, _, work = heapq.heappop(self._heap)
            return due, work

    def _watch(self) -> None:
        while not self._clock.closed:
            self.do_what_is_due()
            with self._changed:
                if not self._clock.closed:
                    self._changed.wait(self._left())

    def _left(self) -> float | None:
        """Seconds until something is due; None when nothing is."""
        if not self._heap:
            return None
        return max(0.0, (self._heap[0][0] - self._clock.now()).total_seconds())
