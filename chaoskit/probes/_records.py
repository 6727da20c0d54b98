"""The CloudTrail records of a run, wherever the account's trails bring them."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Query
from chaoskit.contract import session_name
from chaoskit.errors import AwsError
from chaoskit.probes._global import unrecorded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Tie, Trace

READS: Final = (
    "cloudtrail:DescribeTrails",
    "cloudtrail:GetTrailStatus",
    "cloudtrail:LookupEvents",
    "logs:FilterLogEvents",
    "s3:ListObjectsV2",
    "s3:GetObject",
)
"""The operations that `records` may call."""
_LONGEST_PATTERN: Final = 1024
"""Characters (CloudWatch Logs API Reference, FilterLogEvents, `filterPattern`)."""
_LOOKUPS_EVERY_S: Final = 0.5
_MOST_TRIES: Final = 6


@dataclass(frozen=True, slots=True)
class Found:
    """A record of the run, what ties it to the run, and where and when it could be read.

    Attributes:
        at: When the log group or the bucket had it; None where AWS does not say (event history).
    """

    record: Mapping[str, Any]
    tie: Tie
    source: str
    at: datetime | None = None


def records(aws: Reader, trace: Trace, log_group: str | None = None) -> list[Found]:
    """The run's own records, oldest first.

    A trail's log group has them all. Without one that can be read here, management events are in event
    history, and data events in the trail's log files (CloudTrail User Guide, "CloudTrail concepts").

    Raises:
        AwsError: A source can't be read.
    """
    trails = _trails(aws)
    group = log_group or next((name for trail in trails if (name := _group_here(aws, trail))), None)
    found = list(_logged(aws, trace, group)) if group else list(_history(aws, trace))
    seen = [each.tie.attempt for each in found]
    if not group and (not seen or any(attempt not in seen for attempt in trace.attempts)):
        found += _log_files(aws, trace, next(iter(trails), None))
    once = {str(each.record.get("eventID")): each for each in reversed(found)}
    return sorted(once.values(), key=lambda each: (str(each.record.get("eventTime")), each.tie.attempt.at))


def out_of_reach(aws: Reader, services: Iterable[str], log_group: str | None = None) -> str:
    """Why `records` has none of these services, wherever it looks; empty if it may have some.

    Only a log group has calls of other regions, those of a trail of all regions.

    Raises:
        AwsError: The trails can't be read.
    """
    why = unrecorded(aws.region, services)
    if not why or log_group:
        return ""
    trail: Mapping[str, Any] = next((each for each in _trails(aws) if _group_here(aws, each)), {})
    return "" if trail.get("IsMultiRegionTrail") else why


def lookup(aws: Reader, query: Query) -> Any:
    """Read event history, which answers two requests a second (CloudTrail API Reference, LookupEvents).

    What is throttled is asked again after half a second.

    Raises:
        AwsError: It can't be read.
    """
    from tenacity import (  # noqa: PLC0415 - probes are scanned by every command, and this takes a while
        Retrying,
        retry_if_exception,
        stop_after_attempt,
        wait_fixed,
        wait_random,
    )

    again = Retrying(
        retry=retry_if_exception(lambda e: isinstance(e, AwsError) and e.code == "ThrottlingException"),
        wait=wait_fixed(_LOOKUPS_EVERY_S) + wait_random(0, _LOOKUPS_EVERY_S / 2),
        stop=stop_after_attempt(_MOST_TRIES),
        reraise=True,
    )
    return again(aws.read, query)


def _history(aws: Reader, trace: Trace) -> Iterator[Found]:
    """By the session's name and the leaked keys; by the event's name for a run without a session."""
    keys = {a.call.signed_by.access_key_id for a in trace.attempts if a.call.signed_by}
    asked = [("Username", session_name(trace.trace_id)), *(("AccessKeyId", key) for key in sorted(keys))]
    events = [event for attribute in asked for event in _looked_up(aws, trace, *attribute)]
    if not events:
        names = {attempt.call.operation for attempt in trace.attempts}
        events = [event for name in sorted(names) for event in _looked_up(aws, trace, "EventName", name)]
    for event in events:
        yield from _own(json.loads(event), trace, "event history", None)


def _looked_up(aws: Reader, trace: Trace, attribute: str, value: str) -> list[str]:
    found: list[str] = lookup(
        aws,
        Query(
            "cloudtrail",
            "LookupEvents",
            {
                "LookupAttributes": [{"AttributeKey": attribute, "AttributeValue": value}],
                "StartTime": trace.since.isoformat(),
            },
            "Events[].CloudTrailEvent",
        ),
    )
    return found or []


def _logged(aws: Reader, trace: Trace, group: str) -> Iterator[Found]:
    terms = [
        f'($.userAgent = "*run/{trace.trace_id}*")',
        f'($.userIdentity.arn = "*/{session_name(trace.trace_id)}")',
        *(f'($.requestID = "{attempt.request_id}")' for attempt in trace.attempts if attempt.request_id),
    ]
    for event in (event for pattern in _patterns(terms) for event in _matching(aws, trace, group, pattern)):
        at = datetime.fromtimestamp(event["at"] / 1000, UTC) if event.get("at") else None
        try:
            record = json.loads(event["message"])
        except ValueError:  # the group that was named holds something else too
            continue
        if isinstance(record, dict):
            yield from _own(record, trace, f"log group {group}", at)


def _patterns(terms: list[str]) -> Iterator[str]:
    """As few patterns as hold the terms, of which one must match."""
    held: list[str] = []
    for term in terms:
        if held and len(_pattern([*held, term])) > _LONGEST_PATTERN:
            yield _pattern(held)
            held = []
        held.append(term)
    yield _pattern(held)


def _pattern(terms: list[str]) -> str:
    return f"{{ {' || '.join(terms)} }}"


def _matching(aws: Reader, trace: Trace, group: str, pattern: str) -> list[Mapping[str, Any]]:
    where = {
        "logGroupName": group,
        "startTime": int(trace.since.timestamp() * 1000) - 1000,  # eventTime has whole seconds
        "filterPattern": pattern,
    }
    select = "events[].{message: message, at: ingestionTime}"
    return aws.read(Query("logs", "FilterLogEvents", where, select)) or []


def _log_files(aws: Reader, trace: Trace, trail: Mapping[str, Any] | None) -> Iterator[Found]:
    """From the trail's bucket; a file's name says when it was delivered, so none from before is read."""
    if trail is None or trail.get("IsOrganizationTrail"):
        return
    parts = (trail.get("S3KeyPrefix"), "AWSLogs", aws.account, "CloudTrail", aws.region)
    folder = "/".join(str(part) for part in parts if part)
    since = (trace.since - timedelta(minutes=1)).astimezone(UTC)
    first = f"{folder}/{since:%Y/%m/%d}/{aws.account}_CloudTrail_{aws.region}_{since:%Y%m%dT%H%MZ}"
    where = {"Bucket": trail["S3BucketName"], "Prefix": f"{folder}/", "StartAfter": first}
    files = aws.read(Query("s3", "ListObjectsV2", where, "Contents[].{key: Key, at: LastModified}")) or []
    for file in files:
        body = aws.read(
            Query("s3", "GetObject", {"Bucket": trail["S3BucketName"], "Key": file["key"]}, "Body")
        )
        for record in json.loads(gzip.decompress(body.read())).get("Records", []):
            at = datetime.fromisoformat(file["at"])
            yield from _own(record, trace, f"s3://{trail['S3BucketName']}/{file['key']}", at)


def _own(record: Mapping[str, Any], trace: Trace, source: str, at: datetime | None) -> Iterator[Found]:
    tie = trace.caused(record)
    if tie:
        yield Found(record, tie, source, at)


def _trails(aws: Reader) -> list[Mapping[str, Any]]:
    return aws.read(Query("cloudtrail", "DescribeTrails", {}, "trailList")) or []


def _group_here(aws: Reader, trail: Mapping[str, Any]) -> str | None:
    """The name in `arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*`, where it is of this region and account.

    A trail of all regions has its group in its own, and an organization's in another account.
    """
    parts = str(trail.get("CloudWatchLogsLogGroupArn", "")).split(":")
    return parts[6] if parts[3:5] == [aws.region, aws.account] else None
