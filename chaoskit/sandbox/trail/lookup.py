"""`LookupEvents` (CloudTrail API Reference): one attribute, a time window, pages, newest first."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.trail.resources import history_resources
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.sandbox.trail.history import EventHistory
    from chaoskit.sandbox.trail.records import Recorded
    from chaoskit.sandbox.wire import ApiCall

PAGE = 50
"""The most events of a page."""
_ATTRIBUTES = frozenset(
    {
        "EventId",
        "EventName",
        "ReadOnly",
        "Username",
        "ResourceType",
        "ResourceName",
        "EventSource",
        "AccessKeyId",
    }
)


def lookup_events(history: EventHistory, call: ApiCall) -> dict[str, Any]:
    """Answer a `LookupEvents` call.

    Raises:
        ApiError: With the code of the API's own exception for a bad attribute, window, page size or token.
    """
    params = call.params
    start, end = params.get("StartTime"), params.get("EndTime")
    if isinstance(start, datetime) and isinstance(end, datetime) and start > end:
        raise ApiError("InvalidTimeRangeException", "The StartTime must be before the EndTime.")
    size = params.get("MaxResults", PAGE)
    if not isinstance(size, int) or not 1 <= size <= PAGE:
        raise ApiError("InvalidMaxResultsException", f"MaxResults must be between 1 and {PAGE}.")
    name, value = _attribute(params.get("LookupAttributes") or [])
    before = _token(params.get("NextToken"))
    found: list[Recorded] = []
    for event in history.newest_first(call.account, call.region):
        if before is not None and event.order >= before:
            continue
        if _within(event.at, start, end) and (not name or value in _values(event.record, name)):
            found.append(event)
        if len(found) > size:
            break
    answer: dict[str, Any] = {"Events": [_event(event) for event in found[:size]]}
    if len(found) > size:
        answer["NextToken"] = f"before-{found[size - 1].order}"
    return answer


def _attribute(given: list[Mapping[str, str]]) -> tuple[str, str]:
    if not given:
        return "", ""
    if len(given) > 1:
        raise ApiError("InvalidLookupAttributesException", "You can only specify one lookup attribute.")
    name, value = given[0].get("AttributeKey", ""), given[0].get("AttributeValue", "")
    if name not in _ATTRIBUTES or not value:
        raise ApiError("InvalidLookupAttributesException", f"'{name}' is not a valid lookup attribute.")
    return name, value.lower() if name == "ReadOnly" else value


def _token(token: str | None) -> int | None:
    if token is None:
        return None
    mark, _, order = token.partition("-")
    if mark != "before" or not order.isdigit():
        raise ApiError("InvalidNextTokenException", "The NextToken is not valid or has expired.")
    return int(order)


def _within(at: datetime, start: datetime | None, end: datetime | None) -> bool:
    """Whether a time lies in the window, to whole seconds as the API's times are, both ends included."""
    second = at.replace(microsecond=0)
    return not (start and second < _aware(start).replace(microsecond=0)) and not (
        end and second > _aware(end)
    )


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _values(record: Mapping[str, Any], attribute: str) -> Iterator[str]:
    match attribute:
        case "EventId":
            yield record["eventID"]
        case "EventName":
            yield record["eventName"]
        case "EventSource":
            yield record["eventSource"]
        case "ReadOnly":
            yield "true" if record["readOnly"] else "false"
        case "Username":
            yield _user_name(record)
        case "AccessKeyId":
            yield record["userIdentity"].get("accessKeyId", "")
        case "ResourceType" | "ResourceName":
            yield from (resource[attribute] for resource in history_resources(record))


def _user_name(record: Mapping[str, Any]) -> str:
    identity = record["userIdentity"]
    match identity["type"]:
        case "IAMUser":
            return str(identity.get("userName", ""))
        case "AssumedRole":
            return str(identity.get("principalId", "")).partition(":")[2]
        case "Root":
            return "root"
        case "AWSService":
            return str(identity.get("invokedBy", "")).partition(".")[0]
    return ""


def _event(event: Recorded) -> dict[str, Any]:
    record = event.record
    shown: dict[str, Any] = {
        "EventId": record["eventID"],
        "EventName": record["eventName"],
        "ReadOnly": "true" if record["readOnly"] else "false",
        "EventTime": event.at.replace(microsecond=0),
        "EventSource": record["eventSource"],
        "Resources": list(history_resources(record)),
        "CloudTrailEvent": json.dumps(record, separators=(",", ":"), default=str),
    }
    key = record["userIdentity"].get("accessKeyId")
    if key:
        shown["AccessKeyId"] = key
    user = _user_name(record)
    if user:
        shown["Username"] = user
    return shown
