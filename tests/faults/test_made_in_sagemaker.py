"""Jobs, models and configurations that faults make: they are deleted, or AWS says why they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.faults.sagemaker_host_without_key import HostWithoutKey
from chaoskit.faults.sagemaker_model_outside_vpc import ModelOutsideVpc
from chaoskit.faults.sagemaker_process_outside_vpc import ProcessOutsideVpc
from chaoskit.faults.sagemaker_train_outside_vpc import TrainOutsideVpc
from tests.faults.between import account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chaoskit.contract import Fault
    from tests.faults.between import Account
    from tests.one_sandbox import OneSandbox

ROLE = "arn:aws:iam::444455556666:role/makes"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
MADE: list[tuple[Fault, str, dict[str, str]]] = [
    (HostWithoutKey(endpoint="serves", config="made"), "EndpointConfig", {"EndpointConfigName": "made"}),
    (ModelOutsideVpc(role_arn=ROLE, model="made"), "Model", {"ModelName": "made"}),
    (ProcessOutsideVpc(role_arn=ROLE, job="made"), "ProcessingJob", {"ProcessingJobName": "made"}),
    (
        TrainOutsideVpc(role_arn=ROLE, output="s3://a-bucket/out", job="made"),
        "TrainingJob",
        {"TrainingJobName": "made-1"},
    ),
]
made = pytest.mark.parametrize(("fault", "kind", "which"), MADE, ids=[kind for _, kind, _ in MADE])


@pytest.fixture(scope="module")
def place(one_sandbox: OneSandbox) -> Iterator[Account]:
    with account(one_sandbox) as made:
        sagemaker = made.client("sagemaker")
        sagemaker.create_model(ModelName="serves", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE})
        variant = {"VariantName": "one", "ModelName": "serves", "InstanceType": "ml.t2.medium"}
        sagemaker.create_endpoint_config(EndpointConfigName="serves", ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName="serves", EndpointConfigName="serves")
        yield made


def call(place: Account, verb: str, kind: str, which: dict[str, str]) -> Any:
    names = {"EndpointConfig": "endpoint_config", "Model": "model", "ProcessingJob": "processing_job"}
    return getattr(place.client("sagemaker"), f"{verb}_{names.get(kind, 'training_job')}")(**which)


@made
def test_what_somebody_else_has_deleted_is_undone(
    place: Account, tmp_path: Path, fault: Fault, kind: str, which: dict[str, str]
) -> None:
    def delete() -> None:
        if kind == "TrainingJob":
            call(place, "stop", kind, which)
        call(place, "delete", kind, which)

    (undone,) = place.undone(fault, tmp_path, delete)
    assert undone.ok, undone.note


@made
def test_what_aws_does_not_delete_is_told_of_in_its_own_words(
    place: Account, tmp_path: Path, fault: Fault, kind: str, which: dict[str, str]
) -> None:
    def refuse() -> None:
        place.refusals[f"Delete{kind}"] = ["ValidationException"]

    (undone,) = place.undone(fault, tmp_path, refuse)
    assert not undone.ok
    assert f"sagemaker:Delete{kind} failed: ValidationException" in undone.note
    call(place, "delete", kind, which)


def test_a_job_that_has_ended_by_itself_is_deleted(place: Account, tmp_path: Path) -> None:
    fault, kind, which = MADE[-1]

    def end() -> None:
        place.lab.cloud.clock.advance(61)
        assert call(place, "describe", kind, which)["TrainingJobStatus"] == "Completed"

    (undone,) = place.undone(fault, tmp_path, end)
    assert undone.ok, undone.note
