"""What CloudTrail calls the calls of the sandbox; the names themselves are `chaoskit.detect.event_names`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from moto.core.utils import get_service_model

from chaoskit.detect import event_names
from chaoskit.detect.event_names import EventName, data_resource_type, is_recorded

if TYPE_CHECKING:
    from chaoskit.sandbox.wire import ApiCall

__all__ = ["GLOBAL_SERVICES", "EventName", "data_resource_type", "event_name", "recorded"]

GLOBAL_SERVICES = frozenset({"iam", "organizations", "cloudfront", "route53", "support", "account"})
"""Their events are recorded in us-east-1 (CloudTrail User Guide, Global service events)."""


@cache
def event_name(service: str, operation: str) -> EventName:
    """The event source (`iam.amazonaws.com`), event name, `readOnly` and `eventVersion` of an operation."""
    return event_names.event_name(service, operation, get_service_model(service))


def recorded(call: ApiCall) -> bool:
    """Whether CloudTrail records such a call at all."""
    return is_recorded(call.service, call.operation)
