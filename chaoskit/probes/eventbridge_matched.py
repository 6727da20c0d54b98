"""Looks whether an EventBridge rule reported the fault."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe
from chaoskit.probes._audit import trail_is_logging
from chaoskit.probes._global import unless_unrecorded, unrecorded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Message, Reader
    from chaoskit.contract import Trace


@probe("eventbridge.matched")
class Matched(Probe):
    """The rule matched the CloudTrail record of one of the fault's own calls, and said so in its queue.

    The rule's SQS target is read. A target whose input template is
    `{"rule": "<aws.events.rule-name>", "event": <aws.events.event.json>}` names the rule itself; for
    a plain target EventBridge is asked whether the rule's pattern matches the message.

    Attributes:
        rule: The rule's name.
        bus: The event bus it is on.
        queue: URL of the queue to read, when the rule has several.
    """

    rule: str
    bus: str = "default"
    queue: str | None = None

    reads = (
        "events:DescribeRule",
        "events:ListTargetsByRule",
        "events:TestEventPattern",
        "sqs:GetQueueUrl",
        "sqs:ReceiveMessage",
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetTrailStatus",
    )

    def ready(self, aws: Reader) -> Observation:
        """The rule exists and is enabled, has a queue, and a trail logs."""
        rule = self._rule(aws)
        if rule is None:
            return Observation(holds=False, summary=f"there is no rule {self.rule} on bus {self.bus}")
        if not str(rule["State"]).startswith("ENABLED"):
            return Observation(holds=False, summary=f"rule {self.rule} is {rule['State']}")
        if why := self._unheard(aws, rule):
            return Observation(holds=False, summary=why)
        if self._queue_url(aws) is None:
            return Observation(holds=False, summary=f"rule {self.rule} has no SQS target to read alerts from")
        return trail_is_logging(aws)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the queue and compare its messages with the run's calls."""
        queue_url = self._queue_url(aws)
        if queue_url is None:
            return Observation(holds=None, summary=f"rule {self.rule} has no SQS target to read alerts from")
        for message in aws.messages(queue_url):
            named, event = _opened(message)
            record = event.get("detail") or {}
            tie = trace.caused(record)
            if tie and (named == self.rule if named else self._matches(aws, event)):
                return Observation(
                    holds=True,
                    summary=f"rule {self.rule} reported {record.get('eventName')}",
                    evidence={
                        "rule": self.rule,
                        "cloudtrail_event_id": record.get("eventID"),
                        "event_name": record.get("eventName"),
                        "event_time": record.get("eventTime"),
                        "source_ip": record.get("sourceIPAddress"),
                        "tied_by": tie.by,
                        "message_id": message.id,
                        "sent": message.sent.isoformat(),
                    },
                    at=message.sent,
                    cause=tie.attempt.at,
                    final=True,
                )
        seen = Observation(holds=False, summary=f"rule {self.rule} has not reported a call of this run")
        return unless_unrecorded(seen, aws.region, trace) if self.bus == "default" else seen

    def _unheard(self, aws: Reader, rule: Mapping[str, Any]) -> str:
        """Why this region's bus never hears of what the rule is about; a bus of its own may be told."""
        if self.bus != "default":
            return ""
        try:
            pattern = json.loads(rule.get("EventPattern") or "{}")
        except ValueError:
            return ""
        sources = [*pattern.get("source", []), *pattern.get("detail", {}).get("eventSource", [])]
        return unrecorded(aws.region, (each if isinstance(each, str) else "" for each in sources))

    def _rule(self, aws: Reader) -> Mapping[str, Any] | None:
        where = {"Name": self.rule, "EventBusName": self.bus}
        rule: Mapping[str, Any] | None = aws.read(
            Query("events", "DescribeRule", where, absent=("ResourceNotFoundException",))
        )
        return rule

    def _queue_url(self, aws: Reader) -> str | None:
        if self.queue:
            return self.queue
        arns = aws.read(
            Query(
                "events",
                "ListTargetsByRule",
                {"Rule": self.rule, "EventBusName": self.bus},
                "Targets[].Arn",
                absent=("ResourceNotFoundException",),
            )
        )
        queues = [arn.split(":") for arn in arns or [] if arn.startswith("arn:aws:sqs:")]
        if not queues:
            return None
        *_, account, name = queues[0]
        where = {"QueueName": name, "QueueOwnerAWSAccountId": account}
        url: str = aws.read(Query("sqs", "GetQueueUrl", where, "QueueUrl"))
        return url

    def _matches(self, aws: Reader, event: Mapping[str, Any]) -> bool:
        rule = self._rule(aws)
        if rule is None:
            return False
        where = {"EventPattern": rule["EventPattern"], "Event": json.dumps(event)}
        return bool(aws.read(Query("events", "TestEventPattern", where, "Result")))


def _opened(message: Message) -> tuple[str | None, Mapping[str, Any]]:
    """The rule's name, where the message says it, and the event."""
    try:
        body = json.loads(message.body)
    except ValueError:
        return None, {}
    if not isinstance(body, dict):
        return None, {}
    if isinstance(body.get("event"), dict) and isinstance(body.get("rule"), str):
        return body["rule"], body["event"]
    return None, body
