"""Secrets whose key and rotation are changed: nothing of the fault is left in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.aws import Aws, Call
from chaoskit.errors import GuardError
from chaoskit.faults.secretsmanager_cancel_rotation import CancelRotation
from chaoskit.faults.secretsmanager_use_aws_managed_key import UseAwsManagedKey
from tests.faults.between import Account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.lab import Lab


@pytest.fixture(scope="module")
def place(lab: Lab) -> Account:
    target = lab.target
    return Account(lab, Aws(target.connection, account=target.account), target.account, "us-east-1")


@pytest.fixture
def rotated(place: Account) -> Iterator[str]:
    """A secret that a function rotates, and that no rule watches."""
    secret = str(place.lab.target.variables["workload.model_hub_secret_arn"])
    yield secret
    rules = {"AutomaticallyAfterDays": 30}
    place.client("secretsmanager").rotate_secret(
        SecretId=secret, RotationRules=rules, RotateImmediately=False
    )


def described(place: Account, secret: str) -> dict[str, Any]:
    return dict(place.client("secretsmanager").describe_secret(SecretId=secret))


def test_the_canary_of_the_workload_is_moved_and_comes_back_under_its_key(
    place: Account, tmp_path: Path
) -> None:
    secret = place.lab.target.variables["workload.canary_secret_arn"]
    before = described(place, secret)["KmsKeyId"]
    moved: list[Any] = []
    (undone,) = place.undone(
        UseAwsManagedKey(secret=secret),
        tmp_path,
        lambda: moved.append(described(place, secret).get("KmsKeyId")),
    )
    assert undone.ok
    assert moved == [None]
    after = described(place, secret)
    assert after["KmsKeyId"] == before
    assert "VersionIdsToStages" not in after


def test_a_secret_with_a_value_is_not_moved_since_awss_key_would_go_on_opening_it(place: Account) -> None:
    secret = place.lab.target.variables["workload.model_hub_secret_arn"]
    with pytest.raises(GuardError, match=r"has a value.*name a canary"):
        list(UseAwsManagedKey(secret=secret).changes(place.aws))


def test_a_secret_under_awss_key_is_left(place: Account) -> None:
    secrets = place.client("secretsmanager")
    secret = secrets.create_secret(Name="under-awss-key", SecretString="a value")["ARN"]
    try:
        assert list(UseAwsManagedKey(secret=secret).changes(place.aws)) == []
    finally:
        secrets.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)


@pytest.mark.parametrize(
    "rules",
    [
        {"ScheduleExpression": "rate(10 days)"},
        {"ScheduleExpression": "cron(0 4 ? * SUN *)", "Duration": "3h"},
        {"AutomaticallyAfterDays": 14},
    ],
)
def test_a_rotation_that_was_cancelled_has_its_schedule_again(
    place: Account, rotated: str, tmp_path: Path, rules: dict[str, Any]
) -> None:
    # Once it has been rotated, AWS tells the days of an expression too.
    place.client("secretsmanager").rotate_secret(SecretId=rotated, RotationRules=rules)
    assert place.lab.cloud.idle(20)
    told = described(place, rotated)
    assert told["RotationRules"].keys() == {*rules, "AutomaticallyAfterDays"}
    (undone,) = place.undone(CancelRotation(secret=rotated), tmp_path)
    assert undone.ok
    after = described(place, rotated)
    assert after["RotationEnabled"]
    assert after["RotationLambdaARN"] == told["RotationLambdaARN"]
    assert rules.items() <= after["RotationRules"].items()


def test_a_rotation_that_is_under_way_is_not_cut_in_two(place: Account, rotated: str) -> None:
    secrets, where = place.client("secretsmanager"), {"SecretId": rotated}
    pending = secrets.put_secret_value(**where, SecretString="the next", VersionStages=["AWSPENDING"])
    version = pending["VersionId"]
    try:
        with pytest.raises(GuardError, match=f"{version} is AWSPENDING.*Wait until"):
            list(CancelRotation(secret=rotated).changes(place.aws))
    finally:
        secrets.update_secret_version_stage(**where, VersionStage="AWSPENDING", RemoveFromVersionId=version)
    assert len(list(CancelRotation(secret=rotated).changes(place.aws))) == 1


def test_switching_a_rotation_on_again_waits_for_the_trial_of_its_function(
    place: Account, rotated: str
) -> None:
    (change,) = CancelRotation(secret=rotated).changes(place.aws)
    (undo,) = change.undo
    assert isinstance(undo, Call)
    trial = "A previous rotation isn't complete. That rotation will be reattempted."
    assert undo.is_early("InvalidRequestException", trial)
    assert not undo.is_early("InvalidRequestException", "You can't perform this operation")
