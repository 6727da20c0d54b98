"""Looks whether an endpoint is subscribed to a topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("sns.subscribed")
class Subscribed(Probe):
    """The endpoint is subscribed to the topic, and has confirmed it.

    Attributes:
        topic: The topic's ARN.
        endpoint: The endpoint, e.g. a queue's ARN.
    """

    topic: str
    endpoint: str

    reads = ("sns:ListSubscriptionsByTopic",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """List the topic's subscriptions."""
        del trace
        found = aws.read(
            Query(
                "sns",
                "ListSubscriptionsByTopic",
                {"TopicArn": self.topic},
                # It has an ARN once it is confirmed (Amazon SNS API Reference, Subscribe).
                "sort(Subscriptions[?starts_with(SubscriptionArn, 'arn:')].Endpoint)",
            )
        )
        holds = self.endpoint in (found or ())
        return Observation(
            holds=holds,
            summary=f"{self.endpoint} is subscribed to {self.topic}"
            if holds
            else f"{self.endpoint} is not subscribed to {self.topic}",
            evidence={"found": found},
        )
