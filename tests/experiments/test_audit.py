"""The controls notice their own loss: trails, rules, alarms, detectors, responders and their topic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.result import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.lab import Lab

GUARDED = (
    "config-recorder-stopped",
    "guardduty-suspended",
    "main-log-retention-shortened",
    "main-trail-deleted",
    "main-trail-narrowed",
    "main-trail-stopped",
    "main-trail-without-validation",
    "protected-rule-disabled",
    "protected-rule-without-targets",
)
DETECTED = {
    "alarm-muted": ("chaoskit-audit-alarm-muted", "enable-alarm-actions"),
    "config-recorder-narrowed": ("chaoskit-audit-recorder-narrowed", ""),
    "guardduty-findings-suppressed": ("chaoskit-audit-findings-suppressed", "delete-suppression-filter"),
    "research-log-retention-shortened": ("chaoskit-audit-log-bucket-changed", "keep-log-retention"),
    "research-rule-disabled": ("chaoskit-audit-rule-disabled", "enable-rule"),
    "research-rule-without-targets": ("chaoskit-audit-targets-removed", ""),
    "research-trail-deleted": ("chaoskit-audit-trail-changed", "restore-trail"),
    "research-trail-narrowed": ("chaoskit-audit-selectors-changed", "restore-trail"),
    "research-trail-stopped": ("chaoskit-audit-trail-changed", "restore-trail"),
    "research-trail-without-validation": ("chaoskit-audit-trail-changed", "restore-trail"),
    "responder-role-stripped": ("chaoskit-audit-responder-stripped", "reattach-policy"),
    "responder-throttled": ("chaoskit-audit-responder-throttled", "unthrottle-function"),
    "security-standard-disabled": ("chaoskit-audit-standard-disabled", ""),
    "security-team-unsubscribed": ("chaoskit-audit-unsubscribed", "resubscribe"),
}
REPAIRED = [name for name, (_, runbook) in DETECTED.items() if runbook]


def watchers(lab: Lab) -> dict[str, Any]:
    """Everything of the account that this layer's faults change, read by the administrator."""
    named = lab.target.variables
    trail, events, topics = lab.client("cloudtrail"), lab.client("events"), lab.client("sns")
    detector, hub = lab.client("guardduty"), lab.client("securityhub")
    role, heartbeat = named["workload.heartbeat_role"], named["workload.heartbeat_function"]
    topic = named["workload.security_topic_arn"]
    seen: dict[str, Any] = {
        "recorder": lab.client("config").describe_configuration_recorders()["ConfigurationRecorders"],
        "alarm": lab.client("cloudwatch").describe_alarms()["MetricAlarms"],
        "detector": detector.get_detector(DetectorId=named["workload.guard_duty_detector"])["Status"],
        "filters": detector.list_filters(DetectorId=named["workload.guard_duty_detector"])["FilterNames"],
        "standards": hub.get_enabled_standards()["StandardsSubscriptions"],
        "policies": lab.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"],
        "concurrency": lab.client("lambda")
        .get_function_concurrency(FunctionName=heartbeat)
        .get("ReservedConcurrentExecutions"),
        "subscriptions": [
            {**each, "SubscriptionArn": ""}
            for each in topics.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        ],
    }
    seen["alarm"] = [(alarm["AlarmName"], alarm["ActionsEnabled"]) for alarm in seen["alarm"]]
    for name in (named["workload.trail"], named["workload.research_trail"]):
        found = trail.get_trail(Name=name)["Trail"]
        selectors = trail.get_event_selectors(TrailName=name)
        tags = trail.list_tags(ResourceIdList=[found["TrailARN"]])["ResourceTagList"]
        lifecycle = lab.client("s3").get_bucket_lifecycle_configuration(Bucket=found["S3BucketName"])
        logs = trail.get_trail_status(Name=name)["IsLogging"]
        for answer in (selectors, lifecycle):
            answer.pop("ResponseMetadata")
        seen[name] = (found, selectors, tags, lifecycle, logs)
    for rule in events.list_rules(NamePrefix="chaoskit-")["Rules"]:
        seen[rule["Name"]] = (rule["State"], events.list_targets_by_rule(Rule=rule["Name"])["Targets"])
    return seen


@pytest.mark.parametrize("name", [*GUARDED, *DETECTED])
def test_an_attack_on_what_watches_is_noticed_and_leaves_nothing(lab: Lab, journal: Path, name: str) -> None:
    before = watchers(lab)
    result = lab.run(name, journal)
    assert result.verdict is Verdict.PASSED, result.reason
    assert watchers(lab) == before


@pytest.mark.parametrize("name", GUARDED)
def test_without_the_scp_the_attack_goes_through_fails_the_run_and_is_undone(
    lab: Lab, journal: Path, without: Any, name: str
) -> None:
    before = watchers(lab)
    with without("scp", "chaoskit-protect-audit"):
        result = lab.run(name, journal)
    assert result.verdict is Verdict.FAILED, result.reason
    assert result.restored
    assert watchers(lab) == before


@pytest.mark.parametrize("name", DETECTED)
def test_without_its_rule_nothing_passes(lab: Lab, journal: Path, without: Any, name: str) -> None:
    with without("rule", DETECTED[name][0]):
        result = lab.run(name, journal)
    assert result.verdict is Verdict.INCONCLUSIVE, result.reason
    assert "is DISABLED" in result.reason


@pytest.mark.parametrize("name", REPAIRED)
def test_without_its_runbook_nobody_repairs_but_chaoskit_puts_it_back(
    lab: Lab, journal: Path, without: Any, name: str
) -> None:
    before = watchers(lab)
    with without("runbook", DETECTED[name][1]):
        result = lab.run(name, journal)
    assert result.verdict is Verdict.FAILED, result.reason
    assert result.restored
    assert watchers(lab) == before
