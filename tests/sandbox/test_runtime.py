"""SageMaker Runtime: invocations are measured, and split between variants by weight."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.sandbox.runtime import whose_turn
from tests.sandbox.aws import MEMBER, refusal

if TYPE_CHECKING:
    from tests.sandbox.aws import Aws


@pytest.fixture(scope="module")
def endpoint(aws: Aws) -> str:
    sagemaker = aws.client("sagemaker")
    role = f"arn:aws:iam::{MEMBER}:role/model"
    image = f"{MEMBER}.dkr.ecr.us-east-1.amazonaws.com/model:1"
    sagemaker.create_model(
        ModelName="model",
        ExecutionRoleArn=role,
        PrimaryContainer={"Image": image, "ModelDataUrl": "s3://a/b"},
    )
    variants = [
        {
            "VariantName": name,
            "ModelName": "model",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 2,
            "InitialVariantWeight": weight,
        }
        for name, weight in (("blue", 3.0), ("green", 1.0))
    ]
    sagemaker.create_endpoint_config(EndpointConfigName="split", ProductionVariants=variants)
    sagemaker.create_endpoint(EndpointName="split", EndpointConfigName="split")
    return "split"


def test_traffic_is_split_by_weight_and_each_invocation_is_measured(aws: Aws, endpoint: str) -> None:
    runtime, cloud = aws.client("sagemaker-runtime"), aws.served.cloud
    answers = [runtime.invoke_endpoint(EndpointName=endpoint, Body=b"[1]") for _ in range(8)]
    assert Counter(one["InvokedProductionVariant"] for one in answers) == {"blue": 6, "green": 2}
    assert cloud.idle(5)
    found = {}
    for name in ("Invocations", "InvocationsPerInstance", "Invocation5XXErrors", "ModelLatency"):
        dimensions = [
            {"Name": "EndpointName", "Value": endpoint},
            {"Name": "VariantName", "Value": "blue"},
        ]
        points: list[dict[str, Any]] = aws.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=name,
            Dimensions=dimensions,
            StartTime=cloud.now() - timedelta(hours=1),
            EndTime=cloud.now() + timedelta(hours=1),
            Period=7200,
            Statistics=["Sum", "SampleCount"],
        )["Datapoints"]
        found[name] = (sum(one["Sum"] for one in points), sum(one["SampleCount"] for one in points))
    assert found["Invocations"] == (6, 6)
    assert found["InvocationsPerInstance"] == (3, 6)
    assert found["Invocation5XXErrors"] == (0, 6)
    assert found["ModelLatency"][0] > 0


def test_an_alarm_on_invocations_rings(aws: Aws, endpoint: str) -> None:
    cloudwatch, cloud = aws.client("cloudwatch"), aws.served.cloud
    cloudwatch.put_metric_alarm(
        AlarmName="busy",
        Namespace="AWS/SageMaker",
        MetricName="Invocations",
        Dimensions=[
            {"Name": "EndpointName", "Value": endpoint},
            {"Name": "VariantName", "Value": "green"},
        ],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=4,
        ComparisonOperator="GreaterThanThreshold",
    )
    for _ in range(5):
        aws.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=endpoint, Body=b"[2]", TargetVariant="green"
        )
    assert cloud.idle(5)
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["busy"])["MetricAlarms"]
    assert alarm["StateValue"] == "ALARM"


def test_the_split_follows_the_weights_whatever_the_order() -> None:
    served: Counter[str] = Counter()
    weights = {"a": 0.7, "b": 0.2, "c": 0.1, "off": 0.0}
    for _ in range(1000):
        served[whose_turn(weights, served)] += 1
    assert served == {"a": 700, "b": 200, "c": 100}


def test_a_stream_joins_to_the_answer_and_is_only_for_endpoints_that_exist(aws: Aws, endpoint: str) -> None:
    runtime = aws.client("sagemaker-runtime")
    streamed = runtime.invoke_endpoint_with_response_stream(EndpointName=endpoint, Body=b"[1]")
    parts = [event["PayloadPart"]["Bytes"] for event in streamed["Body"]]
    assert len(parts) > 1
    assert b"".join(parts) == runtime.invoke_endpoint(EndpointName=endpoint, Body=b"[1]")["Body"].read()
    refused = refusal(runtime.invoke_endpoint_with_response_stream, EndpointName="none", Body=b"[1]")
    assert refused[0] == "ValidationError"


def test_an_endpoint_that_answers_at_once_takes_no_asynchronous_calls(aws: Aws, endpoint: str) -> None:
    runtime = aws.client("sagemaker-runtime")
    given = {"InputLocation": "s3://bucket/key"}
    for name in ("none", endpoint):
        assert refusal(runtime.invoke_endpoint_async, EndpointName=name, **given)[0] == "ValidationError"
