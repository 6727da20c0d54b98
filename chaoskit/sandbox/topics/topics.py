"""Sees what is published, and delivers it: filters, retries, dead-letter queues.

Sources: SNS Developer Guide, "Message delivery retries", "Dead-letter queues" and "Message ordering for
FIFO topics".
"""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import threading
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.detect import InvalidEventPattern
from chaoskit.sandbox.mailbox import Mailbox
from chaoskit.sandbox.sending import attempt, compact, persist, send_to_function, send_to_queue
from chaoskit.sandbox.state import backends
from chaoskit.sandbox.topics.filters import passes
from chaoskit.sandbox.topics.message import Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.sandbox.wire import Answer, ApiCall, Cloud

SNS = "sns.amazonaws.com"
_log = logging.getLogger(__name__)
_REMEMBERED = 1_000
_FIRST = 10_000_000_000_000_000_000
_STEP = 1_000


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription, as it was when the message was published."""

    arn: str
    protocol: str
    endpoint: str
    attributes: Mapping[str, Any]

    @property
    def raw(self) -> bool:
        """Whether a queue gets the message as it is."""
        return str(self.attributes.get("RawMessageDelivery")).lower() == "true"

    @property
    def dead_letters(self) -> str:
        """The ARN of the queue for what cannot be delivered, or empty."""
        policy = self.attributes.get("RedrivePolicy")
        return str(json.loads(policy).get("deadLetterTargetArn", "")) if policy else ""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A message that a subscriber did not get."""

    subscription: str
    message_id: str
    code: str
    message: str
    retries: int
    dead_lettered: bool


class Topics:
    """Observer of `Publish` and `PublishBatch` (`wire.Observer`).

    Attributes:
        failures: The last thousand deliveries that were given up.
    """

    def __init__(self, cloud: Cloud) -> None:
        self.failures: deque[Undelivered] = deque(maxlen=_REMEMBERED)
        self._cloud = cloud
        self._lock = threading.Lock()
        self._sequence = itertools.count(_FIRST, _STEP)
        self._in_order: dict[str, Mailbox] = {}

    def __call__(self, call: ApiCall, answer: Answer) -> None:
        """Deliver what was just published."""
        if call.service != "sns" or answer.error is not None or answer.output is None:
            return
        if call.operation not in ("Publish", "PublishBatch"):
            return
        topic = str(call.params.get("TopicArn") or call.params.get("TargetArn") or "")
        subscriptions, digested = self._subscriptions(topic)
        if not subscriptions:
            return
        for message_id, entry in _published(call, answer.output):
            message = self._message(topic, message_id, call, entry, digested=digested)
            for subscription in subscriptions:
                if _wants(subscription, message):
                    self._post(subscription, message)

    def _subscriptions(self, topic: str) -> tuple[list[Subscription], bool]:
        """A topic's subscriptions, and whether a message's digest is its deduplication id."""
        parts = topic.split(":")
        if len(parts) != 6 or "/" in parts[5]:  # noqa: PLR2004 - an ARN's parts; a platform endpoint has a slash
            return [], False
        with self._cloud.lock:
            backend = backends("sns")[parts[4]][parts[3]]
            kept = backend.topics.get(topic)
            found = [
                Subscription(one.arn, one.protocol, one.endpoint, dict(one.attributes))
                for one in backend.subscriptions.values()
                if one.topic.arn == topic
            ]
        digested = kept is not None and str(kept.content_based_deduplication).lower() == "true"
        return found, digested

    def _message(
        self, topic: str, message_id: str, call: ApiCall, entry: Mapping[str, Any], *, digested: bool
    ) -> Message:
        body, fifo = str(entry.get("Message", "")), topic.endswith(".fifo")
        digest = hashlib.sha256(body.encode()).hexdigest() if digested else ""
        return Message(
            id=message_id,
            topic=topic,
            at=call.at,
            body=body,
            subject=str(entry.get("Subject") or ""),
            attributes=entry.get("MessageAttributes") or {},
            structured=entry.get("MessageStructure") == "json",
            group=str(entry.get("MessageGroupId") or "") if fifo else "",
            deduplication=str(entry.get("MessageDeduplicationId") or digest) if fifo else "",
            sequence=str(next(self._sequence)) if fifo else "",
        )

    def _post(self, subscription: Subscription, message: Message) -> None:
        work = partial(self._deliver, subscription, message)
        if not message.sequence:
            self._cloud.spawn(work)
            return
        with self._lock:
            mailbox = self._in_order.setdefault(subscription.arn, Mailbox(self._cloud.spawn))
        mailbox.post(work)

    def _deliver(self, subscription: Subscription, message: Message) -> None:
        send = partial(self._send, subscription, message)
        refused, retries = persist(self._cloud, send, since=message.at)
        if refused is None:
            return
        queue = subscription.dead_letters
        buried = bool(queue) and attempt(partial(self._queue, subscription, message, queue)) is None
        failure = Undelivered(
            subscription.arn, message.id, refused.code, refused.message, retries, dead_lettered=buried
        )
        self.failures.append(failure)
        _log.warning("SNS could not deliver: %s", failure)

    def _send(self, subscription: Subscription, message: Message) -> None:
        if subscription.protocol == "sqs":
            self._queue(subscription, message, subscription.endpoint)
            return
        event = compact(message.lambda_event(subscription.arn))
        send_to_function(self._cloud, self._as(message), subscription.endpoint, event)

    def _queue(self, subscription: Subscription, message: Message, queue: str) -> None:
        more: dict[str, Any] = {}
        if queue.endswith(".fifo"):
            more = {"MessageGroupId": message.group, "MessageDeduplicationId": message.deduplication}
        if subscription.raw:
            text = message.text("sqs")
            if message.attributes:
                more["MessageAttributes"] = message.attributes
        else:
            text = compact(message.envelope(subscription.arn, "sqs"))
        send_to_queue(self._cloud, self._as(message), queue, text, **more)

    def _as(self, message: Message) -> Any:
        account = message.topic.split(":")[4]
        return self._cloud.service_principal(SNS, account=account, source_arn=message.topic)


def _published(call: ApiCall, output: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What was accepted: each message's id and parameters."""
    if call.operation == "Publish":
        yield str(output["MessageId"]), call.params
        return
    entries = {entry["Id"]: entry for entry in call.params.get("PublishBatchRequestEntries") or ()}
    for done in output.get("Successful") or ():
        yield str(done["MessageId"]), entries[done["Id"]]


def _wants(subscription: Subscription, message: Message) -> bool:
    if subscription.protocol not in ("sqs", "lambda"):
        return False
    try:
        return passes(subscription.attributes, message, subscription.protocol)
    except InvalidEventPattern as problem:
        _log.warning("the filter policy of %s cannot match: %s", subscription.arn, problem)
        return False
