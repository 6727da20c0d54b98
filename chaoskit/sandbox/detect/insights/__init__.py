"""CloudWatch Logs Insights: its query language, run over log records in memory.

Source: CloudWatch Logs User Guide, "CloudWatch Logs Insights language query syntax". Commands: `fields`,
`display`, `filter`, `filterIndex`, `parse`, `stats`, `sort`, `limit`, `dedup`, `unnest`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.sandbox.detect.insights.errors import InvalidQuery
from chaoskit.sandbox.detect.insights.parser import MOST_ROWS, parse
from chaoskit.sandbox.detect.insights.run import Result, run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["MOST_ROWS", "InvalidQuery", "Result", "parse", "run", "run_insights"]


def run_insights(
    query: str, records: Iterable[Mapping[str, object]], *, now: int | None = None
) -> list[dict[str, str | int | float]]:
    """The rows that a query finds in log records.

    Args:
        query: In the Logs Insights query language.
        records: Each a mapping with `@timestamp` (milliseconds since the epoch), `@message` (text, or the
            object that its JSON holds) and any other field, such as `@logStream`. A mapping without
            `@message` is taken for the JSON object that was logged, at its `eventTime`.
        now: The time of the query in milliseconds since the epoch; only `now()` needs it.

    Returns:
        A mapping of field names to values for each row: numbers as numbers, times as
        `2024-05-01 10:00:00.000`, true and false as 1 and 0. What a row lacks is left out.

    Raises:
        InvalidQuery: With what is wrong and at which character.
    """
    return run(parse(query), records, now=now).rows
