"""Gets events to targets in the background: retries, dead-letter queues, counts. Nothing fails a caller.

Source: EventBridge User Guide, "How EventBridge retries delivering events" and "Using dead-letter queues".
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from chaoskit.sandbox.events.targets import EVENTS, invoke
from chaoskit.sandbox.events.transform import UnreadablePath, target_input
from chaoskit.sandbox.sending import DAY, attempt, persist, send_to_queue
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from chaoskit.sandbox.events.targets import Delivery
    from chaoskit.sandbox.wire import Cloud

_log = logging.getLogger(__name__)
_AWS_RETRIES = 185
_REMEMBERED = 1_000
_ACTS = frozenset({"lambda", "ssm", "states"})
_UNTIL_IT_ACTS = 0.1
"""Seconds until a responder is started: AWS takes longer, and a fault is to be seen before it is repaired."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A delivery that was given up."""

    rule: str
    target: str
    event_id: str
    code: str
    message: str
    retries: int
    dead_lettered: bool


class Deliveries:
    """Delivers and keeps count.

    Attributes:
        counts: How many events each rule `matched`, `delivered` and `failed`, by rule ARN and word.
        failures: The last thousand deliveries that were given up.
    """

    def __init__(self, cloud: Cloud) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.failures: deque[Failure] = deque(maxlen=_REMEMBERED)
        self._cloud = cloud
        self._lock = threading.Lock()

    def count(self, rule_arn: str, word: str) -> None:
        """Count one event of a rule."""
        with self._lock:
            self.counts[rule_arn, word] += 1

    def deliver(self, delivery: Delivery) -> None:
        """Deliver, retrying what may pass; what cannot be delivered goes to the dead-letter queue."""
        if delivery.service in _ACTS:
            self._cloud.sleep(_UNTIL_IT_ACTS)
        policy = delivery.target.get("RetryPolicy") or {}
        refused, retries = persist(
            self._cloud,
            partial(self._send, delivery),
            since=delivery.ingested,
            most=int(policy.get("MaximumRetryAttempts", _AWS_RETRIES)),
            oldest=int(policy.get("MaximumEventAgeInSeconds", DAY)),
        )
        if refused is None:
            self.count(delivery.rule.arn, "delivered")
        else:
            self._give_up(delivery, refused, retries)

    def _send(self, delivery: Delivery) -> None:
        try:
            text = target_input(
                delivery.target,
                delivery.event,
                rule_arn=delivery.rule.arn,
                rule_name=delivery.rule.name,
                ingested=delivery.ingested,
            )
        except UnreadablePath as error:
            raise ApiError("INVALID_INPUT_TRANSFORMER", str(error)) from None
        invoke(self._cloud, delivery, text)

    def _give_up(self, delivery: Delivery, refused: ApiError, retries: int) -> None:
        self.count(delivery.rule.arn, "failed")
        queue = (delivery.target.get("DeadLetterConfig") or {}).get("Arn")
        dead_lettered = bool(queue) and self._dead_letter(delivery, str(queue), refused, retries)
        failure = Failure(
            delivery.rule.arn,
            delivery.arn,
            str(delivery.event["id"]),
            refused.code,
            refused.message,
            retries,
            dead_lettered,
        )
        with self._lock:
            self.failures.append(failure)
        _log.warning("EventBridge could not deliver: %s", failure)

    def _dead_letter(self, delivery: Delivery, queue: str, refused: ApiError, retries: int) -> bool:
        told = {
            "RULE_ARN": delivery.rule.arn,
            "TARGET_ARN": delivery.arn,
            "ERROR_CODE": refused.code,
            "ERROR_MESSAGE": refused.message,
            "RETRY_ATTEMPTS": str(retries),
        }
        if retries:
            told["EXHAUSTED_RETRY_CONDITION"] = "MaximumRetryAttempts"
        attributes = {name: {"DataType": "String", "StringValue": text or "-"} for name, text in told.items()}
        principal = self._cloud.service_principal(
            EVENTS, account=delivery.rule.account, source_arn=delivery.rule.arn
        )
        text = _event_text(delivery)
        error = attempt(
            lambda: send_to_queue(self._cloud, principal, queue, text, MessageAttributes=attributes)
        )
        if error is not None:
            _log.warning("the dead-letter queue %s of rule %s refused: %s", queue, delivery.rule.arn, error)
        return error is None


def _event_text(delivery: Delivery) -> str:
    return target_input(
        {},
        delivery.event,
        rule_arn=delivery.rule.arn,
        rule_name=delivery.rule.name,
        ingested=delivery.ingested,
    )
