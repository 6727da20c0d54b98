"""Asynchronous inference: the request is an object in S3, and so is the answer; SNS says when it is there.

Sources: SageMaker API Reference, "InvokeEndpointAsync", `AsyncInferenceConfig`; SageMaker Developer Guide,
"Asynchronous inference" and "Check prediction results" (the notification).
"""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chaoskit.sandbox.data_capture import as_model, location
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.data_capture import Exchange

_log = logging.getLogger(__name__)
_ACCEPTED = 202


def accepted(exchange: Exchange, output: Mapping[str, Any]) -> dict[str, Any]:
    """What `InvokeEndpointAsync` answers: where the answer will be."""
    call = exchange.call
    answer = {
        "InferenceId": str(call.params.get("InferenceId") or call.request_id),
        "OutputLocation": f"{str(output['S3OutputPath']).rstrip('/')}/{call.request_id}.out",
        "ResponseMetadata": {"HTTPStatusCode": _ACCEPTED},
    }
    if output.get("S3FailurePath"):
        answer["FailureLocation"] = f"{str(output['S3FailurePath']).rstrip('/')}/{call.request_id}-error.out"
    return answer


def process(
    cloud: Sandbox,
    exchange: Exchange,
    output: Mapping[str, Any],
    told: Mapping[str, Any],
    infer: Callable[[bytes], bytes],
) -> None:
    """Read the request, write the answer and notify, all as the model's role.

    Args:
        cloud: The sandbox.
        exchange: The invocation; its bodies are still empty.
        output: The `OutputConfig` of the endpoint's asynchronous inference.
        told: What the caller was answered.
        infer: Makes an answer's body of a request's.
    """
    try:
        s3 = as_model(cloud, exchange, "s3")
        bucket, key = location(str(exchange.call.params["InputLocation"]))
        answer = infer(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        bucket, key = location(told["OutputLocation"])
        s3.put_object(Bucket=bucket, Key=key, Body=answer, ContentType=exchange.content_type)
    except (ApiError, ClientError) as refused:
        _notify(cloud, exchange, output, told, failure=str(refused))
        return
    _notify(cloud, replace(exchange, answer=answer), output, told)


def _notify(
    cloud: Sandbox,
    exchange: Exchange,
    output: Mapping[str, Any],
    told: Mapping[str, Any],
    failure: str = "",
) -> None:
    call, now = exchange.call, cloud.now()
    topic = (output.get("NotificationConfig") or {}).get("ErrorTopic" if failure else "SuccessTopic")
    if not topic:
        return
    message: dict[str, Any] = {
        "awsRegion": call.region,
        "eventTime": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z",
        "receivedTime": f"{call.at:%Y-%m-%dT%H:%M:%S}.{call.at.microsecond // 1000:03}Z",
        "invocationStatus": "Failed" if failure else "Completed",
        "requestParameters": {
            "contentType": call.params.get("ContentType", ""),
            "endpointName": call.params["EndpointName"],
            "inputLocation": call.params["InputLocation"],
        },
        "inferenceId": told["InferenceId"],
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }
    if failure:
        message["failureReason"] = failure
    else:
        message["responseParameters"] = {
            "contentType": exchange.content_type,
            "outputLocation": told["OutputLocation"],
        }
    try:
        as_model(cloud, exchange, "sns").publish(TopicArn=topic, Message=json.dumps(message))
    except (ApiError, ClientError) as refused:
        _log.info("a result of %s was not told: %s", call.params["EndpointName"], refused)
