from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from chaoskit.sandbox.events.delivery import Deliveries
from chaoskit.sandbox.events.rules import Rule
from chaoskit.sandbox.events.targets import Delivery
from chaoskit.sandbox.sending import MOST_RETRIES

if TYPE_CHECKING:
    from chaoskit.sandbox.wire import Cloud

QUEUE = "arn:aws:sqs:us-east-1:444455556666:q"
DEAD = "arn:aws:sqs:us-east-1:444455556666:dead"


def error(code: str, status: int) -> ClientError:
    answer = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(cast("Any", answer), "SendMessage")


BUSY = error("ServiceUnavailable", 503)


class Faulty:
    """A cloud whose SQS fails as told, because the sandbox's own does not fail for a moment."""

    url = "http://127.0.0.1:1"
    pace = 1

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.sent: list[dict[str, Any]] = []
        self.slept: list[float] = []
        self.at = datetime(2024, 8, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds * self.pace)

    def service_principal(self, *_: Any, **__: Any) -> None:
        return None

    def client(self, *_: Any, **__: Any) -> Faulty:
        return self

    def send_message(self, **params: Any) -> None:
        if self.faults and not params["QueueUrl"].endswith("/dead"):
            raise self.faults.pop(0)
        self.sent.append(params)


def deliver(cloud: Faulty, **target: Any) -> Deliveries:
    deliveries = Deliveries(cast("Cloud", cloud))
    rule = Rule(
        "r", "arn:aws:events:us-east-1:444455556666:rule/r", "444455556666", "us-east-1", "default", ()
    )
    event = {"id": "e", "detail": {}}
    deliveries.deliver(Delivery(event, rule, {"Arn": QUEUE, **target}, cloud.at))
    return deliveries


@pytest.mark.parametrize(
    "fault", [BUSY, error("ThrottlingException", 400), EndpointConnectionError(endpoint_url="x")]
)
def test_a_fault_that_may_pass_is_tried_again_after_a_growing_wait(fault: Exception) -> None:
    cloud = Faulty(fault, fault)
    deliveries = deliver(cloud)
    assert len(cloud.sent) == 1
    assert cloud.slept == sorted(set(cloud.slept))
    assert len(cloud.slept) == 2
    assert not deliveries.failures


def test_retries_end_and_the_event_goes_to_the_dead_letter_queue() -> None:
    cloud = Faulty(*[BUSY] * 99)
    deliveries = deliver(cloud, DeadLetterConfig={"Arn": DEAD})
    assert len(cloud.slept) == MOST_RETRIES
    (letter,) = cloud.sent
    told = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert told["RETRY_ATTEMPTS"] == str(MOST_RETRIES)
    assert told["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert [failure.dead_lettered for failure in deliveries.failures] == [True]


def test_a_refusal_is_not_tried_again() -> None:
    cloud = Faulty(error("AccessDenied", 403))
    deliveries = deliver(cloud)
    assert cloud.slept == []
    assert [failure.code for failure in deliveries.failures] == ["AccessDenied"]


def test_the_retry_policy_of_a_target_is_kept() -> None:
    none = Faulty(BUSY, BUSY)
    deliver(none, RetryPolicy={"MaximumRetryAttempts": 0})
    assert none.slept == []
    one = Faulty(BUSY, BUSY)
    deliver(one, RetryPolicy={"MaximumRetryAttempts": 1})
    assert len(one.slept) == 1


def test_an_event_that_grew_too_old_is_given_up() -> None:
    cloud = Faulty(*[BUSY] * 99)
    cloud.pace = 1000
    deliveries = deliver(cloud, RetryPolicy={"MaximumEventAgeInSeconds": 60})
    assert [failure.retries for failure in deliveries.failures] == [1]


def test_what_no_target_can_be_is_counted_as_failed() -> None:
    cloud = Faulty()
    for arn in (
        "nonsense",
        "arn:aws:ecs:us-east-1:444455556666:cluster/c",
        "arn:aws:ssm:us-east-1:444455556666:x",
    ):
        deliveries = deliver(cloud, Arn=arn)
        assert len(deliveries.failures) == 1
