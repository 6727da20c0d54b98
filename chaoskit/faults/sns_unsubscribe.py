"""Nobody is told of alarms any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.errors import GuardError

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_SETTINGS: Final = frozenset(
    {"DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy"}
)
_PENDING: Final = "PendingConfirmation"
"""What stands in a list for the ARN of a subscription that nobody has confirmed."""


@fault("sns.unsubscribe", layer="application", attack=("T1685",))
class Unsubscribe(Fault):
    """Take an endpoint off the security team's topic, so that alarms are published to nobody.

    Undone by subscribing the same endpoint with the same settings. Its new subscription has another ARN, so
    subscriptions are compared by what they say, and by whether they are confirmed. Only queues and functions
    of the topic's account confirm by themselves (Amazon SNS API Reference, Subscribe): others are refused.

    Detected by: CloudTrail `Unsubscribe`.

    Attributes:
        topic: The topic's ARN.
        endpoint: What is subscribed: a queue's or function's ARN.
    """

    topic: str
    endpoint: str

    def changes(self, aws: Reader) -> Changes:
        """Unsubscribe; undone by subscribing anew: no second subscription if a runbook has done it.

        Raises:
            GuardError: Its owner would have to confirm the new subscription, so it could not be put back.
        """
        where: dict[str, Any] = {"TopicArn": self.topic}
        told = "Endpoint: Endpoint, Protocol: Protocol, Owner: Owner"
        confirmed = f"Confirmed: SubscriptionArn != '{_PENDING}'"
        listed = f"sort_by(Subscriptions[].{{{told}, {confirmed}}}, &Endpoint)"
        content = Query("sns", "ListSubscriptionsByTopic", where, listed)
        ours = f"Subscriptions[?Endpoint == '{self.endpoint}'] | [0]"
        found = aws.read(Query("sns", "ListSubscriptionsByTopic", where, ours))
        if not found or found["SubscriptionArn"] == _PENDING:  # which nothing is delivered to
            return
        account = self.topic.split(":")[4]
        confirms = found["Protocol"] in ("lambda", "sqs") and self.endpoint.split(":")[4] == account
        if not confirms or found["Owner"] != account:
            raise GuardError(
                f"{self.endpoint} ({found['Protocol']}) would have to confirm a new subscription to "
                f"{self.topic}, so it could not be put back: name a queue or function of the topic's account"
            )
        arn = found["SubscriptionArn"]
        settings = aws.read(Query("sns", "GetSubscriptionAttributes", {"SubscriptionArn": arn}, "Attributes"))
        again = Call(
            "sns",
            "Subscribe",
            **where,
            Protocol=found["Protocol"],
            Endpoint=self.endpoint,
            Attributes={name: value for name, value in settings.items() if name in _SETTINGS},
        )
        yield Change(do=Call("sns", "Unsubscribe", SubscriptionArn=arn), undo=(again,), state=content)
