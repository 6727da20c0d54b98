"""How a trail's deliveries go: what `GetTrailStatus` answers (CloudTrail API Reference)."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from chaoskit.sandbox.trail.identity import timestamp

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(slots=True)
class Destination:
    """When something last arrived at one of a trail's destinations, and what was wrong the last time."""

    delivered: datetime | None = None
    error: str = ""

    def succeeded(self, at: datetime) -> None:
        """Something has arrived."""
        self.delivered, self.error = at, ""

    def failed(self, code: str) -> None:
        """The destination's service answered with this error code."""
        self.error = code


@dataclass(slots=True)
class Status:
    """One trail's."""

    started: datetime | None = None
    stopped: datetime | None = None
    log_files: Destination = field(default_factory=Destination)
    digests: Destination = field(default_factory=Destination)
    log_events: Destination = field(default_factory=Destination)

    def answer(self, *, logging: bool) -> dict[str, Any]:
        """As `GetTrailStatus` has it; those members that are no longer in use are texts, often empty."""
        known = {
            "StartLoggingTime": self.started,
            "StopLoggingTime": self.stopped,
            "LatestDeliveryTime": self.log_files.delivered,
            "LatestDeliveryError": self.log_files.error,
            "LatestDigestDeliveryTime": self.digests.delivered,
            "LatestDigestDeliveryError": self.digests.error,
            "LatestCloudWatchLogsDeliveryTime": self.log_events.delivered,
            "LatestCloudWatchLogsDeliveryError": self.log_events.error,
        }
        return {
            "IsLogging": logging,
            "LatestDeliveryAttemptTime": _text(self.log_files.delivered),
            "LatestNotificationAttemptTime": "",
            "LatestNotificationAttemptSucceeded": "",
            "LatestDeliveryAttemptSucceeded": _text(self.log_files.delivered),
            "TimeLoggingStarted": _text(self.started),
            "TimeLoggingStopped": _text(self.stopped),
            **{name: value for name, value in known.items() if value},
        }


class Statuses:
    """The status of every trail, for as long as moto has the trail."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: WeakKeyDictionary[Any, Status] = WeakKeyDictionary()

    def of(self, trail: Any) -> Status:
        """A trail's."""
        with self._lock:
            return self._known.setdefault(trail, Status())


def _text(at: datetime | None) -> str:
    return timestamp(at) if at else ""
