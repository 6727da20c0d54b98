"""How each kind of target is invoked: by that service's API, as EventBridge itself or as the target's role.

Source: EventBridge User Guide, "Event bus targets" and "Permissions for targets".
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.sending import send_to_function, send_to_queue, send_to_topic
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from chaoskit.sandbox.events.rules import Rule
    from chaoskit.sandbox.wire import Cloud, Principal

    Invoke = Callable[["Cloud", "Delivery", str], None]

EVENTS = "events.amazonaws.com"
_ARN_PARTS = 6


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one target of one rule."""

    event: Mapping[str, Any]
    rule: Rule
    target: Mapping[str, Any]
    ingested: datetime
    forwarded: Callable[[Mapping[str, Any]], str] | None = None

    @property
    def arn(self) -> str:
        """The target's ARN."""
        return str(self.target.get("Arn", ""))

    @property
    def service(self) -> str:
        """The target's service, as its ARN names it; empty when it is no ARN."""
        return self.arn.split(":")[2] if self.arn.count(":") >= _ARN_PARTS - 1 else ""

    @property
    def resource(self) -> str:
        """The last part of the target's ARN."""
        return self.arn.split(":", _ARN_PARTS - 1)[-1]

    @property
    def region(self) -> str:
        """The target's region."""
        return self.arn.split(":")[3] or self.rule.region

    @property
    def account(self) -> str:
        """The target's account."""
        return self.arn.split(":")[4]


def invoke(cloud: Cloud, delivery: Delivery, text: str) -> None:
    """Invoke a target with its input.

    Raises:
        ApiError: The target's service refused, the role cannot be assumed, or this kind of target is unknown.
        botocore.exceptions.ClientError: The target's service answered with an error.
    """
    kind = delivery.service
    if not kind:
        raise ApiError("INVALID_TARGET", f"'{delivery.arn}' is no ARN of a target.")
    if kind == "ssm" and not delivery.resource.startswith("automation-definition/"):
        kind = ""
    known = _TARGETS.get(kind)
    if known is None:
        raise ApiError("UNSUPPORTED_TARGET", f"The embedded EventBridge cannot deliver to {delivery.arn}.")
    known(cloud, delivery, text)


def acting(cloud: Cloud, delivery: Delivery, *, role_needed: bool = False) -> Principal:
    """Whom a delivery acts as: the target's role, else EventBridge itself on behalf of the rule."""
    role = delivery.target.get("RoleArn")
    if role:
        return cloud.assume(
            str(role),
            service=EVENTS,
            session_name=uuid.uuid5(uuid.NAMESPACE_OID, delivery.rule.arn).hex,
            source_arn=delivery.rule.arn,
        )
    if role_needed:
        raise ApiError("INVALID_TARGET", f"RoleArn is required for target {delivery.arn}.")
    return cloud.service_principal(EVENTS, account=delivery.rule.account, source_arn=delivery.rule.arn)


def _queue(cloud: Cloud, delivery: Delivery, text: str) -> None:
    more: dict[str, Any] = {}
    group = (delivery.target.get("SqsParameters") or {}).get("MessageGroupId")
    if group:
        more["MessageGroupId"] = str(group)
    if delivery.arn.endswith(".fifo"):
        more["MessageDeduplicationId"] = str(delivery.event["id"])
    send_to_queue(cloud, acting(cloud, delivery), delivery.arn, text, **more)


def _topic(cloud: Cloud, delivery: Delivery, text: str) -> None:
    send_to_topic(cloud, acting(cloud, delivery), delivery.arn, text)


def _function(cloud: Cloud, delivery: Delivery, text: str) -> None:
    send_to_function(cloud, acting(cloud, delivery), delivery.arn, text)


def _log_group(cloud: Cloud, delivery: Delivery, text: str) -> None:
    group = delivery.resource.removeprefix("log-group:").removesuffix(":*")
    client = cloud.client("logs", acting(cloud, delivery), region=delivery.region)
    stream = str(uuid.uuid4())
    client.create_log_stream(logGroupName=group, logStreamName=stream)
    at = int(delivery.ingested.timestamp() * 1000)
    client.put_log_events(
        logGroupName=group, logStreamName=stream, logEvents=[{"timestamp": at, "message": text}]
    )


def _automation(cloud: Cloud, delivery: Delivery, text: str) -> None:
    name, _, version = delivery.resource.removeprefix("automation-definition/").partition(":")
    client = cloud.client("ssm", acting(cloud, delivery, role_needed=True), region=delivery.region)
    client.start_automation_execution(
        DocumentName=name, DocumentVersion=version or "$DEFAULT", Parameters=_parameters(text)
    )


def _parameters(text: str) -> dict[str, list[str]]:
    """An automation's parameters: a JSON object, each value a list of strings."""
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise ApiError("INVALID_JSON", "The input of an Automation target is a JSON object of parameters.")
    for name, values in given.items():
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise ApiError(
                "INVALID_PARAMETER", f"Parameter {name} of an Automation target must be a list of strings."
            )
    return given


def _state_machine(cloud: Cloud, delivery: Delivery, text: str) -> None:
    client = cloud.client("stepfunctions", acting(cloud, delivery, role_needed=True), region=delivery.region)
    client.start_execution(stateMachineArn=delivery.arn, input=text)


def _bus(cloud: Cloud, delivery: Delivery, _: str) -> None:
    """Send the event itself on: targets of this kind take no transformed input."""
    if delivery.forwarded is None:
        raise ApiError("INVALID_TARGET", "An event that came from another bus is not sent on to a third.")
    client = cloud.client("events", acting(cloud, delivery), region=delivery.region)
    event = delivery.event
    answer = client.put_events(
        Entries=[
            {
                "Source": str(event["source"]),
                "DetailType": str(event["detail-type"]),
                "Detail": json.dumps(event["detail"]),
                "EventBusName": delivery.arn,
                "TraceHeader": delivery.forwarded(event),
            }
        ]
    )
    for entry in answer["Entries"]:
        if "ErrorCode" in entry:
            raise ApiError(entry["ErrorCode"], entry.get("ErrorMessage", ""))


_TARGETS: Mapping[str, Invoke] = {
    "events": _bus,
    "lambda": _function,
    "logs": _log_group,
    "sns": _topic,
    "sqs": _queue,
    "ssm": _automation,
    "states": _state_machine,
}
