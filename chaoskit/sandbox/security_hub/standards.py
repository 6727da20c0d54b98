"""Security Hub's standards: which there are, and which an account has enabled. No control is evaluated here.

A standard that is disabled is listed as DELETING for a while, and can't be enabled meanwhile.
Source: Security Hub User Guide, "Standards reference for Security Hub CSPM" and "Disabling a security
standard"; API Reference, StandardsSubscription.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chaoskit.sandbox.security_hub.hub import Hub

_STANDARDS: Mapping[str, tuple[str, bool]] = {
    "standards/aws-foundational-security-best-practices/v/1.0.0": (
        "AWS Foundational Security Best Practices v1.0.0",
        True,
    ),
    "ruleset/cis-aws-foundations-benchmark/v/1.2.0": ("CIS AWS Foundations Benchmark v1.2.0", True),
    "standards/cis-aws-foundations-benchmark/v/1.4.0": ("CIS AWS Foundations Benchmark v1.4.0", False),
    "standards/cis-aws-foundations-benchmark/v/3.0.0": ("CIS AWS Foundations Benchmark v3.0.0", False),
    "standards/nist-800-53/v/5.0.0": ("NIST Special Publication 800-53 Revision 5", False),
    "standards/pci-dss/v/3.2.1": ("PCI DSS v3.2.1", False),
    "standards/pci-dss/v/4.0.1": ("PCI DSS v4.0.1", False),
}
"""The end of each standard's ARN, its name, and whether a new hub has it."""
_GLOBAL = "ruleset/"
_ENDS_AFTER: Final = timedelta(seconds=0.5)
"""AWS takes minutes."""


def arns(region: str, *, default_only: bool = False) -> list[str]:
    """The ARNs of the standards."""
    return [_arn(each, region) for each, (_, default) in _STANDARDS.items() if default or not default_only]


def described(region: str) -> list[dict[str, Any]]:
    """The standards as DescribeStandards lists them."""
    return [
        {
            "StandardsArn": _arn(each, region),
            "Name": name,
            "EnabledByDefault": default,
            "StandardsManagedBy": {"Company": "AWS", "Product": "Security Hub"},
        }
        for each, (name, default) in _STANDARDS.items()
    ]


def enable(hub: Hub, arn: str, now: datetime) -> dict[str, Any]:
    """Subscribe a hub to a standard.

    Raises:
        ApiError: InvalidInputException for a standard that there is not, or that is being disabled.
    """
    if arn not in arns(hub.region):
        raise ApiError("InvalidInputException", f"Standard {arn} does not exist.")
    path = arn.rpartition(":")[2].partition("/")[2]
    subscription = f"arn:aws:securityhub:{hub.region}:{hub.account}:subscription/{path}"
    _check_settled(hub, subscription, now)
    hub.standards[subscription] = arn
    return _subscribed(hub, subscription)


def disable(hub: Hub, subscription: str, now: datetime) -> dict[str, Any]:
    """Begin to end a subscription.

    Raises:
        ApiError: ResourceNotFoundException, or InvalidInputException when it is being ended already.
    """
    known(hub, subscription, now)
    _check_settled(hub, subscription, now)
    hub.ending[subscription] = now + _ENDS_AFTER
    return _subscribed(hub, subscription)


def enabled(hub: Hub, now: datetime) -> list[dict[str, Any]]:
    """A hub's subscriptions as the API shows them, with those that are being ended."""
    _end(hub, now)
    return [_subscribed(hub, each) for each in hub.standards]


def known(hub: Hub, subscription: str, now: datetime) -> str:
    """The standard that a hub is subscribed to.

    Raises:
        ApiError: ResourceNotFoundException.
    """
    _end(hub, now)
    arn = hub.standards.get(subscription)
    if arn is None:
        raise ApiError("ResourceNotFoundException", f"Subscription {subscription} does not exist.", 404)
    return arn


def _end(hub: Hub, now: datetime) -> None:
    """Forget the subscriptions whose end has come."""
    for subscription in [each for each, until in hub.ending.items() if until <= now]:
        del hub.ending[subscription]
        hub.standards.pop(subscription, None)


def _check_settled(hub: Hub, subscription: str, now: datetime) -> None:
    _end(hub, now)
    if subscription in hub.ending:
        raise ApiError(
            "InvalidInputException",
            f"StandardsSubscription(s) in state DELETING, please try later: {json.dumps([subscription])}",
        )


def _subscribed(hub: Hub, subscription: str) -> dict[str, Any]:
    return {
        "StandardsSubscriptionArn": subscription,
        "StandardsArn": hub.standards[subscription],
        "StandardsInput": {},
        "StandardsStatus": "DELETING" if subscription in hub.ending else "READY",
        "StandardsControlsUpdatable": "READY_FOR_UPDATES",
    }


def _arn(end: str, region: str) -> str:
    return (
        f"arn:aws:securityhub:::{end}" if end.startswith(_GLOBAL) else f"arn:aws:securityhub:{region}::{end}"
    )
