"""The audit trail: sees every call, keeps event history, and delivers what a trail logs."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.trail.delivery import Delivery
from chaoskit.sandbox.trail.history import EventHistory
from chaoskit.sandbox.trail.lookup import lookup_events
from chaoskit.sandbox.trail.names import recorded
from chaoskit.sandbox.trail.records import records
from chaoskit.sandbox.trail.trails import Trails

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.trail.records import Recorded
    from chaoskit.sandbox.wire import Answer, ApiCall

    Subscriber = Callable[[Recorded], None]


class AuditTrail:
    """Observer of every call (`wire.Observer`), and the parts of the CloudTrail API that moto lacks.

    A subscriber is told of each event that a logging trail takes: in the caller's own thread and after
    it is in event history, or when the profile's delay for EventBridge has passed. It must not raise and
    must not block.
    """

    service = "cloudtrail"

    def __init__(self, cloud: Sandbox) -> None:
        self.history = EventHistory()
        self.delivery = Delivery(cloud)
        self.trails = Trails(cloud, self.delivery)
        self._cloud = cloud
        self._subscribers: list[Subscriber] = []
        self._watchers: list[Subscriber] = []
        self._order = itertools.count(1)

    def subscribe(self, subscriber: Subscriber) -> None:
        """Tell this one, too, of what trails log."""
        self._subscribers.append(subscriber)

    def watch(self, watcher: Subscriber) -> None:
        """Tell this one of every event at once, whether or not a trail logs it (as GuardDuty is told)."""
        self._watchers.append(watcher)

    def flush(self) -> None:
        """Let trails write their log files now; what the profile delays stays delayed."""
        self.delivery.flush()

    def __call__(self, call: ApiCall, answer: Answer) -> None:
        """Record a call."""
        if not recorded(call):
            return
        for made in records(call, answer):
            self.tell(made)

    def tell(self, event: Recorded) -> None:
        """Take a record that is made already, of something that is no API call."""
        self._pass_on(replace(event, order=next(self._order)))

    def _pass_on(self, event: Recorded) -> None:
        profile, after = self._cloud.profile, self.delivery.after
        if event.record["managementEvent"]:
            after(profile.event_history, event.at, lambda _: self.history.add(event))
        with self._cloud.lock:
            taking = self.trails.taking(event)
        if taking:
            after(profile.eventbridge, event.at, lambda _: self._tell_subscribers(event))
            self.delivery.take(event, taking)
        for watcher in self._watchers:
            watcher(event)

    def _tell_subscribers(self, event: Recorded) -> None:
        for subscriber in self._subscribers:
            subscriber(event)

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here; the rest of CloudTrail is moto's."""
        return {
            "LookupEvents": self._lookup_events,
            "PutEventSelectors": self.trails.put_event_selectors,
            "GetEventSelectors": self.trails.get_event_selectors,
            "PutEventConfiguration": self.trails.put_event_configuration,
            "GetEventConfiguration": self.trails.get_event_configuration,
            "DeleteTrail": self.trails.delete_trail,
            "DescribeTrails": self.trails.describe_trails,
            "GetTrail": self.trails.get_trail,
            "StartLogging": self.trails.start_logging,
            "StopLogging": self.trails.stop_logging,
            "GetTrailStatus": self.trails.get_trail_status,
            "ListPublicKeys": self.delivery.keys.list_public_keys,
        }

    def _lookup_events(self, call: ApiCall) -> Mapping[str, Any]:
        return lookup_events(self.history, call)
