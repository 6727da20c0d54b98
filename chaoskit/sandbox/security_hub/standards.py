"""Security Hub's standards: which there are, and which an account has enabled. No control is evaluated here.

Source: Security Hub User Guide, "Standards reference for Security Hub CSPM".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def enable(hub: Hub, arn: str) -> dict[str, Any]:
    """Subscribe a hub to a standard.

    Raises:
        ApiError: InvalidInputException for a standard that there is not.
    """
    if arn not in arns(hub.region):
        raise ApiError("InvalidInputException", f"Standard {arn} does not exist.")
    path = arn.rpartition(":")[2].partition("/")[2]
    subscription = f"arn:aws:securityhub:{hub.region}:{hub.account}:subscription/{path}"
    hub.standards[subscription] = arn
    return subscribed(subscription, arn)


def disable(hub: Hub, subscription: str) -> dict[str, Any]:
    """End a subscription.

    Raises:
        ApiError: ResourceNotFoundException.
    """
    arn = known(hub, subscription)
    del hub.standards[subscription]
    return subscribed(subscription, arn, "DELETING")


def known(hub: Hub, subscription: str) -> str:
    """The standard that a hub is subscribed to.

    Raises:
        ApiError: ResourceNotFoundException.
    """
    arn = hub.standards.get(subscription)
    if arn is None:
        raise ApiError("ResourceNotFoundException", f"Subscription {subscription} does not exist.", 404)
    return arn


def subscribed(subscription: str, arn: str, status: str = "READY") -> dict[str, Any]:
    """A subscription as the API shows it."""
    return {
        "StandardsSubscriptionArn": subscription,
        "StandardsArn": arn,
        "StandardsInput": {},
        "StandardsStatus": status,
    }


def _arn(end: str, region: str) -> str:
    return (
        f"arn:aws:securityhub:::{end}" if end.startswith(_GLOBAL) else f"arn:aws:securityhub:{region}::{end}"
    )
