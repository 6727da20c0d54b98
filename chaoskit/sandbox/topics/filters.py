"""Whether a filter policy lets a message pass: the language of event patterns, on attributes or body.

Source: SNS Developer Guide, "Amazon SNS subscription filter policies", "Filter policy scope" and "Key
matching"; the operators are those of EventBridge, so `detect` decides.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.detect import match_event_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.sandbox.topics.message import Message

_BODY = "MessageBody"


def passes(attributes: Mapping[str, Any], message: Message, protocol: str) -> bool:
    """Whether a message passes the filter of a subscription with these attributes.

    Raises:
        InvalidEventPattern: The policy is one that the matcher cannot read.
    """
    policy = str(attributes.get("FilterPolicy") or "")
    if not policy or json.loads(policy) == {}:
        return True
    if attributes.get("FilterPolicyScope") == _BODY:
        try:
            told = json.loads(message.text(protocol))
        except ValueError:
            return False
        return isinstance(told, dict) and match_event_pattern(policy, told)
    return match_event_pattern(policy, _values(message))


def _values(message: Message) -> dict[str, Any]:
    """The attributes as an event: texts, numbers, and arrays of either; binary ones can't be matched."""
    values: dict[str, Any] = {}
    for name, given in message.attributes.items():
        kind, text = str(given.get("DataType", "")), given.get("StringValue")
        if text is None:
            continue
        values[name] = str(text)
        if kind == "String.Array" or kind.partition(".")[0] == "Number":
            try:
                values[name] = json.loads(text)
            except ValueError:
                continue
    return values
