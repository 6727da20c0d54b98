"""Work that goes on after the caller has its answer: deliveries, runbooks, functions."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)


class Background:
    """A pool of threads that knows whether anything is left to do."""

    NOT_STATE = frozenset({"_pool", "_pending", "_closed"})

    def __init__(self, threads: int = 64) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="sandbox-background")
        self._pending = 0
        self._changed = threading.Condition()
        self._closed = False

    def spawn(self, work: Callable[[], None]) -> None:
        """Run `work` soon, in a thread of its own. Work that fails is logged, never raised."""
        with self._changed:
            if self._closed:
                return
            self._pending += 1
        try:
            self._pool.submit(self._run, work)
        except RuntimeError:
            self._done()

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # noqa: BLE001 - the edge of a thread: nobody above could catch it
            if not self._closed:
                _log.exception("background work failed")
        finally:
            self._done()

    def _done(self) -> None:
        with self._changed:
            self._pending -= 1
            self._changed.notify_all()

    def idle(self, timeout: float) -> bool:
        """Wait until nothing is left to do; False when `timeout` seconds passed first."""
        deadline = monotonic() + timeout
        with self._changed:
            while self._pending:
                left = deadline - monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
            return True

    def close(self) -> None:
        """Take no more work and forget what has not begun."""
        with self._changed:
            self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
