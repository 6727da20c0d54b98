"""Gets events to targets in the background: retries, dead-letter queues, counts. Nothing fails a caller.

Source: EventBridge User Guide, "How EventBridge retries delivering events" and "Using dead-letter queues".
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chaoskit.sandbox.events.targets import EVENTS, invoke, send_to_queue
from chaoskit.sandbox.events.transform import UnreadablePath, target_input
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from chaoskit.sandbox.events.targets import Delivery
    from chaoskit.sandbox.wire import Cloud

_log = logging.getLogger(__name__)
MOST_RETRIES = 3
"""Retries of one delivery, however many its policy allows (AWS: up to 185 in 24 hours)."""
_BACKOFF = 0.1
_AWS_RETRIES = 185
_DAY = 86_400
_SERVER_FAULT = 500
_REMEMBERED = 1_000
_RETRYABLE = frozenset(
    {
        "ThrottlingException",
        "Throttling",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "KMSThrottlingException",
    }
)


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
        policy = delivery.target.get("RetryPolicy") or {}
        most = min(int(policy.get("MaximumRetryAttempts", _AWS_RETRIES)), MOST_RETRIES)
        oldest = int(policy.get("MaximumEventAgeInSeconds", _DAY))
        retries = 0
        while True:
            refused = self._attempt(delivery)
            if refused is None:
                self.count(delivery.rule.arn, "delivered")
                return
            age = (self._cloud.now() - delivery.ingested).total_seconds()
            if not _may_pass(refused) or retries >= most or age > oldest:
                break
            self._cloud.sleep(_BACKOFF * 2**retries)
            retries += 1
        self._give_up(delivery, refused, retries)

    def _attempt(self, delivery: Delivery) -> ApiError | None:
        try:
            text = target_input(
                delivery.target,
                delivery.event,
                rule_arn=delivery.rule.arn,
                rule_name=delivery.rule.name,
                ingested=delivery.ingested,
            )
            invoke(self._cloud, delivery, text)
        except ApiError as error:
            return error
        except ClientError as error:
            return _said(error)
        except BotoCoreError as error:
            return ApiError("CONNECTION_FAILURE", str(error), 503)
        except UnreadablePath as error:
            return ApiError("INVALID_INPUT_TRANSFORMER", str(error))
        return None

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
        try:
            send_to_queue(self._cloud, principal, queue, _event_text(delivery), MessageAttributes=attributes)
        except (ClientError, BotoCoreError, ApiError) as error:
            _log.warning("the dead-letter queue %s of rule %s refused: %s", queue, delivery.rule.arn, error)
            return False
        return True


def _event_text(delivery: Delivery) -> str:
    return target_input(
        {},
        delivery.event,
        rule_arn=delivery.rule.arn,
        rule_name=delivery.rule.name,
        ingested=delivery.ingested,
    )


def _said(error: ClientError) -> ApiError:
    answer: dict[str, Any] = dict(error.response)
    said = answer.get("Error", {})
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return ApiError(str(said.get("Code", "")), str(said.get("Message", "")), int(status))


def _may_pass(error: ApiError) -> bool:
    """Whether a retry may help: a refusal or a missing target stays one (same source)."""
    return error.status >= _SERVER_FAULT or error.code in _RETRYABLE
