"""How a service sends what it has for another: as itself, by the front door, again where that may help."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chaoskit.sandbox.wire import Cloud, Principal

MOST_RETRIES = 3
"""Retries of one delivery (AWS: up to 185 in 24 hours from EventBridge, 100,015 in 23 days from SNS)."""
DAY = 86_400
_BACKOFF = 0.1
_SERVER_FAULT = 500
_ARN_PARTS = 6
_RETRYABLE = frozenset(
    {
        "ThrottlingException",
        "Throttling",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "KMSThrottlingException",
    }
)


def persist(
    cloud: Cloud,
    send: Callable[[], None],
    *,
    since: datetime,
    most: int = MOST_RETRIES,
    oldest: float = DAY,
) -> tuple[ApiError | None, int]:
    """Send, and again after a growing wait while that may help; what it came to, and after how many retries.

    Args:
        cloud: The sandbox.
        send: Sends once; raises `ApiError` or what boto3 raises.
        since: When what is sent came about.
        most: The most retries, never more than `MOST_RETRIES`.
        oldest: The seconds after which it is given up.
    """
    retries = 0
    while True:
        refused = attempt(send)
        if refused is None:
            return None, retries
        age = (cloud.now() - since).total_seconds()
        if not _may_pass(refused) or retries >= min(most, MOST_RETRIES) or age > oldest:
            return refused, retries
        cloud.sleep(_BACKOFF * 2**retries)
        retries += 1


def attempt(send: Callable[[], None]) -> ApiError | None:
    """Send once; why it was refused, or None."""
    try:
        send()
    except ApiError as error:
        return error
    except ClientError as error:
        return _said(error)
    except BotoCoreError as error:
        return ApiError("CONNECTION_FAILURE", str(error), 503)
    return None


def send_to_queue(cloud: Cloud, principal: Principal, arn: str, text: str, **more: Any) -> None:
    """Send a message to a queue named by its ARN."""
    _, _, _, region, account, name = arn.split(":", _ARN_PARTS - 1)
    client = cloud.client("sqs", principal, region=region)
    client.send_message(QueueUrl=f"{cloud.url}/{account}/{name}", MessageBody=text, **more)


def send_to_topic(cloud: Cloud, principal: Principal, arn: str, text: str, **more: Any) -> None:
    """Publish to a topic named by its ARN."""
    cloud.client("sns", principal, region=arn.split(":")[3]).publish(TopicArn=arn, Message=text, **more)


def send_to_function(cloud: Cloud, principal: Principal, arn: str, text: str, *, dry: bool = False) -> None:
    """Invoke a function named by its ARN and don't wait for it; `dry` only asks whether it may be invoked."""
    client = cloud.client("lambda", principal, region=arn.split(":")[3])
    client.invoke(FunctionName=arn, InvocationType="DryRun" if dry else "Event", Payload=text.encode())


def compact(value: Any) -> str:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _said(error: ClientError) -> ApiError:
    answer: dict[str, Any] = dict(error.response)
    said = answer.get("Error", {})
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return ApiError(str(said.get("Code", "")), str(said.get("Message", "")), int(status))


def _may_pass(error: ApiError) -> bool:
    """Whether a retry may help: a refusal or a missing target stays one.

    Sources: EventBridge User Guide, "How EventBridge retries delivering events"; SNS Developer Guide,
    "Message delivery retries".
    """
    return error.status >= _SERVER_FAULT or error.code in _RETRYABLE
