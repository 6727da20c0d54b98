"""Logs Insights behind the API: StartQuery, GetQueryResults, StopQuery, DescribeQueries.

A query is complete when StartQuery answers (CloudWatch Logs API Reference has them run in the background).
"""

from __future__ import annotations

import base64
import threading
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.detect.insights import MOST_ROWS, InvalidQuery, parse, run
from chaoskit.sandbox.detect.insights.values import text
from chaoskit.sandbox.metrics.log_groups import log_group, page_start
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chaoskit.sandbox.detect.insights import Result
    from chaoskit.sandbox.wire import ApiCall, Cloud

_MOST_GROUPS = 50
_PAGE = 1000
_LANGUAGE = "CWLI"


@dataclass(frozen=True, slots=True)
class _Query:
    id: str
    place: tuple[str, str]
    text: str
    groups: tuple[str, ...]
    created: int
    size: int
    result: Result


class LogQueries:
    """Runs Logs Insights queries over the events that moto keeps."""

    service = "logs"

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._lock = threading.Lock()
        self._queries: dict[str, _Query] = {}

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "StartQuery": self._start,
            "GetQueryResults": self._results,
            "StopQuery": self._stop,
            "DescribeQueries": self._describe,
        }

    def _start(self, call: ApiCall) -> Mapping[str, Any]:
        params = call.params
        if (params.get("queryLanguage") or _LANGUAGE) != _LANGUAGE:
            raise _invalid("The embedded sandbox has only the Logs Insights query language, CWLI.")
        limit = int(params.get("limit") or MOST_ROWS)
        if not 1 <= limit <= MOST_ROWS:
            raise _invalid(f"limit is from 1 to {MOST_ROWS}.")
        start, end = int(params["startTime"]), int(params["endTime"])
        if start > end:
            raise _invalid("The start time of a query must not be after its end time.")
        names = _groups(params)
        query = str(params["queryString"])
        now = int(self._cloud.now().timestamp() * 1000)
        try:
            commands = parse(query)
            with self._cloud.lock:
                groups = [log_group(call.account, call.region, name) for name in names]
                records = [record for group in groups for record in _records(group, start, end)]
            result = run(commands, records, now=now, limit=limit)
        except InvalidQuery as refused:
            raise ApiError("MalformedQueryException", str(refused)) from None
        made = _Query(
            id=str(uuid.uuid4()),
            place=(call.account, call.region),
            text=query,
            groups=tuple(group.name for group in groups),
            created=now,
            size=sum(len(record["@message"].encode()) for record in records),
            result=result,
        )
        with self._lock:
            self._queries[made.id] = made
        return {"queryId": made.id}

    def _results(self, call: ApiCall) -> Mapping[str, Any]:
        query = self._known(call)
        result = query.result
        return {
            "queryLanguage": _LANGUAGE,
            "status": "Complete",
            "results": [
                [{"field": name, "value": text(value)} for name, value in row.items()] for row in result.rows
            ],
            "statistics": {
                "recordsMatched": float(result.matched),
                "recordsScanned": float(result.scanned),
                "bytesScanned": float(query.size),
                "logGroupsScanned": float(len(query.groups)),
            },
        }

    def _stop(self, call: ApiCall) -> Mapping[str, Any]:
        query = self._known(call)
        raise _invalid(f"Query {query.id} is not running: it is Complete.")

    def _describe(self, call: ApiCall) -> Mapping[str, Any]:
        params = call.params
        group, status = params.get("logGroupName"), params.get("status") or "Complete"
        with self._lock:
            found = [
                one
                for one in reversed(self._queries.values())
                if one.place == (call.account, call.region)
                and (not group or group in one.groups)
                and status == "Complete"
            ]
        start = page_start(params.get("nextToken"))
        end = start + int(params.get("maxResults") or _PAGE)
        answer: dict[str, Any] = {
            "queries": [
                {
                    "queryLanguage": _LANGUAGE,
                    "queryId": one.id,
                    "queryString": one.text,
                    "status": "Complete",
                    "createTime": one.created,
                    "logGroupName": one.groups[0],
                }
                for one in found[start:end]
            ]
        }
        return {**answer, "nextToken": str(end)} if end < len(found) else answer

    def _known(self, call: ApiCall) -> _Query:
        with self._lock:
            query = self._queries.get(str(call.params.get("queryId", "")))
        if query is None or query.place != (call.account, call.region):
            raise ApiError("ResourceNotFoundException", "The specified query does not exist.")
        return query


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterException", message)


def _groups(params: Mapping[str, Any]) -> list[str]:
    """The log groups to query: one of three parameters names them."""
    given = [
        [params["logGroupName"]] if params.get("logGroupName") else [],
        params.get("logGroupNames") or [],
        params.get("logGroupIdentifiers") or [],
    ]
    named = [names for names in given if names]
    if len(named) != 1:
        raise _invalid("Exactly one of logGroupName, logGroupNames and logGroupIdentifiers is required.")
    if len(named[0]) > _MOST_GROUPS:
        raise _invalid(f"A query covers at most {_MOST_GROUPS} log groups.")
    return list(dict.fromkeys(named[0]))


def _records(group: Any, start: int, end: int) -> Iterator[dict[str, Any]]:
    """The events of a log group within a range of epoch seconds, both ends included."""
    for name, stream in group.streams.items():
        for event in stream.events:
            if start * 1000 <= event.timestamp < (end + 1) * 1000:
                pointer = f"{group.account_id}|{group.name}|{name}|{event.event_id}"
                yield {
                    "@timestamp": event.timestamp,
                    "@message": event.message,
                    "@ingestionTime": event.ingestion_time,
                    "@logStream": name,
                    "@log": f"{group.account_id}:{group.name}",
                    "@ptr": base64.b64encode(pointer.encode()).decode(),
                }
