"""Finds the controls of an account, from what is deployed in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.mutate import detectors, guards, resource_policies, telemetry

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.mutate.control import Control


def controls(member: Reader, management: Reader, account: str) -> list[Control]:
    """Every control that is deployed.

    Args:
        member: The account.
        management: Its organization's management account.
        account: The account's id.

    Raises:
        AwsError: It can't be read.
    """
    finders = (
        guards.boundaries, guards.trust, guards.endpoints, guards.drafts,
        resource_policies.buckets, resource_policies.keys, resource_policies.secrets,
        detectors.event_rules, detectors.alarms, detectors.metric_filters, detectors.config_rules,
        detectors.guardduty, detectors.analyzers, detectors.responders, telemetry.trail_logs,
    )  # fmt: skip
    found = list(guards.organization(management, account))
    for finder in finders:
        found += finder(member)
    return found
