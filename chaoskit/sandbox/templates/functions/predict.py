# ruff: noqa: INP001 - Lambda imports it, this project never does.
"""Behind the inference API: asks the endpoint for a prediction."""

from __future__ import annotations

import json
import os
from typing import Any

import boto3

runtime = boto3.client("sagemaker-runtime")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer an API Gateway proxy request whose body is JSON with `features`."""
    del context
    try:
        features = json.loads(event["body"])["features"]
    except (KeyError, TypeError, ValueError):
        return {"statusCode": 400, "body": json.dumps({"message": "features are missing"})}
    reply = runtime.invoke_endpoint(
        EndpointName=os.environ["ENDPOINT_NAME"], ContentType="application/json", Body=json.dumps(features)
    )
    return {"statusCode": 200, "body": json.dumps({"prediction": json.loads(reply["Body"].read())})}
