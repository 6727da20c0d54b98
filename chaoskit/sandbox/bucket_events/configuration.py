"""A bucket's notification configuration: what S3 refuses of it, and which destinations an event goes to.

Sources: S3 API Reference, PutBucketNotificationConfiguration; S3 User Guide, "Configuring event
notifications using object key name filtering".
"""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_KINDS = {
    "LambdaFunctionConfigurations": ("LambdaFunctionArn", "CloudFunctionConfiguration", "CloudFunction"),
    "QueueConfigurations": ("QueueArn", "QueueConfiguration", "Queue"),
    "TopicConfigurations": ("TopicArn", "TopicConfiguration", "Topic"),
}
_SERVICES = {"lambda": "LambdaFunctionArn", "sqs": "QueueArn", "sns": "TopicArn"}
_OVERLAP = (
    "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are "
    "overlapping for the same event type."
)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where some events of some keys go."""

    id: str
    arn: str
    events: tuple[str, ...]
    prefix: str = ""
    suffix: str = ""

    @property
    def service(self) -> str:
        """`sqs`, `sns` or `lambda`."""
        return self.arn.split(":")[2]

    def wants(self, name: str, key: str) -> bool:
        """Whether it is told of an event, named `ObjectCreated:Put`, of a key."""
        told = {f"s3:{name}", f"s3:{name.partition(':')[0]}:*"}
        return not told.isdisjoint(self.events) and key.startswith(self.prefix) and key.endswith(self.suffix)

    def overlaps(self, other: Destination) -> bool:
        """Whether some event of some key could go to both."""
        return (
            any(_same(one, another) for one in self.events for another in other.events)
            and (self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix))
            and (self.suffix.endswith(other.suffix) or other.suffix.endswith(self.suffix))
        )


def kept(bucket: Any) -> tuple[list[Destination], bool]:
    """A bucket's destinations (of moto's bucket), and whether events go to EventBridge, too."""
    configuration = bucket.notification_configuration
    if configuration is None:
        return [], False
    found = [
        Destination(
            one.id, one.arn, tuple(one.events), *_filter(one.filters.get("S3Key", {}).get("FilterRule"))
        )
        for one in (*configuration.queue, *configuration.topic, *configuration.cloud_function)
    ]
    return found, configuration.event_bridge is not None


def asked(configuration: Mapping[str, Any], region: str) -> list[Destination]:
    """The destinations of a configuration that S3 would take.

    Raises:
        ApiError: `InvalidArgument`, when an ARN, its region or an overlap is one that S3 refuses.
    """
    found = []
    for member, (arn_member, _, _) in _KINDS.items():
        for one in configuration.get(member) or ():
            arn = str(one.get(arn_member, ""))
            parts = arn.split(":")
            if len(parts) < 6 or _SERVICES.get(parts[2]) != arn_member:  # noqa: PLR2004 - an ARN's parts
                raise _invalid("The ARN could not be parsed")
            if parts[3] != region:
                raise _invalid(
                    "The notification destination service region is not valid for the bucket location"
                )
            rules = (one.get("Filter") or {}).get("Key", {}).get("FilterRules")
            found.append(Destination(str(one.get("Id", "")), arn, tuple(one["Events"]), *_filter(rules)))
    if any(one.overlaps(other) for one, other in itertools.combinations(found, 2)):
        raise _invalid(_OVERLAP)
    return found


def for_moto(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration in the form that moto keeps; ids are made where none are given."""
    shaped: dict[str, Any] = {}
    for member, (arn_member, kind, name) in _KINDS.items():
        shaped[kind] = [
            {
                name: one[arn_member],
                "Event": list(one["Events"]),
                "Id": one.get("Id") or str(uuid.uuid4()),
                "Filter": _shaped((one.get("Filter") or {}).get("Key", {}).get("FilterRules")),
            }
            for one in configuration.get(member) or ()
        ]
    if configuration.get("EventBridgeConfiguration") is not None:
        shaped["EventBridgeConfiguration"] = {}
    return {kind: value for kind, value in shaped.items() if value or kind == "EventBridgeConfiguration"}


def _shaped(rules: Any) -> dict[str, Any] | None:
    told = [{"Name": str(one["Name"]).lower(), "Value": one.get("Value", "")} for one in rules or ()]
    return {"S3Key": {"FilterRule": told}} if told else None


def _filter(rules: Any) -> Iterator[str]:
    """Prefix and suffix of a filter's rules."""
    told = {str(one["Name"]).lower(): str(one.get("Value") or "") for one in rules or ()}
    yield told.get("prefix", "")
    yield told.get("suffix", "")


def _same(one: str, other: str) -> bool:
    """Whether two names of events have one in common; a name ending in `*` stands for a group of them."""
    group, another = one.rpartition(":")[0], other.rpartition(":")[0]
    return one == other or ((one.endswith("*") or other.endswith("*")) and group == another)


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidArgument", message)
