"""What CloudTrail calls things: event sources, event names, read-only calls, data events, format versions.

Sources: CloudTrail User Guide, "CloudTrail record contents" and "Logging data events"; the guides of
Lambda, S3 and STS on their own records; names and flags of real records where the guides are silent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_SOURCES = {"cloudwatch": "monitoring", "rds-data": "rdsdata", "sesv2": "ses", "dynamodbstreams": "dynamodb"}
_VERSIONS = {
    "sts": "1.08",
    "ssm": "1.08",
    "lambda": "1.08",
    "ec2-instance-connect": "1.08",
    "route53resolver": "1.08",
    "iam": "1.09",
    "ec2": "1.09",
    "secretsmanager": "1.09",
    "bedrock": "1.09",
}
_CURRENT_VERSION = "1.10"

_LAMBDA_V2 = frozenset(
    {
        "AddPermission",
        "GetFunction",
        "GetFunctionConfiguration",
        "GetPolicy",
        "RemovePermission",
        "TagResource",
        "UntagResource",
        "UpdateFunctionCode",
        "UpdateFunctionConfiguration",
    }
)
_LAMBDA_LAST_DATED = "20181031"
_S3_NAMES = {
    "DeletePublicAccessBlock": "DeleteBucketPublicAccessBlock",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketLifecycleConfiguration": "GetBucketLifecycle",
    "PutBucketLifecycleConfiguration": "PutBucketLifecycle",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "ListObjectsV2": "ListObjects",
}
_S3_CONTROL_NAMES = {
    "DeletePublicAccessBlock": "DeleteAccountPublicAccessBlock",
    "GetPublicAccessBlock": "GetAccountPublicAccessBlock",
    "PutPublicAccessBlock": "PutAccountPublicAccessBlock",
}

_READS = re.compile(
    r"(Get|List|Describe|BatchGet|BatchDescribe|BatchCheck|Lookup|Search|Head|Query|Scan|Select|Simulate|"
    r"Validate|Preview|Check|Test|View|Filter|Detect|Discover|Estimate|Assume|Decode|Converse|InvokeModel|"
    r"InvokeEndpoint|Receive)(?![a-z])"
)
_READS_BESIDE = frozenset(
    {
        "kms:Decrypt",
        "kms:Encrypt",
        "kms:ReEncrypt",
        "kms:Sign",
        "kms:Verify",
        "kms:GenerateMac",
        "kms:VerifyMac",
        "kms:GenerateRandom",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyPair",
        "kms:GenerateDataKeyPairWithoutPlaintext",
        "kms:GenerateDataKeyWithoutPlaintext",
        "iam:GenerateCredentialReport",
        "iam:GenerateServiceLastAccessedDetails",
        "logs:StartQuery",
        "logs:StopQuery",
        "bedrock:ApplyGuardrail",
    }
)
_WRITES_BESIDE = frozenset({"sts:GetFederationToken", "sts:GetSessionToken", "sqs:ReceiveMessage"})


@dataclass(frozen=True, slots=True)
class EventName:
    """How CloudTrail names one operation."""

    source: str
    name: str
    read_only: bool
    version: str


def event_name(service: str, operation: str, model: Any) -> EventName:
    """How CloudTrail names an operation.

    Args:
        service: By its boto3 name.
        operation: As the API has it.
        model: The service's botocore model, which says how it signs and how Lambda's paths are dated.
    """
    signing = _SOURCES.get(service, str(model.signing_name))
    own = f"{signing}:{operation}"
    reads = own in _READS_BESIDE or (bool(_READS.match(operation)) and own not in _WRITES_BESIDE)
    version = _CURRENT_VERSION if service == "bedrock-runtime" else _VERSIONS.get(signing, _CURRENT_VERSION)
    return EventName(f"{signing}.amazonaws.com", _named(service, operation, model), reads, version)


def _named(service: str, operation: str, model: Any) -> str:
    if service == "s3":
        return _S3_NAMES.get(operation, operation)
    if service == "s3control":
        return _S3_CONTROL_NAMES.get(operation, operation)
    if service != "lambda" or operation.startswith("Invoke"):
        return operation
    uri = str(model.operation_model(operation).http["requestUri"])
    date = uri[1:11].replace("-", "")
    if date > _LAMBDA_LAST_DATED:
        return operation
    return f"{operation}{date}{'v2' if operation in _LAMBDA_V2 else ''}"


_S3_OBJECT_CALLS = re.compile(
    r"(Abort|Complete|Create)MultipartUpload|CopyObject|DeleteObjects?$|DeleteObjectTagging|"
    r"(Get|Put)Object(Acl|Tagging|Retention|LegalHold|Torrent|Attributes)?$|HeadObject|ListMultipartUploads|"
    r"ListObjectVersions|ListObjects(V2)?$|ListParts|RestoreObject|SelectObjectContent|UploadPart(Copy)?$|"
    r"WriteGetObjectResponse"
)
_DATA_CALLS: dict[str, tuple[str, frozenset[str]]] = {
    "lambda": ("AWS::Lambda::Function", frozenset({"Invoke", "InvokeAsync", "InvokeWithResponseStream"})),
    "sagemaker-runtime": (
        "AWS::SageMaker::Endpoint",
        frozenset({"InvokeEndpoint", "InvokeEndpointAsync", "InvokeEndpointWithResponseStream"}),
    ),
    "dynamodb": (
        "AWS::DynamoDB::Table",
        frozenset(
            {
                "BatchExecuteStatement",
                "BatchGetItem",
                "BatchWriteItem",
                "DeleteItem",
                "ExecuteStatement",
                "ExecuteTransaction",
                "GetItem",
                "PutItem",
                "Query",
                "Scan",
                "TransactGetItems",
                "TransactWriteItems",
                "UpdateItem",
            }
        ),
    ),
    "sqs": (
        "AWS::SQS::Queue",
        frozenset(
            {
                "ChangeMessageVisibility",
                "ChangeMessageVisibilityBatch",
                "DeleteMessage",
                "DeleteMessageBatch",
                "GetQueueUrl",
                "ReceiveMessage",
                "SendMessage",
                "SendMessageBatch",
            }
        ),
    ),
    "sns": ("AWS::SNS::Topic", frozenset({"Publish", "PublishBatch"})),
    "cloudwatch": (
        "AWS::CloudWatch::Metric",
        frozenset(
            {"GetMetricData", "GetMetricStatistics", "GetMetricWidgetImage", "ListMetrics", "PutMetricData"}
        ),
    ),
    "kinesis": (
        "AWS::Kinesis::Stream",
        frozenset({"GetRecords", "GetShardIterator", "PutRecord", "PutRecords", "SubscribeToShard"}),
    ),
    "stepfunctions": ("AWS::StepFunctions::StateMachine", frozenset({"StartSyncExecution"})),
    "bedrock-runtime": ("AWS::Bedrock::Guardrail", frozenset({"ApplyGuardrail"})),
    "bedrock-agent-runtime": (
        "AWS::Bedrock::AgentAlias",
        frozenset({"InvokeAgent", "InvokeFlow", "InvokeInlineAgent", "Retrieve", "RetrieveAndGenerate"}),
    ),
}
_UNRECORDED = frozenset(
    {
        ("events", "PutEvents"),
        ("logs", "PutLogEvents"),
        ("firehose", "PutRecord"),
        ("firehose", "PutRecordBatch"),
        ("xray", "PutTraceSegments"),
    }
)


def is_recorded(service: str, operation: str) -> bool:
    """Whether CloudTrail records such a call at all."""
    return (service, operation) not in _UNRECORDED


def data_resource_type(service: str, operation: str) -> str:
    """`resources.type` of a data event, or empty for a management event."""
    if service == "s3":
        return "AWS::S3::Object" if _S3_OBJECT_CALLS.fullmatch(operation) else ""
    kind, operations = _DATA_CALLS.get(service, ("", frozenset()))
    return kind if operation in operations else ""
