"""Condition keys that depend on how a call came to be made, and on what it is for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from chaoskit.permissions.arns import takes_key
from tests.sandbox.aws import allow, refusal

if TYPE_CHECKING:
    from tests.sandbox.aws import Aws

QUEUE = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "by-stack"}}}}


def test_what_a_stack_makes_in_the_callers_name_is_called_via_cloudformation(aws: Aws) -> None:
    via = {"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}}
    key = aws.user("deployer", allow("cloudformation:*"), allow("sqs:*", Condition=via))
    assert refusal(aws.with_keys("sqs", **key).create_queue, QueueName="by-hand")[0] == "AccessDenied"
    stacks = aws.with_keys("cloudformation", **key)
    stacks.create_stack(StackName="queue", TemplateBody=json.dumps(QUEUE))
    assert aws.served.cloud.idle(20)
    assert stacks.describe_stacks(StackName="queue")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    ("action", "key", "takes"),
    [
        ("iam:PassRole", "iam:PassedToService", True),
        ("iam:CreateUser", "iam:PassedToService", False),
        ("s3:PutObject", "s3:x-amz-acl", True),
        ("s3:GetObject", "s3:x-amz-acl", False),
        ("s3:GetObject", "s3:ExistingObjectTag/team", True),
        ("kms:Decrypt", "kms:EncryptionContext:team", True),
        ("lambda:CreateFunctionUrlConfig", "lambda:FunctionUrlAuthType", True),
        ("lambda:CreateFunctionUrlConfig", "lambda:VpcIds", False),
        ("sagemaker:CreateTrainingJob", "sagemaker:VolumeKmsKey", True),
        ("sagemaker:CreateEndpointConfig", "sagemaker:VolumeKmsKeyArn", True),
        ("sagemaker:CreateMlflowApp", "sagemaker:VolumeKmsKey", False),
        ("sagemaker:CreateTrainingJob", "sagemaker:VpcSubnets", True),
        ("sagemaker:StopTrainingJob", "aws:SourceIp", True),
    ],
)
def test_a_request_has_the_keys_that_aws_documents_for_its_action(action: str, key: str, takes: bool) -> None:
    assert takes_key(action, key) is takes
