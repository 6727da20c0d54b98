"""Event history: the last management events of each account and region, also without a trail."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chaoskit.sandbox.trail.records import Recorded

KEPT = 10_000
"""Events kept of each account and region. AWS keeps 90 days (CloudTrail User Guide, Event history)."""


class EventHistory:
    """A bounded store, newest last. Safe to use from several threads."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._events: dict[tuple[str, str], deque[Recorded]] = {}

    def add(self, recorded: Recorded) -> None:
        """Keep a record; the oldest of its account and region makes room."""
        place = (recorded.account, recorded.region)
        with self._lock:
            events = self._events.get(place)
            if events is None:
                events = self._events[place] = deque(maxlen=self._kept)
            events.append(recorded)

    def newest_first(self, account: str, region: str) -> list[Recorded]:
        """What is there now."""
        with self._lock:
            return list(reversed(self._events.get((account, region), ())))
