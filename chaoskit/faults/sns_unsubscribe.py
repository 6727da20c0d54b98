"""Nobody is told of alarms any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_SETTINGS: Final = frozenset(
    {"DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy"}
)


@fault("sns.unsubscribe", layer="application", attack=("T1685",))
class Unsubscribe(Fault):
    """Take an endpoint off the security team's topic, so that alarms are published to nobody.

    Undone by subscribing the same endpoint with the same settings. Its new subscription has another ARN, so
    subscriptions are compared by what they say. Only queues and functions confirm by themselves: others are
    left alone.

    Detected by: CloudTrail `Unsubscribe`.

    Attributes:
        topic: The topic's ARN.
        endpoint: What is subscribed: a queue's or function's ARN.
    """

    topic: str
    endpoint: str

    def changes(self, aws: Reader) -> Changes:
        """Unsubscribe; undone by subscribing anew: no second subscription if a runbook has done it."""
        listed = "sort_by(Subscriptions[].{Endpoint: Endpoint, Protocol: Protocol, Owner: Owner}, &Endpoint)"
        content = Query("sns", "ListSubscriptionsByTopic", {"TopicArn": self.topic}, listed)
        ours = f"Subscriptions[?Endpoint == '{self.endpoint}'] | [0]"
        found = aws.read(Query("sns", "ListSubscriptionsByTopic", {"TopicArn": self.topic}, ours))
        if not found or found["Protocol"] not in ("lambda", "sqs"):
            return
        arn = found["SubscriptionArn"]
        settings = aws.read(Query("sns", "GetSubscriptionAttributes", {"SubscriptionArn": arn}, "Attributes"))
        again = Call(
            "sns",
            "Subscribe",
            TopicArn=self.topic,
            Protocol=found["Protocol"],
            Endpoint=self.endpoint,
            Attributes={name: value for name, value in settings.items() if name in _SETTINGS},
        )
        yield Change(do=Call("sns", "Unsubscribe", SubscriptionArn=arn), undo=(again,), state=content)
