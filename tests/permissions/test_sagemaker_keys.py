"""SageMaker's keys are found in every operation that carries them, however deep."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.session import get_session

from chaoskit.permissions.arns import condition_keys, takes_key
from chaoskit.permissions.call import Unseen
from chaoskit.permissions.sagemaker_keys import SAGEMAKER_KEYS, sagemaker_keys
from chaoskit.permissions.service_context import modelled, of_action
from tests.permissions.test_requirements import Call

MODEL = get_session().get_service_model("sagemaker")
KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
DOCUMENTED = {
    operation: {key for key in condition_keys(f"sagemaker:{operation}") if key.endswith("kmskeyarn")}
    for operation in MODEL.operation_names
}
# The reference gives the key to these, whose parameters name no key of this sort.
WITHOUT = {("CreateJob", "sagemaker:outputkmskeyarn")}


def filled(shape: Any, seen: tuple[str, ...] = ()) -> Any:
    """A value for every member: texts are the key's ARN."""
    match shape.type_name:
        case "structure" if shape.name not in seen:
            return {name: filled(each, (*seen, shape.name)) for name, each in shape.members.items()}
        case "list":
            return [filled(shape.member, seen)]
        case "string":
            return KEY
        case _:
            return None


@pytest.mark.parametrize("operation", sorted(name for name, keys in DOCUMENTED.items() if keys))
def test_the_kms_keys_that_aws_documents_for_an_operation_are_found_in_its_parameters(operation: str) -> None:
    made = Call("sagemaker", operation, filled(MODEL.operation_model(operation).input_shape))
    found = of_action(made, f"sagemaker:{operation}", Unseen())
    wanted = DOCUMENTED[operation] & {key.lower() for key in SAGEMAKER_KEYS}
    wanted -= {key for name, key in WITHOUT if name == operation}
    assert wanted <= {key.lower() for key in found}
    for key in wanted:
        old = key.removesuffix("arn")
        assert {name.lower(): value for name, value in found.items()}[old] == KEY


@pytest.mark.parametrize(
    ("operation", "parameters", "key", "value"),
    [
        ("CreateNotebookInstance", {"KmsKeyId": KEY}, "VolumeKmsKey", KEY),
        ("CreateEndpointConfig", {"KmsKeyId": KEY}, "VolumeKmsKeyArn", KEY),
        ("CreateTrainingJob", {"ResourceConfig": {"VolumeKmsKeyId": KEY}}, "VolumeKmsKey", KEY),
        ("CreateTransformJob", {"TransformResources": {"VolumeKmsKeyId": KEY}}, "VolumeKmsKeyArn", KEY),
        ("CreateTransformJob", {"TransformOutput": {"KmsKeyId": KEY}}, "OutputKmsKey", KEY),
        ("CreateTransformJob", {"DataCaptureConfig": {"KmsKeyId": KEY}}, "OutputKmsKey", None),
        ("CreateAutoMLJobV2", {"SecurityConfig": {"VolumeKmsKeyId": KEY}}, "VolumeKmsKey", KEY),
        (
            "CreateHyperParameterTuningJob",
            {
                "TrainingJobDefinitions": [
                    {"ResourceConfig": {"VolumeKmsKeyId": "a"}},
                    {"ResourceConfig": {"VolumeKmsKeyId": "b"}},
                ]
            },
            "VolumeKmsKey",
            ["a", "b"],
        ),
        (
            "CreateHyperParameterTuningJob",
            {"TrainingJobDefinition": {"VpcConfig": {"Subnets": ["subnet-1"]}}},
            "VpcSubnets",
            ["subnet-1"],
        ),
        ("CreateNotebookInstance", {"SubnetId": "subnet-1"}, "VpcSubnets", ["subnet-1"]),
        ("CreateDomain", {"SubnetIds": ["subnet-1", "subnet-2"]}, "VpcSubnets", ["subnet-1", "subnet-2"]),
        (
            "CreateTrainingJob",
            {
                "ResourceConfig": {"InstanceGroups": [{"InstanceType": "ml.p3.2xlarge"}]},
                "DebugRuleConfigurations": [{"InstanceType": "ml.m5.large"}],
            },
            "InstanceTypes",
            ["ml.p3.2xlarge"],
        ),
        ("CreateModel", {}, "VpcSubnets", None),
    ],
)
def test_a_key_has_the_values_of_the_members_that_it_stands_for(
    operation: str, parameters: dict[str, Any], key: str, value: Any
) -> None:
    assert sagemaker_keys(Call("sagemaker", operation, parameters), Unseen()).get(f"sagemaker:{key}") == value


def test_an_operation_does_not_get_the_key_of_what_it_does_not_encrypt() -> None:
    made = Call("sagemaker", "CreateMlflowApp", {"KmsKeyId": KEY})
    assert of_action(made, "sagemaker:CreateMlflowApp", Unseen()) == {}
    assert takes_key("sagemaker:CreateTrainingJob", "sagemaker:VolumeKmsKey")


def test_a_call_without_a_key_is_known_to_have_none() -> None:
    assert {"sagemaker:volumekmskey", "sagemaker:volumekmskeyarn", "sagemaker:vpcsubnets"} <= modelled(
        "sagemaker"
    )
