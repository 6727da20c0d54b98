"""The data layer: its faults are undone exactly, its experiments pass, and don't without their control."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.aws import Aws
from chaoskit.faults.kms_disable_key import DisableKey
from chaoskit.faults.lambda_secret_in_environment import SecretInEnvironment
from chaoskit.faults.s3_poison_training_data import PoisonTrainingData
from chaoskit.faults.s3_reset_encryption import ResetEncryption
from chaoskit.faults.s3_suspend_versioning import SuspendVersioning
from chaoskit.mutate import detectors, resource_policies
from chaoskit.result import Verdict
from tests.e2e.conftest import without_scp
from tests.e2e.lab import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.lab import Lab

# The audit layer's experiments are data too; test_audit.py and test_ml_runtime.py have them.
OTHERS = ("-trail-", "log-retention", "log-bucket", "public-access")
IDS = sorted(
    path.stem for path in (SHIPPED / "data").glob("*.yaml") if not any(part in path.stem for part in OTHERS)
)
BY_RESOURCE = {
    "bulk-secret-read-in-production": ("secretsmanager", "production_secret_arn"),
    "confidential-key-loss": ("kms", "confidential_key"),
}
PREVENTED = [
    "account-block",
    *(name for name in IDS if name.endswith("-in-production") and name not in BY_RESOURCE),
]
SCPS = {
    "secret-in-environment-in-production": "chaoskit-keep-ml-safe",
    "hosting-without-key-in-production": "chaoskit-keep-models-guarded",
    "notebook-without-key-in-production": "chaoskit-keep-private",
    "training-output-without-key-in-production": "chaoskit-keep-private",
    "training-without-key-in-production": "chaoskit-keep-private",
}
# moto does a job at once, so it is never seen in progress.
LET_THROUGH = {
    f"training-{what}without-key-in-production": (Verdict.FAILED, Verdict.INCONCLUSIVE)
    for what in ("", "output-")
}
RULES = {
    "aws-managed-key": "chaoskit-bucket-encryption-changed",
    "bucket-block": "chaoskit-bucket-block-removed",
    "bulk-secret-read": "chaoskit-secret-read",
    "default-encryption": "chaoskit-bucket-encryption-changed",
    "disabled-key": "chaoskit-key-loss",
    "expiring-data": "chaoskit-bucket-versions-at-risk",
    "key-deletion": "chaoskit-key-loss",
    "key-grant": "chaoskit-key-shared",
    "key-rotation": "chaoskit-key-rotation-off",
    "other-class-key": "chaoskit-bucket-encryption-changed",
    "secret-in-environment": "chaoskit-function-configuration",
    "secret-policy": "chaoskit-secret-policy-changed",
    "secret-rotation": "chaoskit-secret-rotation-off",
    "shared-bucket": "chaoskit-bucket-shared",
    "shared-key": "chaoskit-key-shared",
    "shared-models": "chaoskit-model-group-shared",
    "shared-snapshot": "chaoskit-snapshot-shared",
    "versioning": "chaoskit-bucket-versions-at-risk",
}
FOUND = [
    ("config-bucket-closed", "config-rule:chaoskit-s3-bucket-ssl-requests-only"),
    ("internal-data-drift", "config-rule:chaoskit-secretsmanager-using-cmk"),
    ("internal-data-drift", "access-analyzer:chaoskit-external-access"),
]
BLOCKED = "public-policies-blocked"
BY_HASH = ("deleted-data", "poisoned-training-data", "swapped-model")
RUNBOOKS = {
    "aws-managed-key": "restore-data-bucket",
    "bucket-block": "restore-data-bucket",
    "default-encryption": "restore-data-bucket",
    "deleted-data": "restore-canary",
    "disabled-key": "restore-data-key",
    "expiring-data": "restore-data-bucket",
    "key-deletion": "restore-data-key",
    "key-grant": "restore-data-key",
    "key-rotation": "restore-data-key",
    "other-class-key": "restore-data-bucket",
    "poisoned-training-data": "restore-canary",
    "secret-in-environment": "clear-function-secrets",
    "secret-policy": "restore-secret",
    "secret-rotation": "restore-secret",
    "shared-bucket": "restore-data-bucket",
    "shared-key": "restore-data-key",
    "shared-models": "unshare-model-group",
    "shared-snapshot": "unshare-snapshot",
    "swapped-model": "restore-canary",
    "versioning": "restore-data-bucket",
}


@pytest.mark.parametrize("experiment", IDS)
def test_an_experiment_passes_and_leaves_the_data_as_it_was(lab: Lab, journal: Path, experiment: str) -> None:
    before = _picture(lab)
    result = lab.run(experiment, journal)
    assert result.verdict is Verdict.PASSED, result.reason
    assert result.restored
    assert _picture(lab) == before


@pytest.mark.parametrize("experiment", PREVENTED)
def test_without_the_scp_the_fault_goes_through_and_is_undone(
    lab: Lab, journal: Path, without: Any, experiment: str
) -> None:
    before = _picture(lab)
    with without("scp", SCPS.get(experiment, "chaoskit-protect-production-data")):
        result = lab.run(experiment, journal)
    assert result.verdict in LET_THROUGH.get(experiment, (Verdict.FAILED,)), result.reason
    assert all(change.outcome == "applied" for fault in result.faults for change in fault.changes)
    assert result.restored
    assert _picture(lab) == before


@pytest.mark.parametrize("experiment", BY_RESOURCE)
def test_without_its_own_policy_a_resource_is_not_safe_from_administrators(
    lab: Lab, journal: Path, experiment: str
) -> None:
    before = _picture(lab)
    with _without_denials(lab, *BY_RESOURCE[experiment]):
        result = lab.run(experiment, journal)
    assert result.verdict is Verdict.FAILED, result.reason
    assert result.restored
    assert _picture(lab) == before


@pytest.mark.parametrize("fault", RULES)
def test_without_its_rule_an_experiment_proves_nothing(
    lab: Lab, journal: Path, without: Any, fault: str
) -> None:
    with without("rule", RULES[fault]):
        result = lab.run(f"{fault}-in-research", journal)
    assert result.verdict is Verdict.INCONCLUSIVE, result.reason


@pytest.mark.parametrize(("experiment", "finder"), FOUND)
def test_where_what_finds_it_is_blind_an_experiment_fails_and_the_fault_is_undone(
    lab: Lab, journal: Path, experiment: str, finder: str
) -> None:
    before = _picture(lab)
    with _gone(lab, finder):
        result = lab.run(experiment, journal)
    assert result.verdict is Verdict.FAILED, result.reason
    assert result.restored
    assert _picture(lab) == before


def test_where_one_bucket_has_no_block_public_access_the_experiment_fails(lab: Lab, journal: Path) -> None:
    before = _picture(lab)
    bucket = lab.target.variables["workload.internal_bucket"]
    with _gone(lab, f"public-access-block:{bucket}"):
        result = lab.run(BLOCKED, journal)
    assert result.verdict is Verdict.FAILED, result.reason
    assert result.restored
    assert _picture(lab) == before


@pytest.mark.parametrize("fault", BY_HASH)
def test_without_the_integrity_detector_nobody_notices(
    lab: Lab, journal: Path, without: Any, fault: str
) -> None:
    before = _picture(lab)
    with without("rule", "chaoskit-canary-written"):
        result = lab.run(f"{fault}-in-research", journal)
    assert result.verdict is Verdict.FAILED, result.reason
    assert [expectation.met for expectation in result.expectations] == [False, False]
    assert _picture(lab) == before


@pytest.mark.parametrize("fault", RUNBOOKS)
def test_without_its_runbook_an_experiment_fails_and_the_fault_is_undone(
    lab: Lab, journal: Path, without: Any, fault: str
) -> None:
    before = _picture(lab)
    with without("runbook", RUNBOOKS[fault]):
        result = lab.run(f"{fault}-in-research", journal)
    assert result.verdict is Verdict.FAILED, result.reason
    assert result.restored
    assert _picture(lab) == before


def test_every_experiment_has_a_control_that_is_taken_away() -> None:
    in_research = (f"{name}-in-research" for name in (*RULES, *BY_HASH))
    assert {*PREVENTED, *BY_RESOURCE, *dict(FOUND), BLOCKED, *in_research} == set(IDS)


def test_the_detector_does_not_report_a_canary_that_is_written_as_it_is(lab: Lab, journal: Path) -> None:
    del journal
    bucket, s3, sqs = (
        lab.target.variables["workload.confidential_bucket"],
        lab.client("s3"),
        lab.client("sqs"),
    )
    key, queue = "canary/training-data.csv", lab.target.variables["workload.alert_queue_url"]
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    assert lab.cloud.idle(10)
    sqs.purge_queue(QueueUrl=queue)
    made = s3.put_object(Bucket=bucket, Key=key, Body=body, ChecksumAlgorithm="SHA256")
    assert lab.cloud.idle(10)
    s3.delete_object(Bucket=bucket, Key=key, VersionId=made["VersionId"])
    assert "canary-altered" not in json.dumps(sqs.receive_message(QueueUrl=queue), default=str)


def test_a_rotated_secret_has_a_new_version_and_keeps_the_previous_one(lab: Lab) -> None:
    secrets, where = (
        lab.client("secretsmanager"),
        {"SecretId": lab.target.variables["workload.model_hub_secret_arn"]},
    )
    before = _stages(secrets, where)
    token = secrets.rotate_secret(**where)["VersionId"]
    assert lab.cloud.idle(20)
    after = _stages(secrets, where)
    assert after["AWSCURRENT"] == token
    assert after["AWSPREVIOUS"] == before["AWSCURRENT"]
    assert "AWSPENDING" not in after


def test_a_rotation_whose_function_fails_leaves_the_secret_as_it_was(lab: Lab) -> None:
    secrets, where = (
        lab.client("secretsmanager"),
        {"SecretId": lab.target.variables["workload.model_hub_secret_arn"]},
    )
    before = _stages(secrets, where)["AWSCURRENT"]
    functions, function = lab.client("lambda"), {"FunctionName": "chaoskit-rotation"}
    functions.update_function_configuration(**function, Handler="index.nowhere")
    try:
        secrets.rotate_secret(**where)
        assert lab.cloud.idle(20)
    finally:
        functions.update_function_configuration(**function, Handler="index.handler")
    assert _stages(secrets, where)["AWSCURRENT"] == before


def _stages(secrets: Any, where: Any) -> dict[str, str]:
    """The version of each staging label."""
    versions = secrets.describe_secret(**where)["VersionIdsToStages"]
    return {label: version for version, labels in versions.items() for label in labels}


def test_what_is_so_already_or_is_real_data_is_not_a_faults_to_change(lab: Lab) -> None:
    aws, s3, kms = lab.target.open("data", "data", 0), lab.client("s3"), lab.client("kms")
    s3.create_bucket(Bucket="as-it-comes")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.disable_key(KeyId=key)
    variables = lab.target.variables
    real = PoisonTrainingData(bucket=variables["workload.confidential_bucket"], key="orders/2026.csv")
    secretive = SecretInEnvironment(function=variables["workload.feature_loader"], variable="SECRET_ID")
    try:
        for fault in (
            DisableKey(key=key),
            PoisonTrainingData(bucket="as-it-comes"),
            ResetEncryption(bucket="as-it-comes"),
            SuspendVersioning(bucket="as-it-comes"),
            real,
            secretive,
        ):
            assert list(fault.changes(aws)) == []
    finally:
        s3.delete_bucket(Bucket="as-it-comes")


@contextmanager
def _gone(lab: Lab, control: str) -> Iterator[None]:
    """A control is taken away for a block, as `chaoskit mutate` does it."""
    aws = Aws(lab.target.connection)
    kind, _, name = control.partition(":")
    if kind == "access-analyzer":
        _renewed(lab, name)
    finders = (detectors.config_rules, detectors.analyzers, resource_policies.buckets)
    found = next(each for finder in finders for each in finder(aws) if each.id == control)
    for call in found.away:
        aws.send(call)
    assert lab.cloud.idle(10)
    try:
        yield
    finally:
        for call in found.back:
            aws.send(call)
        assert lab.cloud.idle(10)


def _renewed(lab: Lab, analyzer: str) -> None:
    """An analyzer that has found nothing yet: archive rules are for new findings (IAM User Guide)."""
    client = lab.client("accessanalyzer")
    was = client.get_analyzer(analyzerName=analyzer)["analyzer"]
    client.delete_analyzer(analyzerName=analyzer)
    client.create_analyzer(analyzerName=analyzer, type=was["type"], tags=was.get("tags", {}))
    assert lab.cloud.idle(10)


@contextmanager
def _without_denials(lab: Lab, service: str, output: str) -> Iterator[None]:
    """A key or secret whose own policy denies nothing."""
    name = lab.target.variables[f"workload.{output}"]
    client = lab.client(service)
    if service == "kms":
        where = {"KeyId": name, "PolicyName": "default"}
        read, write, field = client.get_key_policy, client.put_key_policy, "Policy"
    else:
        where, field = {"SecretId": name}, "ResourcePolicy"
        read, write = client.get_resource_policy, client.put_resource_policy
    prior = read(**where)[field]
    kept = [one for one in json.loads(prior)["Statement"] if one["Effect"] == "Allow"]
    with without_scp(lab, "chaoskit-protect-production-data"):
        write(**where, **{field: json.dumps({"Version": "2012-10-17", "Statement": kept})})
    try:
        yield
    finally:
        with without_scp(lab, "chaoskit-protect-production-data"):
            write(**where, **{field: prior})


def _picture(lab: Lab) -> dict[str, Any]:
    """Everything that the faults touch, as the account shows it."""
    name = {key.removeprefix("workload."): value for key, value in lab.target.variables.items()}
    s3, kms, secrets = lab.client("s3"), lab.client("kms"), lab.client("secretsmanager")
    functions = lab.client("lambda")
    buckets = {
        bucket: {
            "block": s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"],
            "encryption": s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"],
            "policy": json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]),
            "versioning": s3.get_bucket_versioning(Bucket=bucket)["Status"],
            "versions": [
                (one["Key"], one["VersionId"], one["IsLatest"])
                for kind in ("Versions", "DeleteMarkers")
                for one in s3.list_object_versions(Bucket=bucket).get(kind, [])
            ],
        }
        for bucket in (name["confidential_bucket"], name["restricted_bucket"])
    }
    keys = {
        key: {
            "state": kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"],
            "policy": json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]),
            "grants": [one["GrantId"] for one in kms.list_grants(KeyId=key)["Grants"]],
            "rotated": kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"],
        }
        for key in (name["restricted_key"], name["confidential_key"], name["internal_key"])
    }
    return {
        "buckets": buckets,
        "keys": keys,
        "secrets": {
            secret: [
                json.loads(secrets.get_resource_policy(SecretId=secret)["ResourcePolicy"]),
                {
                    field: secrets.describe_secret(SecretId=secret)[field]
                    for field in ("RotationEnabled", "RotationLambdaARN", "RotationRules")
                },
            ]
            for secret in (name["production_secret_arn"], name["feature_store_secret_arn"])
        },
        "environments": {
            function: functions.get_function_configuration(FunctionName=function)["Environment"]
            for function in (name["feature_loader"], name["production_predict_function"])
        },
        "snapshots": _snapshots(lab),
        "groups": [_group_policy(lab, name[group]) for group in ("model_group", "production_model_group")],
    }


def _group_policy(lab: Lab, group: str) -> Any:
    sagemaker = lab.client("sagemaker")
    try:
        policy = sagemaker.get_model_package_group_policy(ModelPackageGroupName=group)["ResourcePolicy"]
    except sagemaker.exceptions.ClientError:
        return None
    return json.loads(policy)


def _snapshots(lab: Lab) -> dict[str, Any]:
    """Who may use the canary snapshots."""
    ec2 = lab.client("ec2")
    found = [one["SnapshotId"] for one in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]]
    permission = "createVolumePermission"
    return {
        one: ec2.describe_snapshot_attribute(SnapshotId=one, Attribute=permission)["CreateVolumePermissions"]
        for one in found
    }
