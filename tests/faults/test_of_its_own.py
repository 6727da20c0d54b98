"""That keys, recorders and rules lose what the fault made and keep what somebody else did meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.faults import config_narrow_recorder
from chaoskit.faults.config_narrow_recorder import NarrowRecorder
from chaoskit.faults.events_remove_targets import RemoveTargets
from chaoskit.faults.kms_grant_to_stranger import GrantToStranger
from tests.faults import shapes
from tests.sandbox.aws import MEMBER, policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.faults.between import Account


@pytest.fixture
def key(place: Account) -> str:
    return str(place.client("kms").create_key()["KeyMetadata"]["KeyId"])


def grants(place: Account, key: str) -> list[str]:
    return [grant["GrantId"] for grant in place.client("kms").list_grants(KeyId=key)["Grants"]]


def grant(place: Account, key: str, **more: str) -> str:
    made = place.client("kms").create_grant(
        KeyId=key, GranteePrincipal="sagemaker.us-east-1.amazonaws.com", Operations=["Decrypt"], **more
    )
    return str(made["GrantId"])


def test_a_grant_that_a_service_makes_meanwhile_stays(place: Account, key: str, tmp_path: Path) -> None:
    before = grant(place, key)
    (undone,) = place.undone(GrantToStranger(key=key), tmp_path, lambda: grant(place, key))
    assert undone.ok
    assert len(grants(place, key)) == 2
    assert before in grants(place, key)


def test_a_key_that_has_a_grant_of_the_name_is_left_alone(place: Account, key: str, tmp_path: Path) -> None:
    before = grant(place, key, Name="chaoskit-stranger")
    assert place.undone(GrantToStranger(key=key), tmp_path) == []
    assert grants(place, key) == [before]


@pytest.fixture
def role(place: Account) -> Iterator[str]:
    iam = place.client("iam")
    trusted = {"Service": "config.amazonaws.com"}
    trust = policy({"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"})
    for name in ("before", "theirs"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    yield f"arn:aws:iam::{MEMBER}:role/before"
    for name in ("before", "theirs"):
        iam.delete_role(RoleName=name)


def recorder(place: Account) -> dict[str, Any]:
    (found,) = place.client("config").describe_configuration_recorders()["ConfigurationRecorders"]
    return dict(found)


def record(place: Account, role: str, **more: Any) -> None:
    place.client("config").put_configuration_recorder(
        ConfigurationRecorder={"name": "default", "roleARN": role, **more}
    )


@pytest.mark.parametrize(
    "theirs",
    [
        {"roleARN": f"arn:aws:iam::{MEMBER}:role/theirs"},
        {"recordingMode": {"recordingFrequency": "DAILY"}},
    ],
    ids=["role", "mode"],
)
def test_what_somebody_else_changes_of_a_recorder_is_not_put_back_unseen(
    place: Account, role: str, tmp_path: Path, theirs: dict[str, Any]
) -> None:
    group = {"allSupported": True, "includeGlobalResourceTypes": False}
    record(place, role, recordingGroup=group, recordingMode={"recordingFrequency": "CONTINUOUS"})

    def changed() -> None:
        narrowed = {name: recorder(place)[name] for name in config_narrow_recorder.GIVEN}
        place.client("config").put_configuration_recorder(ConfigurationRecorder={**narrowed, **theirs})

    (undone,) = place.undone(NarrowRecorder(), tmp_path, changed)
    assert "somebody else has changed it" in undone.note
    assert theirs.items() <= recorder(place).items()


def test_a_recorder_is_put_back_with_all_that_can_be_given(place: Account, role: str, tmp_path: Path) -> None:
    group = {"allSupported": True, "includeGlobalResourceTypes": False}
    record(place, role, recordingGroup=group, recordingMode={"recordingFrequency": "DAILY"})
    before = recorder(place)
    (undone,) = place.undone(NarrowRecorder(), tmp_path)
    assert undone.ok
    assert recorder(place) == before


def test_nothing_of_a_recorder_of_the_accounts_own_is_forgotten() -> None:
    shape = shapes.operation("config", "PutConfigurationRecorder").input_shape
    # AWS's own to say; the last three are those of recorders that a service or another cloud links.
    said = {"arn", "recordingScope", "servicePrincipal", "connectorArn", "scopeConfiguration"}
    assert set(config_narrow_recorder.GIVEN) == set(shape.members["ConfigurationRecorder"].members) - said


@pytest.fixture
def rule(place: Account, tmp_path: Path) -> str:
    name = tmp_path.name
    events = place.client("events")
    events.put_rule(Name=name, EventPattern='{"source": ["nobody"]}')
    events.put_targets(Rule=name, Targets=[target("first", "a"), target("second", "b")])
    return name


def target(name: str, text: str) -> dict[str, str]:
    return {"Id": name, "Arn": f"arn:aws:sqs:us-east-1:{MEMBER}:{name}", "Input": f'"{text}"'}


def targets(place: Account, rule: str) -> list[dict[str, str]]:
    found = place.client("events").list_targets_by_rule(Rule=rule)["Targets"]
    return sorted(found, key=lambda each: str(each["Id"]))


def test_targets_are_put_back_though_somebody_else_adds_another(
    place: Account, rule: str, tmp_path: Path
) -> None:
    before = targets(place, rule)

    def another() -> None:
        place.client("events").put_targets(Rule=rule, Targets=[target("theirs", "c")])

    (undone,) = place.undone(RemoveTargets(rule=rule), tmp_path, another)
    assert undone.ok
    assert targets(place, rule) == [*before, target("theirs", "c")]


def test_a_target_that_somebody_else_has_put_in_anothers_place_stays(
    place: Account, rule: str, tmp_path: Path
) -> None:
    def replaced() -> None:
        place.client("events").put_targets(Rule=rule, Targets=[target("first", "theirs")])

    (undone,) = place.undone(RemoveTargets(rule=rule), tmp_path, replaced)
    assert "somebody else has changed it" in undone.note
    assert targets(place, rule) == [target("first", "theirs")]
