"""FilterLogEvents with the whole filter pattern language, which moto's lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.metrics.log_groups import filter_pattern, log_group, page_start
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.wire import ApiCall, Cloud

_MOST = 10_000


class LogSearch:
    """Searches log groups."""

    service = "logs"

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {"FilterLogEvents": self._filter_log_events}

    def _filter_log_events(self, call: ApiCall) -> Mapping[str, Any]:
        params = call.params
        pattern = filter_pattern(str(params.get("filterPattern") or ""))
        limit = int(params.get("limit") or _MOST)
        if not 1 <= limit <= _MOST:
            raise ApiError("InvalidParameterException", f"limit is from 1 to {_MOST}.")
        if params.get("logStreamNames") and params.get("logStreamNamePrefix"):
            raise ApiError(
                "InvalidParameterException", "logStreamNames and logStreamNamePrefix cannot both be given."
            )
        low, high = params.get("startTime", 0), params.get("endTime")
        with self._cloud.lock:
            group = log_group(
                call.account,
                call.region,
                str(params.get("logGroupName") or params.get("logGroupIdentifier") or ""),
            )
            events = [
                {**event.to_filter_dict(), "logStreamName": name}
                for name, stream in group.streams.items()
                if _wanted(name, params)
                for event in stream.events
                if event.timestamp >= low and (high is None or event.timestamp <= high)
            ]
        found = [event for event in events if pattern.matches(event["message"])]
        found.sort(key=lambda event: event["timestamp"], reverse=params.get("startFromHead") is False)
        start = page_start(params.get("nextToken"))
        end = start + limit
        answer: dict[str, Any] = {"events": found[start:end], "searchedLogStreams": []}
        return {**answer, "nextToken": str(end)} if end < len(found) else answer


def _wanted(stream: str, params: Mapping[str, Any]) -> bool:
    names = params.get("logStreamNames")
    return stream in names if names else stream.startswith(str(params.get("logStreamNamePrefix") or ""))
