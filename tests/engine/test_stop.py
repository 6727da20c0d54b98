from __future__ import annotations

import signal
import threading

from chaoskit.engine import Stop


def test_the_first_reason_counts() -> None:
    stop = Stop()
    assert not stop.requested
    stop.request("first")
    stop.request("second")
    assert (stop.requested, stop.reason) == (True, "first")


def test_a_signal_within_a_request_does_not_wait_for_the_request_itself() -> None:
    stop = Stop()

    class Interrupted(threading.Event):
        """Is interrupted by a second signal while it is being set."""

        def set(self) -> None:
            with self._cond:  # type: ignore[attr-defined] # where the first request would be
                signal.raise_signal(signal.SIGUSR1)
            super().set()

    stop.event = Interrupted()
    before = signal.signal(signal.SIGUSR1, lambda *_: stop.request("second"))
    try:
        stop.request("first")
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert (stop.requested, stop.reason) == (True, "first")
