"""Endpoints that serve by another configuration for a while: all else of them stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.faults._endpoint_configs import _TOLD
from chaoskit.faults.sagemaker_add_shadow_variant import AddShadowVariant
from chaoskit.faults.sagemaker_stop_data_capture import StopDataCapture
from tests.faults import shapes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.between import Account

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
ROLE = "arn:aws:iam::444455556666:role/serves"
TOLD = shapes.operation("sagemaker", "DescribeEndpointConfig").output_shape.members
TAKEN = shapes.operation("sagemaker", "CreateEndpointConfig").input_shape.members
OTHERS = {
    name: shapes.value(TOLD[name])
    for name in TOLD.keys()
    & TAKEN.keys() - {"EndpointConfigName", "ProductionVariants", "ShadowProductionVariants"}
}
CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://a-bucket/captured",
    "CaptureOptions": [{"CaptureMode": "Input"}],
}
FAULTS = {AddShadowVariant: {"ShadowProductionVariants"}, StopDataCapture: {"DataCaptureConfig"}}
faults = pytest.mark.parametrize("fault", FAULTS)


@pytest.fixture(scope="module")
def sagemaker(place: Account) -> Any:
    client = place.client("sagemaker")
    client.create_model(ModelName="a-model", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE})
    return client


def serving(sagemaker: Any, name: str) -> None:
    """An endpoint that has been scaled since it was made, by a configuration with every setting."""
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "a-model",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.t2.medium",
        "InitialVariantWeight": 1,
    }
    sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[variant], **{**OTHERS, "DataCaptureConfig": CAPTURE}
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    scaled = {"VariantName": "AllTraffic", "DesiredWeight": 3, "DesiredInstanceCount": 4}
    sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=[scaled])


def config_of(sagemaker: Any, name: str) -> dict[str, Any]:
    found = sagemaker.describe_endpoint_config(EndpointConfigName=name)
    return {key: found[key] for key in found if key not in (*_TOLD, "ResponseMetadata")}


def test_a_configuration_is_made_of_all_that_one_tells_but_for_what_is_known() -> None:
    assert TOLD.keys() - TAKEN.keys() | {"EndpointConfigName"} == set(_TOLD)


@faults
def test_the_other_configuration_has_every_setting_of_the_endpoints_own_but_one(
    place: Account, sagemaker: Any, tmp_path: Path, fault: type[AddShadowVariant | StopDataCapture]
) -> None:
    name = f"whole-{fault.__name__}"
    serving(sagemaker, name)
    own, others = config_of(sagemaker, name), list[Any]()
    assert own.keys() >= OTHERS.keys()
    switched = fault(endpoint=name, config=f"{name}-other")
    undone = place.undone(switched, tmp_path, lambda: others.append(config_of(sagemaker, f"{name}-other")))
    assert all(each.ok for each in undone)
    (other,) = others
    assert {key for key in {*own, *other} if own.get(key) != other.get(key)} == FAULTS[fault]


@faults
def test_an_endpoint_that_was_scaled_stays_so_during_the_fault_and_after(
    place: Account, sagemaker: Any, tmp_path: Path, fault: type[AddShadowVariant | StopDataCapture]
) -> None:
    name = f"scaled-{fault.__name__}"
    serving(sagemaker, name)

    def told() -> dict[str, Any]:
        found = sagemaker.describe_endpoint(EndpointName=name)
        return {key: found[key] for key in found if key not in {"LastModifiedTime", "ResponseMetadata"}}

    before, during = told(), list[Any]()
    assert before["ProductionVariants"][0]["DesiredInstanceCount"] == 4
    switched = fault(endpoint=name, config=f"{name}-other")
    undone = place.undone(switched, tmp_path, lambda: during.append(told()))
    assert all(each.ok for each in undone)
    assert during[0]["EndpointConfigName"] == f"{name}-other"
    assert during[0]["ProductionVariants"] == before["ProductionVariants"]
    assert told() == before


@faults
def test_an_endpoint_that_is_scaled_meanwhile_is_put_back_and_stays_scaled(
    place: Account, sagemaker: Any, tmp_path: Path, fault: type[AddShadowVariant | StopDataCapture]
) -> None:
    name = f"scaling-{fault.__name__}"
    serving(sagemaker, name)
    more = {"VariantName": "AllTraffic", "DesiredWeight": 3, "DesiredInstanceCount": 7}

    def scale() -> None:
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=name, DesiredWeightsAndCapacities=[more]
        )

    undone = place.undone(fault(endpoint=name, config=f"{name}-other"), tmp_path, scale)
    assert all(each.ok for each in undone)
    after = sagemaker.describe_endpoint(EndpointName=name)
    assert after["EndpointConfigName"] == name
    assert after["ProductionVariants"][0]["DesiredInstanceCount"] == 7
