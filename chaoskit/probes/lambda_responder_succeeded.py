"""Looks whether a Lambda function repaired what the fault touched."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe
from chaoskit.probes._audit import trail_is_logging
from chaoskit.probes._findings import CLOCKS_AGREE
from chaoskit.probes._global import unless_unrecorded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Attempt, Trace


@probe("lambda.responder-succeeded")
class ResponderSucceeded(Probe):
    """The function's own role session changed something that the fault touched, after the fault.

    The evidence is the CloudTrail record of the repair: a function's role session bears the function's name
    (AWS Lambda Developer Guide, "Working with Lambda execution environment credentials"), and Lambda keeps
    no list of invocations to read. Data events are not in the event history that is looked up, and on AWS a
    record can take 15 minutes to get there (AWS CloudTrail User Guide, "Viewing recent management events");
    it is judged by its own time.

    Attributes:
        function: The function's name.
    """

    function: str

    reads = ("cloudtrail:LookupEvents", "cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus")

    def ready(self, aws: Reader) -> Observation:
        """A trail logs: without one EventBridge does not tell the function of the fault's calls."""
        return trail_is_logging(aws)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Look up the calls that the function has made since the fault's first."""
        refused: Mapping[str, Any] | None = None
        for record, touched in self._answers(aws, trace):
            if not record.get("errorCode"):
                return self._repaired(record, touched)
            refused = refused or record
        if refused:
            code, words = refused["errorCode"], refused.get("errorMessage", "")
            return Observation(
                holds=False,
                summary=f"function {self.function} could not {refused['eventName']}: {code}: {words}",
                evidence={"event_id": refused["eventID"], "failure": f"{code}: {words}"},
            )
        seen = Observation(
            holds=False, summary=f"function {self.function} has changed nothing that the fault touched"
        )
        return unless_unrecorded(seen, aws.region, trace)

    def _answers(self, aws: Reader, trace: Trace) -> Iterator[tuple[Mapping[str, Any], frozenset[str]]]:
        """The changes that the function has tried, oldest first, of what the fault had touched by then.

        Records tell whole seconds. Of the second of a call only what the history lists after it counts: the
        rest may be an answer to an earlier fault.
        """
        start = min((attempt.at for attempt in trace.attempts), default=trace.since) - CLOCKS_AGREE
        texts = aws.read(
            Query(
                "cloudtrail",
                "LookupEvents",
                {
                    "LookupAttributes": [{"AttributeKey": "ReadOnly", "AttributeValue": "false"}],
                    "StartTime": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
                },
                "Events[].CloudTrailEvent",
            )
        )
        applied = [attempt for attempt in trace.attempts if attempt.outcome == "applied"]
        listed: list[Attempt] = []
        for record in map(json.loads, reversed(texts or [])):
            if tie := trace.caused(record):
                listed.append(tie.attempt)
            if not _is_session(record, self.function):
                continue
            at = datetime.fromisoformat(record["eventTime"])
            before = [call for call in applied if call in listed or at > call.at]
            touched = _names(record) & frozenset[str]().union(*(call.touched() for call in before))
            if touched:
                yield record, touched

    def _repaired(self, record: Mapping[str, Any], touched: frozenset[str]) -> Observation:
        return Observation(
            holds=True,
            summary=f"function {self.function} succeeded with {record['eventName']}",
            evidence={
                "function": self.function,
                "event_id": record["eventID"],
                "role_session": record["userIdentity"]["arn"],
                "repaired": sorted(touched),
            },
            at=datetime.fromisoformat(record["eventTime"]),
            final=True,
        )


def _is_session(record: Mapping[str, Any], function: str) -> bool:
    """Whether a role session of that name made the call: an IAM user may be called the same."""
    identity = record.get("userIdentity") or {}
    return identity.get("type") == "AssumedRole" and str(identity.get("arn", "")).endswith(f"/{function}")


def _names(record: Mapping[str, Any]) -> frozenset[str]:
    """What a call names; a denied one may tell only in its words."""
    words = str(record.get("errorMessage", "")).replace("/", " ").split() if record.get("errorCode") else []
    values = (record.get("requestParameters") or {}).values()
    return frozenset({*words, *(value for value in values if isinstance(value, str))})
