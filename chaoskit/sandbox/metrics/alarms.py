"""Alarms that ring: evaluated when data arrives, when they are set, and as the sandbox's time goes on.

moto keeps alarms and metric data, and answers the rest of CloudWatch's API.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chaoskit.sandbox.metrics.datapoints import evaluate, watched
from chaoskit.sandbox.metrics.evaluation import State
from chaoskit.sandbox.metrics.notices import AlarmState, Change, notify
from chaoskit.sandbox.state import backends

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from chaoskit.sandbox.cloud import Sandbox

    Place = tuple[str, str]
    PutEvent = Callable[[tuple[str, str, str], Mapping[str, Any]], None]

_log = logging.getLogger(__name__)
_MINUTE = 60
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """Something that happened to an alarm; `kind` is ConfigurationUpdate, StateUpdate or Action."""

    place: Place
    alarm: str
    at: datetime
    kind: str
    summary: str
    data: str


class Alarms:
    """Evaluates the alarms of every account and region, and tells of their changes.

    Args:
        cloud: The sandbox.
        put_event: Puts an event on a bus, named by account, region and name.

    Attributes:
        history: What happened to alarms, oldest first.
    """

    NOT_STATE = frozenset({"_ticking"})

    def __init__(self, cloud: Sandbox, put_event: PutEvent) -> None:
        self.history: deque[HistoryItem] = deque(maxlen=_REMEMBERED)
        self._cloud = cloud
        self._put_event = put_event
        self._places: set[Place] = set()
        self._lock = threading.Lock()
        self._ticking: threading.Thread | None = None

    def watch(self, place: Place) -> None:
        """Keep evaluating the alarms of an account's region, from now on."""
        with self._lock:
            first = not self._places
            self._places.add(place)
            idle = self._ticking is None
            if idle:
                self._ticking = threading.Thread(target=self._tick, name="sandbox-alarms", daemon=True)
        if first:
            self._cloud.clock.subscribe(self.evaluate_all)
        if idle and self._ticking is not None:
            self._ticking.start()

    def evaluate_all(self) -> None:
        """Evaluate every alarm there is."""
        with self._lock:
            places = sorted(self._places)
        for place in places:
            self.evaluate(place)

    def evaluate(self, place: Place) -> None:
        """Evaluate the alarms of one account's region."""
        with self._lock:
            if place not in self._places:
                return
        now = self._cloud.now()
        with self._cloud.lock:
            backend = backends("cloudwatch")[place[0]][place[1]]
            for alarm in list(backend.alarms.values()):
                what = watched(alarm)
                if what is None:
                    continue
                current = State(alarm.state_value)
                verdict = evaluate(what, backend.metric_data, current, now)
                if verdict is not None and verdict.state is not current:
                    self.change(place, alarm, verdict.state, verdict.reason, verdict.reason_data)

    def change(self, place: Place, alarm: Any, value: str, reason: str, reason_data: str) -> None:
        """Set an alarm's state and, if it is another one, tell of it. Hold the sandbox's lock."""
        before = state_of(alarm)
        after = AlarmState(value, reason, reason_data, self._cloud.now())
        set_state(alarm, after)
        if before.value == value:
            return
        change = Change(place[0], place[1], alarm, before, after)
        data = {"version": "1.0", "oldState": _told(before), "newState": _told(after)}
        self.note(place, alarm.name, "StateUpdate", f"Alarm updated from {before.value} to {value}", data)
        self._put_event((*place, "default"), change.event())
        if alarm.actions_enabled:
            for action in change.actions:
                self._cloud.spawn(partial(self._act, change, action))

    def note(self, place: Place, name: str, kind: str, summary: str, data: Mapping[str, Any]) -> None:
        """Put something into the history."""
        self.history.append(HistoryItem(place, name, self._cloud.now(), kind, summary, json.dumps(data)))

    def _act(self, change: Change, action: str) -> None:
        data: dict[str, Any] = {"actionState": "Succeeded", "notificationResource": action}
        summary = f"Successfully executed action {action}"
        try:
            notify(self._cloud, change, action)
        except (ClientError, BotoCoreError, ValueError) as refused:
            _log.warning("the action of alarm %s failed: %s", change.alarm.alarm_arn, refused)
            data |= {"actionState": "Failed", "error": str(refused)}
            summary = f"Failed to execute action {action}. Received error: {refused}"
        self.note((change.account, change.region), change.alarm.name, "Action", summary, data)

    def _tick(self) -> None:
        """Evaluate at each whole minute, until the sandbox goes away."""
        clock = self._cloud.clock
        while not clock.closed:
            clock.sleep(_MINUTE - clock.now().timestamp() % _MINUTE)
            if not clock.closed:
                self.evaluate_all()


def state_of(alarm: Any) -> AlarmState:
    """The state that a moto alarm is in."""
    since = alarm.state_updated_timestamp
    since = since if since.tzinfo else since.replace(tzinfo=UTC)
    return AlarmState(alarm.state_value, alarm.state_reason, alarm.state_reason_data, since)


def set_state(alarm: Any, state: AlarmState) -> None:
    """Put a moto alarm into a state."""
    if alarm.state_value != state.value:
        alarm.state_transitioned_timestamp = state.since
    alarm.state_value = state.value
    alarm.state_reason = state.reason
    alarm.state_reason_data = state.reason_data
    alarm.state_updated_timestamp = state.since


def _told(state: AlarmState) -> dict[str, Any]:
    told: dict[str, Any] = {"stateValue": state.value, "stateReason": state.reason}
    if state.reason_data not in {"", "{}"}:
        told["stateReasonData"] = json.loads(state.reason_data)
    return told
