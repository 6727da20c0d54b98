"""The experiments that ship: each passes on the reference workload, and fails without its control."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.experiment import Role
from chaoskit.result import Verdict
from tests.e2e.lab import CORE, SHIPPED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.lab import Lab

IDS = [path.stem for path in CORE]
# The control that each experiment stands on, and the verdict when it is taken away.
TWINS = [
    ("permissive-policy-on-production-role", "scp", "chaoskit-protect-production-roles", Verdict.FAILED),
    # Without the SCP the bucket's own settings still refuse: the guardrail is then not what was tested.
    ("public-access-to-production-data", "scp", "chaoskit-protect-production-data", Verdict.INCONCLUSIVE),
    ("leaked-key-on-production-endpoint", "scp", "chaoskit-invoke-from-inside", Verdict.FAILED),
    ("permissive-policy-on-training-role", "rule", "chaoskit-permissive-policy", Verdict.INCONCLUSIVE),
    ("permissive-policy-on-training-role", "runbook", "detach-permissive-policy", Verdict.FAILED),
    ("permissive-policy-on-training-role", "trail", "chaoskit-trail", Verdict.INCONCLUSIVE),
    ("public-access-to-training-data", "rule", "chaoskit-public-bucket-acl", Verdict.INCONCLUSIVE),
    ("public-access-to-training-data", "rule", "chaoskit-public-bucket-policy", Verdict.INCONCLUSIVE),
    ("public-access-to-training-data", "runbook", "close-public-bucket", Verdict.FAILED),
    ("leaked-key-invocation", "rule", "chaoskit-leaked-key", Verdict.INCONCLUSIVE),
    ("leaked-key-invocation", "runbook", "disable-leaked-key", Verdict.FAILED),
]


@pytest.mark.parametrize("experiment", IDS)
def test_a_shipped_experiment_passes_and_restores_the_account(
    lab: Lab, journal: Path, experiment: str
) -> None:
    before = _picture(lab)
    result = lab.run(experiment, journal)
    assert result.verdict is Verdict.PASSED, result.reason
    assert result.restored
    assert _picture(lab) == before


@pytest.mark.parametrize(("experiment", "control", "name", "verdict"), TWINS)
def test_a_shipped_experiment_does_not_pass_without_its_control(
    lab: Lab, journal: Path, without: Any, experiment: str, control: str, name: str, verdict: Verdict
) -> None:
    before = _picture(lab)
    with without(control, name):
        result = lab.run(experiment, journal)
    assert result.verdict is verdict, result.reason
    assert result.restored
    assert _picture(lab) == before


def test_every_shipped_experiment_has_a_failing_twin() -> None:
    assert {experiment for experiment, *_ in TWINS} == set(IDS)


def test_a_detection_carries_the_cloudtrail_event_id_and_a_latency_interval(lab: Lab, journal: Path) -> None:
    result = lab.run("permissive-policy-on-training-role", journal)
    detection = next(e for e in result.expectations if e.expectation.role is Role.DETECTION)
    assert detection.latency_interval is not None
    assert 0 <= detection.latency_interval.lo <= detection.latency_interval.hi
    found = lab.client("cloudtrail").lookup_events(
        LookupAttributes=[
            {"AttributeKey": "EventId", "AttributeValue": detection.evidence["cloudtrail_event_id"]}
        ]
    )
    (event,) = found["Events"]
    assert event["EventName"] == "AttachRolePolicy"
    assert result.trace_id in event["CloudTrailEvent"]


def test_a_guardrail_is_not_met_by_a_denial_of_another_layer(lab: Lab, journal: Path, tmp_path: Path) -> None:
    text = (SHIPPED / "identity" / "permissive-policy-on-production-role.yaml").read_text()
    other = tmp_path / "permissive-policy-on-production-role.yaml"
    other.write_text(text.replace("by: scp", "by: boundary"))
    result = lab.run(other, journal)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "not by boundary" in result.reason


def _picture(lab: Lab) -> dict[str, Any]:
    """Everything that the shipped faults touch, as the account itself shows it."""
    iam, s3 = lab.client("iam"), lab.client("s3")
    names = lab.target.variables
    roles = [names["workload.training_role"], names["workload.production_training_role"]]
    buckets = [names["workload.training_data_bucket"], names["workload.production_training_data_bucket"]]
    return {
        "policies": {r: iam.list_attached_role_policies(RoleName=r)["AttachedPolicies"] for r in roles},
        "keys": iam.list_access_keys(UserName=names["workload.ml_engineer"])["AccessKeyMetadata"],
        "acls": {b: s3.get_bucket_acl(Bucket=b)["Grants"] for b in buckets},
        "bucket policies": {b: s3.get_bucket_policy(Bucket=b)["Policy"] for b in buckets},
        "blocks": {b: _block(s3, b) for b in buckets},
    }


def _block(s3: Any, bucket: str) -> Any:
    try:
        return s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    except s3.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
