"""Looks whether a Logs Insights query flags what the fault did."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe
from chaoskit.errors import AwsError
from chaoskit.probes._findings import check_path, search
from chaoskit.probes._polling import polled

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace

_MOST_REQUESTS: Final = 20
_SHIPPED: Final = Path(__file__).parents[1] / "sandbox" / "detections"
_ANY_ROW: Final = "length(@) > `0`"
_COMMENT: Final = re.compile(r"^\s*#.*$", re.MULTILINE)
_RUNNING: Final = ("Scheduled", "Running", "Unknown")
_AHEAD: Final = timedelta(days=1)
_MOST_POLLS: Final = 60


@probe("logs-insights.query")
class InsightsQuery(Probe):
    """The query flags something in the records of the fault's calls, known by this run's user agent.

    They are picked out before the query sees any, so neither what others do at the same time nor what the run
    reads for itself counts or adds up with them. chaoskit ships `model-access`: SageMaker endpoints with more
    than 1,000 invocations or more than 10 callers within an hour; and `model-extraction`: endpoints that one
    caller invoked more than 50 times within five minutes.

    Attributes:
        log_group: The log group, such as a trail's.
        query: The query, or the name of one that chaoskit ships.
        flagged_when: A JMESPath expression on the list of rows (texts by field); true is a detection.
    """

    log_group: str
    query: str
    flagged_when: str = _ANY_ROW

    example: ClassVar = {"query": "model-access"}
    reads = ("logs:DescribeLogGroups", "logs:StartQuery", "logs:GetQueryResults")

    def __post_init__(self) -> None:
        """Refuse a condition that can't be read and a query that is not there."""
        if self.flagged_when != _ANY_ROW:  # what can be read parses without importing a parser
            check_path("flagged_when", self.flagged_when)
        if " " not in self.query.strip() and not self._file().is_file():
            shipped = sorted(file.stem for file in _SHIPPED.glob("*.insights"))
            raise ValueError(f"chaoskit ships no query {self.query!r}; it ships {', '.join(shipped)}")

    def ready(self, aws: Reader) -> Observation:
        """The log group exists."""
        where = {"logGroupNamePrefix": self.log_group}
        names = aws.read(Query("logs", "DescribeLogGroups", where, "logGroups[].logGroupName")) or []
        there = self.log_group in names
        return Observation(
            holds=there, summary=f"log group {self.log_group} {'exists' if there else 'does not exist'}"
        )

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Run the query over the run's records."""
        where = {
            "logGroupName": self.log_group,
            "startTime": int(trace.since.timestamp()),
            "endTime": int((trace.since + _AHEAD).timestamp()),
            "queryString": self._of_this_run(trace),
        }
        query_id = aws.read(Query("logs", "StartQuery", where, "queryId"))
        answer = _finished(aws, query_id) if query_id else None
        if answer is None or answer["status"] != "Complete":
            status = answer["status"] if answer else "not begun"
            return Observation(holds=None, summary=f"the query is {status}")
        rows = [{cell["field"]: cell.get("value") for cell in row} for row in answer["results"]]
        flagged = bool(search(self.flagged_when, rows)) and bool(trace.attempts)
        return Observation(
            holds=flagged,
            summary=f"the query {'flags' if flagged else 'does not flag'} what this run did"
            f" ({len(rows)} rows)",
            evidence={
                "query_id": query_id,
                "rows": rows[:10],
                **({"tied_by": "user agent"} if flagged else {}),
            },
            cause=max(attempt.at for attempt in trace.attempts) if flagged else None,
            final=flagged,
        )

    def _of_this_run(self, trace: Trace) -> str:
        text = self._file().read_text("utf-8") if " " not in self.query.strip() else self.query
        # Not followed by a digit: run 1 is not run 10.
        mark = re.escape(f"run/{trace.trace_id}").replace("/", "\\/").replace("\\-", "-")
        picked = f"filter @message like /{mark}[^0-9]/{_of_the_faults(trace)}"
        return f"{picked}\n| {_COMMENT.sub('', text).strip()}"

    def _file(self) -> Path:
        return _SHIPPED / f"{self.query.strip()}.insights"


def _of_the_faults(trace: Trace) -> str:
    """The condition that leaves out the CloudTrail records of the run's other calls.

    Some events are not called what the operation is; those are known by their requests, of which a query
    has room for a few.
    """
    names = "|".join(sorted({attempt.call.operation for attempt in trace.attempts}))
    if not names:
        return ""
    requests = sorted({attempt.request_id for attempt in trace.attempts if attempt.request_id})
    known = f"eventName like /^({names})([0-9]{{8}}(v[0-9]+)?)?$/"
    if requests:
        known += f" or requestID in [{', '.join(map(json.dumps, requests[:_MOST_REQUESTS]))}]"
    return f"\n| filter not ispresent(eventName) or {known}"


def _finished(aws: Reader, query_id: str) -> Any:
    """The query's answer once it has ended, or what it is at after a quarter of a minute."""
    asked = Query("logs", "GetQueryResults", {"queryId": query_id})
    try:
        return polled(aws, asked, lambda answer: answer["status"] in _RUNNING, _MOST_POLLS)
    except AwsError as error:
        if error.code == "ResourceNotFoundException":
            return None
        raise
