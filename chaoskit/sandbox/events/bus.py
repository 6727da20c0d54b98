"""The event buses: CloudTrail's and callers' events in, deliveries to targets out."""

from __future__ import annotations

import json
import threading
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from moto.backends import get_backend

from chaoskit.sandbox.detect import InvalidEventPattern, match_event_pattern, validate_event_pattern
from chaoskit.sandbox.events import event as events
from chaoskit.sandbox.events.delivery import Deliveries
from chaoskit.sandbox.events.rules import Rules
from chaoskit.sandbox.events.targets import EVENTS, Delivery
from chaoskit.sandbox.moto_errors import moto_errors
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.events.rules import Place
    from chaoskit.sandbox.trail import Recorded
    from chaoskit.sandbox.wire import ApiCall, Cloud

_MOST_ENTRIES = 10
_MANDATORY = ("id", "account", "source", "time", "region", "resources", "detail-type")
_DEFAULT = "default"
_DELIVERING = frozenset({EVENTS, "logs.amazonaws.com", "s3.amazonaws.com", "sns.amazonaws.com"})


class EventBus:
    """EventBridge's buses, and the operations of its API that moto lacks or does differently."""

    service = "events"

    def __init__(self, cloud: Cloud) -> None:
        self.deliveries = Deliveries(cloud)
        self.rules = Rules(cloud)
        self._cloud = cloud
        self._lock = threading.Lock()
        self._in_transit: dict[str, Mapping[str, Any]] = {}
        self._listeners: list[Callable[[Place, Mapping[str, Any]], None]] = []

    def listen(self, listener: Callable[[Place, Mapping[str, Any]], None]) -> None:
        """Show this one, too, what services put on a bus; not what callers or other buses put there."""
        self._listeners.append(listener)

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here; rules, targets and buses are otherwise moto's."""
        return {
            "PutEvents": self._put_events,
            "PutRule": self._put_rule,
            "TestEventPattern": self._test_event_pattern,
        }

    def cloudtrail_event(self, recorded: Recorded) -> None:
        """Put a recorded call on its account's default bus; a subscriber of the audit trail.

        Calls that services make to deliver are left out, so that no rule can feed itself.
        """
        if recorded.record["userIdentity"].get("invokedBy") not in _DELIVERING:
            self.put((recorded.account, recorded.region, _DEFAULT), events.of_record(recorded))

    def put(self, place: Place, event: Mapping[str, Any], *, forwardable: bool = True) -> None:
        """Match an event with a bus's rules now, and deliver in the background.

        Args:
            place: Account, region and bus name; an unknown bus swallows the event, as AWS's does.
            event: The event.
            forwardable: Whether it may go on to another bus; an event does so once.
        """
        ingested = self._cloud.now()
        for rule in self.rules.matching(place, event):
            self.deliveries.count(rule.arn, "matched")
            for target in rule.targets:
                delivery = Delivery(event, rule, target, ingested, self._send_on if forwardable else None)
                self._cloud.spawn(partial(self.deliveries.deliver, delivery))
        if forwardable and str(event["source"]).startswith("aws."):
            for listener in self._listeners:
                listener(place, event)

    def _send_on(self, event: Mapping[str, Any]) -> str:
        """A ticket under which PutEvents finds an event that EventBridge carries between buses."""
        ticket = f"Root=1-{uuid.uuid4().hex[:8]}-{uuid.uuid4().hex[:24]}"
        with self._lock:
            self._in_transit[ticket] = event
        return ticket

    def _put_events(self, call: ApiCall) -> Mapping[str, Any]:
        entries = call.params.get("Entries") or []
        if not 1 <= len(entries) <= _MOST_ENTRIES:
            raise ApiError("ValidationException", f"1 to {_MOST_ENTRIES} entries can be put at once.")
        answers = [self._put_entry(call, entry) for entry in entries]
        return {"FailedEntryCount": sum("ErrorCode" in answer for answer in answers), "Entries": answers}

    def _put_entry(self, call: ApiCall, entry: Mapping[str, Any]) -> dict[str, str]:
        place = _place(call, str(entry.get("EventBusName") or _DEFAULT))
        carried = None
        if call.principal.invoked_by == EVENTS:
            with self._lock:
                carried = self._in_transit.pop(str(entry.get("TraceHeader", "")), None)
        if carried is not None:
            self.put(place, carried, forwardable=False)
            return {"EventId": str(carried["id"])}
        try:
            event = events.of_entry(
                entry, account=call.principal.account or call.account, region=place[1], now=self._cloud.now()
            )
        except ApiError as refused:
            return {"ErrorCode": refused.code, "ErrorMessage": refused.message}
        self.put(place, event)
        return {"EventId": event["id"]}

    def _put_rule(self, call: ApiCall) -> Mapping[str, Any]:
        params = call.params
        if params.get("EventPattern"):
            _check(str(params["EventPattern"]))
        with self._cloud.lock, moto_errors():
            rule = get_backend("events")[call.account][call.region].put_rule(
                name=params["Name"],
                description=params.get("Description"),
                event_bus_arn=params.get("EventBusName"),
                event_pattern=params.get("EventPattern"),
                role_arn=params.get("RoleArn"),
                scheduled_expression=params.get("ScheduleExpression"),
                state=params.get("State"),
                tags=params.get("Tags"),
            )
            return {"RuleArn": rule.arn}

    def _test_event_pattern(self, call: ApiCall) -> Mapping[str, Any]:
        pattern = str(call.params.get("EventPattern", ""))
        _check(pattern)
        try:
            event = json.loads(str(call.params.get("Event", "")))
        except ValueError:
            event = None
        if not isinstance(event, dict):
            raise ApiError(
                "ValidationException", "Parameter Event is not valid. Reason: it is not a JSON object."
            )
        missing = [name for name in _MANDATORY if name not in event]
        if missing:
            raise ApiError(
                "ValidationException", f"Parameter Event is not valid. Reason: {', '.join(missing)} missing."
            )
        return {"Result": match_event_pattern(pattern, event)}


def _check(pattern: str) -> None:
    try:
        validate_event_pattern(pattern)
    except InvalidEventPattern as problem:
        raise ApiError("InvalidEventPatternException", str(problem)) from None


def _place(call: ApiCall, bus: str) -> Place:
    """Where a bus is, by name or ARN."""
    if not bus.startswith("arn:"):
        return call.account, call.region, bus
    _, _, _, region, account, resource = bus.split(":", 5)
    return account, region, resource.removeprefix("event-bus/")
