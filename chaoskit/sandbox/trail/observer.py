"""The audit trail: sees every call, keeps event history, and passes on what a trail logs."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.trail.history import EventHistory
from chaoskit.sandbox.trail.lookup import lookup_events
from chaoskit.sandbox.trail.names import recorded
from chaoskit.sandbox.trail.records import records
from chaoskit.sandbox.trail.trails import Trails

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.trail.records import Recorded
    from chaoskit.sandbox.wire import Answer, ApiCall, Cloud

    Subscriber = Callable[[Recorded], None]


class AuditTrail:
    """Observer of every call (`wire.Observer`), and the parts of the CloudTrail API that moto lacks.

    A subscriber is told, in the caller's own thread, of each event that a logging trail takes, after it
    is in event history. It must not raise and must not block.
    """

    service = "cloudtrail"

    def __init__(self, cloud: Cloud) -> None:
        self.history = EventHistory()
        self.trails = Trails(cloud)
        self._cloud = cloud
        self._subscribers: list[Subscriber] = []
        self._order = itertools.count(1)

    def subscribe(self, subscriber: Subscriber) -> None:
        """Tell this one, too, of what trails log."""
        self._subscribers.append(subscriber)

    def __call__(self, call: ApiCall, answer: Answer) -> None:
        """Record a call."""
        if not recorded(call):
            return
        for made in records(call, answer):
            event = replace(made, order=next(self._order))
            if event.record["managementEvent"]:
                self.history.add(event)
            if self._subscribers and self._taken(event):
                for subscriber in self._subscribers:
                    subscriber(event)

    def _taken(self, event: Recorded) -> bool:
        with self._cloud.lock:
            return self.trails.takes(event)

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here; the rest of CloudTrail is moto's."""
        return {
            "LookupEvents": self._lookup_events,
            "PutEventSelectors": self.trails.put_event_selectors,
            "GetEventSelectors": self.trails.get_event_selectors,
            "DeleteTrail": self.trails.delete_trail,
            "DescribeTrails": self.trails.describe_trails,
            "GetTrail": self.trails.get_trail,
            "StartLogging": self.trails.start_logging,
            "StopLogging": self.trails.stop_logging,
        }

    def _lookup_events(self, call: ApiCall) -> Mapping[str, Any]:
        return lookup_events(self.history, call)
