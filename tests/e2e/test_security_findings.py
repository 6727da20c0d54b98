from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chaoskit.result import Verdict
from tests.e2e.conftest import without_scp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.lab import Lab

OPENED = "Policy:S3/BucketAnonymousAccessGranted"
FILE = """\
id: found
title: One of the tests' own
owner: tests
layer: data
hypothesis: An opened bucket is found.
blast_radius:
  accounts: ["${{sandbox.account}}"]
  regions: ["${{sandbox.region}}"]
  max_duration: 5m
  max_changes: 2
faults:
  - s3.public-bucket-acl: {{bucket: "${{workload.training_data_bucket}}"}}
expect:
  - detection: {probe}
    within: 30s
"""
GUARDDUTY = f'{{guardduty.finding: {{type: "{OPENED}", resource: "${{workload.training_data_bucket}}"}}}}'
HUB = (
    "{securityhub.finding: {product: GuardDuty, severity: HIGH, "
    'type: "TTPs/Policy:S3-", resource: "${workload.training_data_bucket}"}}'
)


@pytest.fixture(scope="module", autouse=True)
def detectors(lab: Lab) -> Iterator[str]:
    """The workload's GuardDuty detector, which the organization leaves unguarded meanwhile."""
    # Nor does the workload's own responder delete the suppression rules of these tests.
    lab.client("events").disable_rule(Name="chaoskit-audit-findings-suppressed")
    with without_scp(lab, "chaoskit-protect-audit"):
        yield lab.target.variables["workload.guard_duty_detector"]
    lab.client("events").enable_rule(Name="chaoskit-audit-findings-suppressed")


def experiment(folder: Path, probe: str) -> Path:
    """An experiment that opens a bucket and expects to be found out."""
    path = folder / "found.yaml"
    path.write_text(FILE.format(probe=probe))
    return path


@pytest.mark.parametrize(("probe", "tied_by"), [(GUARDDUTY, "user agent"), (HUB, "session name")])
def test_a_fault_that_is_found_passes_and_the_evidence_says_why(
    lab: Lab, journal: Path, tmp_path: Path, probe: str, tied_by: str
) -> None:
    result = lab.run(experiment(tmp_path, probe), journal)
    assert result.verdict is Verdict.PASSED, result.reason
    (expected,) = result.expectations
    assert expected.evidence["tied_by"] == tied_by
    assert "rule" in {expected.evidence.get("basis"), expected.evidence.get("origin")}


def test_with_guardduty_off_nothing_passes(lab: Lab, journal: Path, tmp_path: Path, detectors: str) -> None:
    guardduty = lab.client("guardduty")
    guardduty.update_detector(DetectorId=detectors, Enable=False)
    try:
        found = lab.run(experiment(tmp_path, GUARDDUTY), journal)
        told = lab.run(experiment(tmp_path, HUB), journal)
    finally:
        guardduty.update_detector(DetectorId=detectors, Enable=True)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "DISABLED" in found.reason
    assert told.verdict is Verdict.FAILED


def test_a_suppression_rule_of_the_type_is_seen_before_anything_is_done(
    lab: Lab, journal: Path, tmp_path: Path, detectors: str
) -> None:
    guardduty = lab.client("guardduty")
    guardduty.create_filter(
        DetectorId=detectors,
        Name="known",
        Action="ARCHIVE",
        FindingCriteria={"Criterion": {"type": {"Eq": [OPENED]}}},
    )
    try:
        result = lab.run(experiment(tmp_path, GUARDDUTY), journal)
    finally:
        guardduty.delete_filter(DetectorId=detectors, FilterName="known")
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "suppression rule known" in result.reason


def test_without_security_hub_nothing_passes(lab: Lab, journal: Path, tmp_path: Path) -> None:
    hub = lab.client("securityhub")
    hub.disable_security_hub()
    try:
        result = lab.run(experiment(tmp_path, HUB), journal)
    finally:
        hub.enable_security_hub(EnableDefaultStandards=False)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "Security Hub is not enabled" in result.reason
