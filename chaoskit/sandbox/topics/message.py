"""A published message, and the forms in which subscribers get it.

Sources: SNS Developer Guide, "Fanout to Amazon SQS queues", "Amazon SNS raw message delivery" and "Message
delivery for FIFO topics"; Lambda Developer Guide, "Invoking Lambda functions with Amazon SNS notifications".
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_UNSIGNED = base64.b64encode(b"The embedded sandbox signs no messages.").decode()
_CERTIFICATE = "SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes:
        attributes: As `Publish` takes them, `{name: {DataType, StringValue | BinaryValue}}`.
        structured: Whether the body is a JSON object of one text for each protocol.
        group: The message group of a FIFO topic.
        deduplication: The deduplication id of a FIFO topic.
        sequence: The number of a FIFO topic's message, or empty.
    """

    id: str
    topic: str
    at: datetime
    body: str
    subject: str = ""
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    structured: bool = False
    group: str = ""
    deduplication: str = ""
    sequence: str = ""

    def text(self, protocol: str) -> str:
        """What subscribers by a protocol are told."""
        if not self.structured:
            return self.body
        told = json.loads(self.body)
        return str(told.get(protocol, told["default"]))

    def envelope(self, subscription: str, protocol: str) -> dict[str, Any]:
        """The JSON document of a queue's message."""
        return self._notification(subscription, protocol, "URL")

    def lambda_event(self, subscription: str) -> dict[str, Any]:
        """What a function is invoked with."""
        told = self._notification(subscription, "lambda", "URL" if self.sequence else "Url")
        if not self.sequence:
            told = {**told, "Subject": self.subject or None, "MessageAttributes": self._told_attributes()}
        record = {
            "EventVersion": "1.0",
            "EventSubscriptionArn": subscription,
            "EventSource": "aws:sns",
            "Sns": told,
        }
        return {"Records": [record]}

    def _notification(self, subscription: str, protocol: str, url: str) -> dict[str, Any]:
        site = f"https://sns.{self.topic.split(':')[3]}.amazonaws.com"
        told: dict[str, Any] = {"Type": "Notification", "MessageId": self.id}
        if self.sequence:
            told["SequenceNumber"] = self.sequence
        told["TopicArn"] = self.topic
        if self.subject:
            told["Subject"] = self.subject
        told["Message"] = self.text(protocol)
        told["Timestamp"] = f"{self.at:%Y-%m-%dT%H:%M:%S}.{self.at.microsecond // 1000:03d}Z"
        if not self.sequence:
            told |= {
                "SignatureVersion": "1",
                "Signature": _UNSIGNED,
                f"SigningCert{url}": f"{site}/{_CERTIFICATE}",
            }
        told[f"Unsubscribe{url}"] = f"{site}/?Action=Unsubscribe&SubscriptionArn={subscription}"
        if self.attributes:
            told["MessageAttributes"] = self._told_attributes()
        return told

    def _told_attributes(self) -> dict[str, dict[str, str]]:
        return {
            name: {"Type": str(given.get("DataType", "String")), "Value": _shown(given)}
            for name, given in self.attributes.items()
        }


def _shown(given: Mapping[str, Any]) -> str:
    binary = given.get("BinaryValue")
    return str(given.get("StringValue", "")) if binary is None else base64.b64encode(binary).decode()
