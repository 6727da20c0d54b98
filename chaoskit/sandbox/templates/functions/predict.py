"""Behind the inference API: asks the endpoint for a prediction."""

import json
import os

import boto3

runtime = boto3.client("sagemaker-runtime")


def handler(event, context):
    """Answer an API Gateway proxy request whose body is JSON with `features`."""
    try:
        features = json.loads(event["body"])["features"]
    except (KeyError, TypeError, ValueError):
        return {"statusCode": 400, "body": json.dumps({"message": "features are missing"})}
    reply = runtime.invoke_endpoint(
        EndpointName=os.environ["ENDPOINT_NAME"], ContentType="application/json", Body=json.dumps(features)
    )
    return {"statusCode": 200, "body": json.dumps({"prediction": json.loads(reply["Body"].read())})}
