"""Data capture and asynchronous inference: what endpoints leave in buckets, as the role of their model."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.aws import MEMBER, allow, refusal

if TYPE_CHECKING:
    from tests.sandbox.aws import Aws

BUCKET = "captures-of-endpoints"
TRUST = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
VARIANT = "AllTraffic"


@pytest.fixture(scope="module")
def model(aws: Aws) -> str:
    """The name of a model whose role may use the bucket and one topic."""
    aws.client("s3").create_bucket(Bucket=BUCKET)
    role = aws.role(
        "model",
        TRUST,
        allow(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{BUCKET}/*"),
        allow("sns:Publish"),
    )
    return make_model(aws, "model", role)


def make_model(aws: Aws, name: str, role: str) -> str:
    image = f"{MEMBER}.dkr.ecr.us-east-1.amazonaws.com/model:1"
    aws.client("sagemaker").create_model(
        ModelName=name, ExecutionRoleArn=role, PrimaryContainer={"Image": image}
    )
    return name


def serve(aws: Aws, name: str, model: str, **config: Any) -> str:
    """The name of a new endpoint with this configuration."""
    variant = {
        "VariantName": VARIANT,
        "ModelName": model,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    sagemaker = aws.client("sagemaker")
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], **config)
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return name


def capture(*modes: str, **more: Any) -> dict[str, Any]:
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{BUCKET}/monitor",
        "CaptureOptions": [{"CaptureMode": mode} for mode in modes],
        **more,
    }


def lines(aws: Aws, endpoint: str) -> tuple[list[str], list[dict[str, Any]]]:
    """The keys below an endpoint's prefix, and what is in them."""
    assert aws.served.cloud.idle(10)
    s3 = aws.client("s3")
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"monitor/{endpoint}/").get("Contents", [])
    keys = [one["Key"] for one in found]
    bodies = [s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode() for key in keys]
    return keys, [json.loads(line) for body in bodies for line in body.splitlines()]


def test_a_request_and_its_answer_are_captured_in_the_documented_layout_and_form(
    aws: Aws, model: str
) -> None:
    headers = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}
    config = capture("Input", "Output", CaptureContentTypeHeader=headers)
    name = serve(aws, "captured", model, DataCaptureConfig=config)
    answer = (
        aws.client("sagemaker-runtime")
        .invoke_endpoint(
            EndpointName=name, Body=b"1,2", ContentType="text/csv", CustomAttributes="a=b", InferenceId="i-1"
        )["Body"]
        .read()
    )
    (key,), (line,) = lines(aws, name)
    now = aws.served.cloud.now()
    assert key.startswith(f"monitor/{name}/{VARIANT}/{now:%Y/%m/%d}/")
    assert key.endswith(".jsonl")
    assert line["captureData"] == {
        "endpointInput": {
            "observedContentType": "text/csv",
            "mode": "INPUT",
            "data": "1,2",
            "encoding": "CSV",
        },
        "endpointOutput": {
            "observedContentType": "application/json",
            "mode": "OUTPUT",
            "data": answer.decode(),
            "encoding": "JSON",
        },
    }
    metadata = line["eventMetadata"]
    assert (metadata["customAttributes"], metadata["inferenceId"]) == (["a=b"], "i-1")
    assert metadata["inferenceTime"].endswith("Z")
    assert line["eventVersion"] == "0"
    told = aws.client("sagemaker").describe_endpoint(EndpointName=name)["DataCaptureConfig"]
    assert (told["CaptureStatus"], told["CurrentSamplingPercentage"]) == ("Started", 100)


def test_only_the_side_that_was_asked_for_is_captured_and_in_base64_by_default(aws: Aws, model: str) -> None:
    name = serve(aws, "inputs", model, DataCaptureConfig=capture("Input"))
    aws.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"\xff", ContentType="image/png")
    _, (line,) = lines(aws, name)
    assert list(line["captureData"]) == ["endpointInput"]
    told = line["captureData"]["endpointInput"]
    assert (base64.b64decode(told["data"]), told["encoding"]) == (b"\xff", "BASE64")


@pytest.mark.parametrize(
    ("name", "config", "captures"),
    [
        ("sampled", {"InitialSamplingPercentage": 25}, 2),
        ("switched-off", {"EnableCapture": False}, 0),
    ],
)
def test_as_many_are_captured_as_the_configuration_says(
    aws: Aws, model: str, name: str, config: dict[str, Any], captures: int
) -> None:
    serve(aws, name, model, DataCaptureConfig=capture("Input", **config))
    for _ in range(8):
        aws.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"[1]")
    assert len(lines(aws, name)[0]) == captures


def test_a_capture_that_the_models_role_may_not_write_is_lost_and_the_answer_is_not(aws: Aws) -> None:
    powerless = make_model(aws, "powerless", aws.role("powerless", TRUST))
    name = serve(aws, "lost", powerless, DataCaptureConfig=capture("Input"))
    assert aws.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"[1]")["Body"].read()
    assert lines(aws, name)[0] == []


def test_an_asynchronous_answer_is_written_and_told(aws: Aws, model: str) -> None:
    sns, sqs, s3 = aws.client("sns"), aws.client("sqs"), aws.client("s3")
    topics = {kind: sns.create_topic(Name=kind)["TopicArn"] for kind in ("SuccessTopic", "ErrorTopic")}
    queue = sqs.create_queue(QueueName="results")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    open_to_sns = allow("sqs:SendMessage", Principal={"Service": "sns.amazonaws.com"})
    sqs.set_queue_attributes(
        QueueUrl=queue,
        Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [open_to_sns]})},
    )
    for topic in topics.values():
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    output = {"S3OutputPath": f"s3://{BUCKET}/answers", "NotificationConfig": topics}
    name = serve(aws, "later", model, AsyncInferenceConfig={"OutputConfig": output})
    runtime = aws.client("sagemaker-runtime")
    s3.put_object(Bucket=BUCKET, Key="asked.csv", Body=b"1,2")
    told = runtime.invoke_endpoint_async(
        EndpointName=name, InputLocation=f"s3://{BUCKET}/asked.csv", ContentType="text/csv"
    )
    assert told["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert aws.served.cloud.idle(10)
    key = told["OutputLocation"].removeprefix(f"s3://{BUCKET}/")
    assert json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())["predictions"]
    runtime.invoke_endpoint_async(EndpointName=name, InputLocation=f"s3://{BUCKET}/nothing")
    assert aws.served.cloud.idle(10)
    told_of = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    messages = [json.loads(one["Body"]) for one in told_of]
    results = {one["invocationStatus"]: one for one in messages}
    assert set(results) == {"Completed", "Failed"}
    assert results["Completed"]["responseParameters"]["outputLocation"] == told["OutputLocation"]
    assert results["Completed"]["inferenceId"] == told["InferenceId"]
    assert "failureReason" in results["Failed"]
    assert refusal(runtime.invoke_endpoint, EndpointName=name, Body=b"1")[0] == "ValidationError"
