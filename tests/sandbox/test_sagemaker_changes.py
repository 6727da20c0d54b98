"""Changes of endpoints, start scripts and training jobs, as a client of SageMaker makes them."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.aws import refusal

if TYPE_CHECKING:
    from chaoskit.sandbox.server import Served
    from tests.sandbox.aws import Aws

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
ROLE = "arn:aws:iam::444455556666:role/a-role"
VARIANT = {
    "VariantName": "AllTraffic",
    "ModelName": "a-model",
    "InitialInstanceCount": 1,
    "InstanceType": "ml.t2.medium",
    "InitialVariantWeight": 1,
}


TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@pytest.fixture(scope="module")
def sagemaker(aws: Aws) -> Any:
    """A client, and the role that its requests name."""
    aws.client("iam").create_role(RoleName="a-role", AssumeRolePolicyDocument=json.dumps(TRUST))
    return aws.client("sagemaker")


def test_an_endpoint_serves_as_the_configuration_says_that_it_was_updated_to(sagemaker: Any) -> None:
    sagemaker.create_model(ModelName="a-model", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE})
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://a-bucket/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    sagemaker.create_endpoint_config(
        EndpointConfigName="captured", ProductionVariants=[VARIANT], DataCaptureConfig=capture
    )
    shadow = {**VARIANT, "VariantName": "shadow"}
    sagemaker.create_endpoint_config(
        EndpointConfigName="shadowed", ProductionVariants=[VARIANT], ShadowProductionVariants=[shadow]
    )
    sagemaker.create_endpoint(EndpointName="an-endpoint", EndpointConfigName="captured")
    at_first = sagemaker.describe_endpoint(EndpointName="an-endpoint")["DataCaptureConfig"]
    assert at_first["CaptureStatus"] == "Started"
    sagemaker.update_endpoint(EndpointName="an-endpoint", EndpointConfigName="shadowed")
    found = sagemaker.describe_endpoint(EndpointName="an-endpoint")
    assert found["EndpointConfigName"] == "shadowed"
    assert not found.get("DataCaptureConfig")
    config = sagemaker.describe_endpoint_config(EndpointConfigName="shadowed")
    assert [one["VariantName"] for one in config["ShadowProductionVariants"]] == ["shadow"]
    with pytest.raises(ClientError, match="Could not find endpoint configuration nowhere"):
        sagemaker.update_endpoint(EndpointName="an-endpoint", EndpointConfigName="nowhere")
    sagemaker.update_endpoint(EndpointName="an-endpoint", EndpointConfigName="captured")
    assert sagemaker.describe_endpoint(EndpointName="an-endpoint")["DataCaptureConfig"] == at_first


def test_an_update_retains_what_was_scaled_only_where_it_is_asked_to(sagemaker: Any) -> None:
    for name, variants in (("scaled-by", ("a", "b")), ("updated-by", ("a", "c"))):
        variants_of = [{**VARIANT, "VariantName": variant, "InitialInstanceCount": 2} for variant in variants]
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants_of)
    which = {"EndpointName": "scaled"}
    sagemaker.create_endpoint(**which, EndpointConfigName="scaled-by")

    def scaled(**how: Any) -> dict[str, tuple[int, float]]:
        more = {"VariantName": "a", "DesiredWeight": 5, "DesiredInstanceCount": 6}
        sagemaker.update_endpoint_weights_and_capacities(**which, DesiredWeightsAndCapacities=[more])
        sagemaker.update_endpoint(**which, EndpointConfigName="updated-by", **how)
        found = sagemaker.describe_endpoint(**which)["ProductionVariants"]
        return {one["VariantName"]: (one["DesiredInstanceCount"], one["DesiredWeight"]) for one in found}

    assert scaled() == {"a": (2, 1), "c": (2, 1)}
    assert scaled(RetainAllVariantProperties=True) == {"a": (6, 5), "c": (2, 1)}
    but_weights = [{"VariantPropertyType": "DesiredWeight"}]
    excluded = scaled(RetainAllVariantProperties=True, ExcludeRetainedVariantProperties=but_weights)
    assert excluded == {"a": (6, 1), "c": (2, 1)}


def test_a_notebooks_status_decides_what_may_be_done_to_it(sagemaker: Any) -> None:
    which = {"NotebookInstanceName": "guarded"}
    made = sagemaker.create_notebook_instance(**which, InstanceType="ml.t3.medium", RoleArn=ROLE)
    arn = made["NotebookInstanceArn"]

    def refused(call: Any, status: str, allowed: str, becomes: str) -> None:
        told = refusal(call, **which)
        assert told[0] == "ValidationException"
        assert told[1] == (
            f"Status ({status}) not in ([{allowed}]). "
            f"Unable to transition to ({becomes}) for Notebook Instance ({arn})."
        )

    refused(sagemaker.start_notebook_instance, "InService", "Stopped, Failed", "Pending")
    refused(sagemaker.delete_notebook_instance, "InService", "Stopped, Failed", "Deleting")
    sagemaker.stop_notebook_instance(**which)
    refused(sagemaker.stop_notebook_instance, "Stopped", "InService", "Stopping")
    sagemaker.start_notebook_instance(**which)
    sagemaker.stop_notebook_instance(**which)
    sagemaker.delete_notebook_instance(**which)
    gone = refusal(sagemaker.stop_notebook_instance, **which)
    assert gone[:2] == ("ValidationException", "RecordNotFound")


def test_a_start_script_is_replaced_and_the_other_stays(sagemaker: Any) -> None:
    def script(text: str) -> list[dict[str, str]]:
        return [{"Content": base64.b64encode(text.encode()).decode()}]

    which = {"NotebookInstanceLifecycleConfigName": "a-config"}
    sagemaker.create_notebook_instance_lifecycle_config(
        **which, OnCreate=script("one"), OnStart=script("two")
    )
    sagemaker.update_notebook_instance_lifecycle_config(**which, OnStart=script("three"))
    found = sagemaker.describe_notebook_instance_lifecycle_config(**which)
    assert (found["OnCreate"], found["OnStart"]) == (script("one"), script("three"))


def test_a_notebooks_url_is_given_while_it_runs(sagemaker: Any) -> None:
    which = {"NotebookInstanceName": "a-notebook"}
    sagemaker.create_notebook_instance(**which, InstanceType="ml.t3.medium", RoleArn=ROLE)
    url = sagemaker.create_presigned_notebook_instance_url(**which)["AuthorizedUrl"]
    assert url.startswith("https://a-notebook.notebook.us-east-1.sagemaker.aws?authToken=")
    sagemaker.stop_notebook_instance(**which)
    with pytest.raises(ClientError, match="is not InService"):
        sagemaker.create_presigned_notebook_instance_url(**which)


def test_a_training_job_runs_until_it_is_stopped_or_a_minute_is_over(served: Served, sagemaker: Any) -> None:
    for name in ("one", "two"):
        sagemaker.create_training_job(
            TrainingJobName=name,
            RoleArn=ROLE,
            AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            OutputDataConfig={"S3OutputPath": "s3://a-bucket/out"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 60},
        )
    running = sagemaker.list_training_jobs(StatusEquals="InProgress")["TrainingJobSummaries"]
    assert {job["TrainingJobName"] for job in running} == {"one", "two"}
    sagemaker.stop_training_job(TrainingJobName="one")
    with pytest.raises(ClientError, match="rejected because the training job is in status Stopped"):
        sagemaker.stop_training_job(TrainingJobName="one")
    served.cloud.clock.advance(61)
    assert sagemaker.describe_training_job(TrainingJobName="one")["TrainingJobStatus"] == "Stopped"
    assert sagemaker.describe_training_job(TrainingJobName="two")["TrainingJobStatus"] == "Completed"


def test_a_job_is_deleted_once_it_has_ended_and_its_name_is_free_again(sagemaker: Any) -> None:
    training = {
        "TrainingJobName": "deleted",
        "RoleArn": ROLE,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://a-bucket/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    sagemaker.create_training_job(**training)
    with pytest.raises(ClientError, match=r"\(ResourceInUse\).* is InProgress and can't be deleted"):
        sagemaker.delete_training_job(TrainingJobName="deleted")
    sagemaker.stop_training_job(TrainingJobName="deleted")
    sagemaker.delete_training_job(TrainingJobName="deleted")
    assert sagemaker.list_training_jobs(NameContains="deleted")["TrainingJobSummaries"] == []
    with pytest.raises(ClientError, match="ResourceNotFound"):
        sagemaker.delete_training_job(TrainingJobName="deleted")
    sagemaker.create_training_job(**training)
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    sagemaker.create_processing_job(
        ProcessingJobName="processed",
        RoleArn=ROLE,
        AppSpecification={"ImageUri": IMAGE},
        ProcessingResources={"ClusterConfig": cluster},
    )
    sagemaker.delete_processing_job(ProcessingJobName="processed")
    with pytest.raises(ClientError, match="ResourceNotFound"):
        sagemaker.delete_processing_job(ProcessingJobName="processed")
