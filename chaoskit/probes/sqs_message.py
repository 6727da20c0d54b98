"""Looks whether an alert of any kind arrived in a queue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe
from chaoskit.probes._findings import check_path, opened, search, tied

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("sqs.message")
class QueueMessage(Probe):
    """A message that stems from this run is in the queue, and says what is expected.

    Only messages that carry the run's user agent are taken from the queue; what SNS wrapped is
    unwrapped. Without `match` and `pattern` any of them counts.

    Attributes:
        queue: The queue's URL.
        match: A JMESPath expression on the message's JSON that must be true (not null, false or empty).
        pattern: An event pattern, as JSON text, that EventBridge is asked to match with the message.
    """

    queue: str
    match: str | None = None
    pattern: str | None = None

    reads = ("sqs:GetQueueAttributes", "sqs:ReceiveMessage", "events:TestEventPattern")

    def __post_init__(self) -> None:
        """Refuse expressions that can't be read."""
        if self.match is not None:
            check_path("match", self.match)
        if self.pattern is not None:
            try:
                json.loads(self.pattern)
            except ValueError as error:
                raise ValueError(f"pattern is not JSON: {error}") from error

    def ready(self, aws: Reader) -> Observation:
        """The queue exists."""
        where = {"QueueUrl": self.queue, "AttributeNames": ["QueueArn"]}
        absent = ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue")
        arn = aws.read(Query("sqs", "GetQueueAttributes", where, "Attributes.QueueArn", absent=absent))
        return Observation(
            holds=arn is not None, summary=f"{arn} exists" if arn else f"there is no queue {self.queue}"
        )

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the queue and compare its messages with the run's calls."""
        for message in aws.messages(self.queue):
            said = opened(message.body)
            tie = tied(said, trace, message.sent)
            if tie and self._fits(aws, said):
                return Observation(
                    holds=True,
                    summary=f"message {message.id} in {self.queue.rpartition('/')[2]} tells of this run",
                    evidence={
                        "message_id": message.id,
                        "sent": message.sent.isoformat(),
                        "tied_by": tie.by,
                        "about": str(tie.attempt.call),
                    },
                    at=message.sent,
                    cause=tie.attempt.at,
                    final=True,
                )
        return Observation(holds=False, summary="no message of this run that fits has arrived")

    def _fits(self, aws: Reader, said: Any) -> bool:
        if self.match is not None and not search(self.match, said):
            return False
        if self.pattern is None:
            return True
        where = {"EventPattern": self.pattern, "Event": json.dumps(said)}
        return bool(aws.read(Query("events", "TestEventPattern", where, "Result")))
