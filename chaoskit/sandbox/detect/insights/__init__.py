"""CloudWatch Logs Insights: its query language, run over log records in memory.

Source: CloudWatch Logs User Guide, "CloudWatch Logs Insights language query syntax". Commands: `fields`,
`display`, `filter`, `filterIndex`, `parse`, `stats`, `sort`, `limit`, `dedup`, `unnest`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from chaoskit.sandbox.detect.insights.errors import InvalidQuery
from chaoskit.sandbox.detect.insights.parser import MOST_ROWS, parse
from chaoskit.sandbox.detect.insights.run import Result, run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LOG_EVENT: Final = {
    "timestamp": "@timestamp",
    "message": "@message",
    "ingestionTime": "@ingestionTime",
    "logStreamName": "@logStream",
}
"""What GetLogEvents and FilterLogEvents call what a query calls otherwise."""
_ONLY_THERE: Final = {"eventId", "id"}

__all__ = ["MOST_ROWS", "InvalidQuery", "Result", "parse", "run", "run_insights"]


def run_insights(
    query: str, records: Iterable[Mapping[str, object] | str], *, now: int | None = None
) -> list[dict[str, str | int | float]]:
    """The rows that a query finds in log records.

    Args:
        query: In the Logs Insights query language.
        records: Each a mapping with `@timestamp` (milliseconds since the epoch), `@message` (text, or the
            object that its JSON holds) and any other field, such as `@logStream`. A mapping without
            `@message` is taken for the JSON object that was logged, at its `eventTime`; so is its JSON
            text, and any other text for a message. A log event as GetLogEvents or FilterLogEvents answers it
            (`timestamp`, `message`) is taken for what it is.
        now: The time of the query in milliseconds since the epoch; only `now()` needs it.

    Returns:
        A mapping of field names to values for each row: numbers as numbers, times as
        `2024-05-01 10:00:00.000`, true and false as 1 and 0. What a row lacks is left out.

    Raises:
        InvalidQuery: With what is wrong and at which character.
    """
    return run(parse(query), map(_record, records), now=now).rows


def _record(given: Mapping[str, object] | str) -> Mapping[str, object]:
    if isinstance(given, str):
        try:
            logged = json.loads(given)
        except (ValueError, RecursionError):
            logged = None
        return _record(logged) if isinstance(logged, dict) else {"@message": given}
    is_log_event = {"timestamp", "message"} <= given.keys() <= (_LOG_EVENT.keys() | _ONLY_THERE)
    if not is_log_event or not isinstance(given["timestamp"], int):
        return given
    return {**given, **{name: given[key] for key, name in _LOG_EVENT.items() if key in given}}
