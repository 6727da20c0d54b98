"""Fires schedules on the sandbox's clock, as their roles: retries, dead letters, deletion when done.

Source: EventBridge Scheduler User Guide, "Schedule types", "Adding context attributes", "Configuring a
schedule's dead-letter queue" and "Deleting a schedule after completion".
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from chaoskit.recurrence import InvalidScheduleError, next_time
from chaoskit.sandbox.scheduler.targets import invoke
from chaoskit.sandbox.sending import send_to_queue
from chaoskit.sandbox.state import backend
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.wire import Answer, ApiCall, Principal

_log = logging.getLogger(__name__)
SCHEDULER: Final = "scheduler.amazonaws.com"
MOST_RETRIES: Final = 3
"""Retries of one invocation, however many its policy allows (AWS: up to 185 in 24 hours)."""
_BACKOFF: Final = 0.1
_SERVER_FAULT: Final = 500
_RETRYABLE: Final = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException"})
_BEGINS: Final = frozenset({"CreateSchedule", "UpdateSchedule"})


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a schedule is kept, and which of its versions is meant: an update makes another."""

    account: str
    region: str
    group: str
    name: str
    version: int
    since: datetime


class Schedules:
    """An observer of the API: what was scheduled is fired when it is due, if it is still there then."""

    def __init__(self, cloud: Sandbox) -> None:
        self._cloud = cloud
        self._versions: dict[tuple[str, ...], int] = {}

    def __call__(self, call: ApiCall, answer: Answer) -> None:
        """See `wire.Observer`."""
        if call.service != "scheduler" or call.operation not in _BEGINS or answer.error:
            return
        key = (call.account, call.region, call.params.get("GroupName") or "default", call.params["Name"])
        self._versions[key] = self._versions.get(key, 0) + 1
        now = self._cloud.now()
        # Just before: a rate without a start is due at once.
        self._plan(_Place(*key, self._versions[key], now), now - timedelta(microseconds=1))

    def _plan(self, place: _Place, after: datetime) -> None:
        schedule = self._held(place)
        if schedule is None or schedule.state == "DISABLED":
            return
        start = _time(schedule.start_date) or place.since
        once = schedule.schedule_expression.startswith("at(")
        try:
            due = next_time(
                schedule.schedule_expression,
                schedule.schedule_expression_timezone,
                after if once else max(after, start - timedelta(microseconds=1)),
                start,
            )
        except InvalidScheduleError as error:
            _log.warning("schedule %s is never due: %s", place.name, error)
            return
        end = None if once else _time(schedule.end_date)
        if due is not None and (end is None or due < end):
            self._cloud.agenda.at(due, lambda at: self._due(place, at))

    def _due(self, place: _Place, at: datetime) -> None:
        schedule = self._held(place)
        if schedule is None or schedule.state == "DISABLED":
            return
        target = dict(schedule.target)
        arn = schedule.arn
        self._plan(place, at)
        self._cloud.spawn(lambda: self._fire(place, arn, target, at))

    def _held(self, place: _Place) -> Any:
        """Moto's schedule, if it is the one that was planned."""
        key = (place.account, place.region, place.group, place.name)
        if self._versions.get(key) != place.version:
            return None
        with self._cloud.lock:
            kept = backend("scheduler", place.account, place.region)
            group = kept.schedule_groups.get(place.group) if kept else None
            return group.schedules.get(place.name) if group else None

    def _fire(self, place: _Place, arn: str, target: dict[str, Any], at: datetime) -> None:
        said = {
            "<aws.scheduler.schedule-arn>": arn,
            "<aws.scheduler.scheduled-time>": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "<aws.scheduler.execution-id>": str(uuid.uuid4()),
        }
        text = str(target.get("Input") or "")
        for name, value in said.items():
            text = text.replace(name, value)
        policy = target.get("RetryPolicy") or {}
        most = min(int(policy.get("MaximumRetryAttempts", MOST_RETRIES)), MOST_RETRIES)
        oldest = timedelta(seconds=int(policy.get("MaximumEventAgeInSeconds", 86_400)))
        retries = 0
        while (refused := self._attempt(arn, target, text, retries)) is not None:
            if not _may_pass(refused) or retries >= most or self._cloud.now() - at > oldest:
                _log.warning("schedule %s could not invoke %s: %s", arn, target["Arn"], refused)
                self._dead_letter(arn, target, text, refused, said | {"retries": str(retries)})
                break
            self._cloud.sleep(_BACKOFF * 2**retries)
            retries += 1
        self._complete(place)

    def _attempt(self, arn: str, target: dict[str, Any], text: str, retries: int) -> ApiError | None:
        try:
            text = text.replace("<aws.scheduler.attempt-number>", str(retries + 1))
            invoke(self._cloud, self._acting(arn, target), target, text)
        except ApiError as error:
            return error
        except ClientError as error:
            answer: dict[str, Any] = dict(error.response)
            status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
            return ApiError(answer["Error"].get("Code", ""), answer["Error"].get("Message", ""), int(status))
        except BotoCoreError as error:
            return ApiError("ValidationException", str(error))
        return None

    def _acting(self, arn: str, target: dict[str, Any]) -> Principal:
        group = arn.rpartition("/")[0].replace(":schedule/", ":schedule-group/")
        # "aws:SourceArn" is the schedule group's (User Guide, "Prevent a confused deputy").
        return self._cloud.assume(
            str(target["RoleArn"]), service=SCHEDULER, session_name=uuid.uuid4().hex, source_arn=group
        )

    def _dead_letter(
        self, arn: str, target: dict[str, Any], text: str, refused: ApiError, said: dict[str, str]
    ) -> None:
        queue = (target.get("DeadLetterConfig") or {}).get("Arn")
        if not queue:
            return
        told = {
            "ERROR_CODE": refused.code,
            "ERROR_MESSAGE": refused.message,
            "EXECUTION_ID": said["<aws.scheduler.execution-id>"],
            "IS_PAYLOAD_TRUNCATED": "false",
            "RETRY_ATTEMPTS": said["retries"],
            "SCHEDULED_TIME": said["<aws.scheduler.scheduled-time>"],
            "SCHEDULE_ARN": arn,
            "TARGET_ARN": str(target["Arn"]),
        }
        attributes = {
            name: {"DataType": "String", "StringValue": value or "-"} for name, value in told.items()
        }
        try:
            # The schedule's own role sends; EventBridge rules do so as a service.
            send_to_queue(
                self._cloud, self._acting(arn, target), queue, text or "-", MessageAttributes=attributes
            )
        except (ClientError, BotoCoreError, ApiError) as error:
            _log.warning("the dead-letter queue %s of schedule %s refused: %s", queue, arn, error)

    def _complete(self, place: _Place) -> None:
        """A schedule that will not be due again goes away, where it says so."""
        schedule = self._held(place)
        if schedule is None or schedule.action_after_completion != "DELETE":
            return
        end = _time(schedule.end_date)
        if schedule.schedule_expression.startswith("at(") or (end and self._cloud.now() >= end):
            with self._cloud.lock:
                group = backend("scheduler", place.account, place.region).schedule_groups[place.group]
                group.schedules.pop(place.name, None)


def _time(value: Any) -> datetime | None:
    """Moto keeps a date as it was sent: seconds, or a text."""
    if value in (None, ""):
        return None
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    found = datetime.fromisoformat(str(value))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _may_pass(error: ApiError) -> bool:
    return error.status >= _SERVER_FAULT or error.code in _RETRYABLE
