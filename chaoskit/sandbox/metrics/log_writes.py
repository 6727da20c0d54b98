"""What is written to log groups: kept by moto, by the sandbox's clock, and sent on by subscription filters.

Sources: CloudWatch Logs API Reference, PutLogEvents and PutSubscriptionFilter; CloudWatch Logs User Guide,
"Log group-level subscription filters" (payload, destinations, permissions).
"""

from __future__ import annotations

import base64
import gzip
import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.metrics.log_groups import filter_pattern, log_group
from chaoskit.sandbox.moto_errors import moto_errors
from chaoskit.sandbox.sending import attempt, compact, persist, send_to_function
from chaoskit.sandbox.state import backends
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from chaoskit.sandbox.wire import ApiCall, Cloud

LOGS = "logs.amazonaws.com"
OLDEST, NEWEST = timedelta(days=14), timedelta(hours=2)
"""PutLogEvents takes nothing older and nothing further ahead than these."""
_log = logging.getLogger(__name__)
_DAY_MS = 86_400_000


class LogWrites:
    """PutLogEvents, by the sandbox's clock and not the wall's, and PutSubscriptionFilter with its pattern."""

    service = "logs"

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {"PutLogEvents": self._write, "PutSubscriptionFilter": self._subscribe}

    def _write(self, call: ApiCall) -> Mapping[str, Any]:
        """Keep what is neither too old nor too new, and send it on.

        Raises:
            ApiError: `ResourceNotFoundException`, or `InvalidParameterException` for events out of order.
        """
        params, now = call.params, self._cloud.now()
        events = params.get("logEvents") or []
        _check_order(events)
        name, stream_name = str(params.get("logGroupName", "")), str(params.get("logStreamName", ""))
        with self._cloud.lock:
            group = log_group(call.account, call.region, name)
            stream = group.streams.get(stream_name)
            if stream is None:
                raise ApiError("ResourceNotFoundException", "The specified log stream does not exist.")
            taken, rejected = _sorted_out(events, now, group.retention_in_days)
            token = stream.put_log_events(taken)
            stream.last_ingestion_time = now.replace(tzinfo=None)
            written = stream.events[len(stream.events) - len(taken) :]
            for event in written:
                event.ingestion_time = int(now.timestamp() * 1000)
            told = [
                {"id": f"{event.event_id:056d}", "timestamp": event.timestamp, "message": event.message}
                for event in written
            ]
            filters = list(group.subscription_filters.values())
        for one in filters:
            self._send_on(call, group, stream_name, one, told)
        answer: dict[str, Any] = {"nextSequenceToken": token}
        return {**answer, "rejectedLogEventsInfo": rejected} if rejected else answer

    def _send_on(
        self, call: ApiCall, group: Any, stream: str, one: Any, events: list[dict[str, Any]]
    ) -> None:
        pattern = filter_pattern(one.filter_pattern)
        matching = [event for event in events if pattern.matches(event["message"])]
        if not matching:
            return
        payload = {
            "messageType": "DATA_MESSAGE",
            "owner": call.account,
            "logGroup": group.name,
            "logStream": stream,
            "subscriptionFilters": [one.name],
            "logEvents": matching,
        }
        packed = gzip.compress(compact(payload).encode())
        send = partial(self._send, call.account, group.arn, one.destination_arn, one.role_arn, packed)
        self._cloud.spawn(partial(self._deliver, send, one, call.at))

    def _deliver(self, send: Callable[[], None], one: Any, at: datetime) -> None:
        refused, _ = persist(self._cloud, send, since=at)
        if refused is not None:
            _log.warning(
                "subscription filter %s could not reach %s: %s", one.name, one.destination_arn, refused
            )

    def _send(
        self, account: str, group: str, destination: str, role: str, packed: bytes, *, dry: bool = False
    ) -> None:
        service, region = destination.split(":")[2:4]
        if service == "lambda":
            principal = self._cloud.service_principal(LOGS, account=account, source_arn=_of(group))
            text = compact({"awslogs": {"data": base64.b64encode(packed).decode()}})
            send_to_function(self._cloud, principal, destination, text, dry=dry)
            return
        session = self._cloud.assume(
            role, service=LOGS, session_name="LogStreamDelivery", source_arn=_of(group)
        )
        client = self._cloud.client(service, session, region=region)
        name = destination.rpartition("/")[2]
        if dry:
            return
        if service == "kinesis":
            client.put_record(StreamName=name, Data=packed, PartitionKey=group)
        else:
            client.put_record(DeliveryStreamName=name, Record={"Data": packed})

    def _subscribe(self, call: ApiCall) -> Mapping[str, Any]:
        """Keep a subscription filter whose destination can be reached.

        Raises:
            ApiError: `InvalidParameterException` for a pattern or destination that Logs refuses, besides
                moto's own errors.
        """
        params = call.params
        name, group_name = str(params.get("filterName", "")), str(params.get("logGroupName", ""))
        text, destination = str(params.get("filterPattern", "")), str(params.get("destinationArn", ""))
        role = str(params.get("roleArn") or "")
        filter_pattern(text)
        with self._cloud.lock:
            group = log_group(call.account, call.region, group_name)
        self._check_destination(call, group.arn, destination, role)
        with self._cloud.lock, moto_errors():
            known = group.subscription_filters.get(name)
            if known is not None:
                known.update(text, destination, role)
            else:
                backends("logs")[call.account][call.region].put_subscription_filter(
                    group.name, name, text, destination, role
                )
        return {}

    def _check_destination(self, call: ApiCall, group: str, destination: str, role: str) -> None:
        service = destination.split(":")[2] if destination.count(":") > 4 else ""  # noqa: PLR2004 - an ARN's colons
        if service not in ("firehose", "kinesis", "lambda"):
            raise _invalid(f"destinationArn '{destination}' is no stream, delivery stream or function.")
        if service != "lambda" and not role:
            raise _invalid("destinationArn for vendor cannot be used without roleArn")
        refused = attempt(partial(self._send, call.account, group, destination, role, b"", dry=True))
        if refused is not None and service == "lambda":
            raise _invalid(
                "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission "
                "to execute your function."
            )
        if refused is not None:
            raise _invalid(f"Could not deliver test message to specified {service} stream. {refused.message}")


def _check_order(events: list[Mapping[str, Any]]) -> None:
    times = [event["timestamp"] for event in events]
    if times != sorted(times):
        raise _invalid("Log events in a single PutLogEvents request must be in chronological order.")
    if times and times[-1] - times[0] > _DAY_MS:
        raise _invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        )


def _sorted_out(
    events: list[dict[str, Any]], now: datetime, retention: str | int | None
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The events that are taken, and `rejectedLogEventsInfo` of the others."""
    oldest, newest = _ms(now - OLDEST), _ms(now + NEWEST)
    kept_from = _ms(now - timedelta(days=int(retention))) if retention else 0
    taken: list[dict[str, Any]] = []
    rejected: dict[str, int] = {}
    for index, event in enumerate(events):
        if event["timestamp"] > newest:
            rejected.setdefault("tooNewLogEventStartIndex", index)
        elif event["timestamp"] < oldest:
            rejected["tooOldLogEventEndIndex"] = index + 1
        elif event["timestamp"] < kept_from:
            rejected["expiredLogEventEndIndex"] = index + 1
        else:
            taken.append(event)
    return taken, rejected


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _of(group: str) -> str:
    """A log group's ARN as policies have it, streams included."""
    return group if group.endswith(":*") else f"{group}:*"


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterException", message)
