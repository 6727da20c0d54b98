"""Tells whether anybody saw a fault that a control no longer holds."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Query

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.aws import Reader
    from chaoskit.result import Result

_SLACK: Final = timedelta(seconds=1)  # CloudTrail's times are whole seconds


def slipped_in(result: Result) -> bool:
    """Whether a fault got in, and nothing that the experiment expects came of it."""
    applied = any(change.outcome == "applied" for fault in result.faults for change in fault.changes)
    return applied and all(each.met is not True for each in result.expectations)


def noticed_by(result: Result, aws: Reader) -> tuple[str, ...]:
    """The EventBridge rules that match a call that a fault made, in order of their names.

    EventBridge itself is asked, of the records in CloudTrail's event history. That has management events
    only (AWS CloudTrail User Guide, "Working with CloudTrail event history"), so of a data event nobody
    but the experiment's own detection can tell.

    Args:
        result: Of a run that is over; its rollback's calls are not looked at.
        aws: The account, before it is restored.

    Raises:
        AwsError: It can't be read.
    """
    events = [_event(record) for record in _records(result, aws)]
    found = set()
    for rule in aws.read(Query("events", "ListRules", {}, "Rules")) or () if events else ():
        if not rule.get("EventPattern") or not str(rule["State"]).startswith("ENABLED"):
            continue
        sources = json.loads(rule["EventPattern"]).get("source")
        for event in events:
            if sources is None or event["source"] in sources or not all(map(_is_text, sources)):
                where = {"EventPattern": rule["EventPattern"], "Event": json.dumps(event)}
                if aws.read(Query("events", "TestEventPattern", where, "Result")):
                    found.add(str(rule["Name"]))
    return tuple(sorted(found))


def _records(result: Result, aws: Reader) -> Iterator[Mapping[str, Any]]:
    made = {change.request_id for fault in result.faults for change in fault.changes} - {""}
    if not made or result.started is None:
        return
    since = {"StartTime": result.started - _SLACK}
    for text in aws.read(Query("cloudtrail", "LookupEvents", since, "Events[].CloudTrailEvent")) or ():
        record = json.loads(text)
        if record.get("requestID") in made:
            yield record


def _event(record: Mapping[str, Any]) -> dict[str, Any]:
    """As CloudTrail tells EventBridge (EventBridge User Guide, "AWS service events by CloudTrail")."""
    return {
        "version": "0",
        "id": record["eventID"],
        "detail-type": "AWS API Call via CloudTrail",
        "source": f"aws.{str(record['eventSource']).partition('.')[0]}",
        "account": record.get("recipientAccountId", ""),
        "time": record["eventTime"],
        "region": record["awsRegion"],
        "resources": [],
        "detail": record,
    }


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
