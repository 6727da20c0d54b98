"""Events in a trail's CloudWatch Logs log group.

Source: CloudTrail User Guide, "Sending events to CloudWatch Logs", "CloudWatch log group and log stream
naming for CloudTrail" and "Role policy document for CloudTrail to use CloudWatch Logs for monitoring".
"""

from __future__ import annotations

import json
import logging
import threading
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chaoskit.sandbox.account_policies import membership
from chaoskit.sandbox.trail.bucket import CLOUDTRAIL
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.mailbox import Mailbox
    from chaoskit.sandbox.trail.bucket import Stream
    from chaoskit.sandbox.trail.records import Recorded
    from chaoskit.sandbox.trail.status import Statuses
    from chaoskit.sandbox.wire import Principal

_log = logging.getLogger(__name__)
GATHER = timedelta(seconds=0.1)
"""How long events are gathered for one call. AWS sends them within about five minutes."""
_SESSION = "CLOUDWATCH_LOGS_DELIVERY_SESSION"
_LARGEST = 256 * 1024
_MOST_BYTES, _OVERHEAD, _MOST_EVENTS = 1_048_576, 26, 10_000
_RENEW = timedelta(minutes=5)


class LogEvents:
    """Gathers events and sends them to the log groups of trails, as the role that each trail names."""

    def __init__(self, cloud: Sandbox, statuses: Statuses, mailbox: Mailbox) -> None:
        self._cloud = cloud
        self._statuses = statuses
        self._mailbox = mailbox
        self._lock = threading.Lock()
        self._waiting: dict[Stream, list[Recorded]] = {}
        self._is_due = False
        self._sessions: dict[str, Principal] = {}

    def add(self, stream: Stream, event: Recorded, at: datetime) -> None:
        """Send an event with the stream's next ones."""
        if not stream.trail.cw_log_group_arn or not stream.trail.cw_role_arn:
            return
        with self._lock:
            self._waiting.setdefault(stream, []).append(event)
            if self._is_due:
                return
            self._is_due = True
        self._cloud.agenda.at(at + GATHER, self._send_all)

    def flush(self) -> None:
        """Send what is gathered without waiting for more."""
        self._send_all(self._cloud.now())

    def _send_all(self, _: datetime) -> None:
        with self._lock:
            self._is_due = False
            ready, self._waiting = self._waiting, {}
        for stream, events in ready.items():
            self._mailbox.post(partial(self._send, stream, events))

    def _send(self, stream: Stream, events: Sequence[Recorded]) -> None:
        trail = stream.trail
        status = self._statuses.of(trail).log_events
        role = str(trail.cw_role_arn)
        try:
            client = self._cloud.client("logs", self._session(role, trail.arn), region=trail.region_name)
            group, name = _group(trail.cw_log_group_arn), self._stream_name(stream)
            for batch in _batches(events):
                self._put(client, group, name, batch)
        except ApiError as refused:
            status.failed(refused.code)
        except ClientError as refused:
            self._sessions.pop(role, None)
            status.failed(refused.response["Error"]["Code"])
        except BotoCoreError as error:
            _log.info("log events of %s were not delivered: %s", trail.arn, error)
        else:
            status.succeeded(self._cloud.now())

    def _put(self, client: Any, group: str, name: str, messages: Sequence[str]) -> None:
        at = int(self._cloud.now().timestamp() * 1000)
        request = {
            "logGroupName": group,
            "logStreamName": name,
            "logEvents": [{"timestamp": at, "message": message} for message in messages],
        }
        try:
            answer = client.put_log_events(**request)
        except client.exceptions.ResourceNotFoundException:
            client.create_log_stream(logGroupName=group, logStreamName=name)
            answer = client.put_log_events(**request)
        if answer.get("rejectedLogEventsInfo"):
            raise ApiError("InvalidParameterException", "CloudWatch Logs refused the events' timestamps.")

    def _session(self, role: str, trail: str) -> Principal:
        """The role's session; one is used until it is about to end.

        Raises:
            ApiError: The role does not trust CloudTrail, or does not exist.
        """
        held = self._sessions.get(role)
        if held is None or held.expires is None or held.expires - self._cloud.now() < _RENEW:
            held = self._cloud.assume(role, service=CLOUDTRAIL, session_name=_SESSION, source_arn=trail)
            self._sessions[role] = held
        return held

    def _stream_name(self, stream: Stream) -> str:
        """`ACCOUNT_CloudTrail_HOME`; a member account's in an organization's trail begins with the id."""
        trail = stream.trail
        name = f"{stream.account}_CloudTrail_{trail.region_name}"
        if stream.account == trail.account_id:
            return name
        with self._cloud.lock:
            place = membership(trail.account_id)
        return f"{place.organization_id}_{name}" if place else name


def _group(arn: str) -> str:
    return str(arn).partition(":log-group:")[2].removesuffix(":*")


def _batches(events: Sequence[Recorded]) -> Iterator[list[str]]:
    """Messages in portions that PutLogEvents takes; one that is too large is left out, as AWS does."""
    batch: list[str] = []
    size = 0
    for event in events:
        message = json.dumps(event.record, separators=(",", ":"), default=str)
        length = len(message.encode()) + _OVERHEAD
        if length > _LARGEST:
            continue
        if batch and (size + length > _MOST_BYTES or len(batch) == _MOST_EVENTS):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += length
    if batch:
        yield batch
