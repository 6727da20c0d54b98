"""From an operation to the IAM action that permits it.

An IAM prefix and the operation's own name, for 19 operations out of 20; the rest is in the tables below.
Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS services".
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIXES = MappingProxyType(
    {
        "accessanalyzer": "access-analyzer",
        "amp": "aps",
        "apigatewaymanagementapi": "execute-api",
        "apigatewayv2": "apigateway",
        "appconfigdata": "appconfig",
        "bedrock-agent": "bedrock",
        "bedrock-agent-runtime": "bedrock",
        "bedrock-agentcore-control": "bedrock-agentcore",
        "bedrock-data-automation": "bedrock",
        "bedrock-runtime": "bedrock",
        "cloudcontrol": "cloudformation",
        "cloudhsmv2": "cloudhsm",
        "dynamodbstreams": "dynamodb",
        "efs": "elasticfilesystem",
        "elb": "elasticloadbalancing",
        "elbv2": "elasticloadbalancing",
        "emr": "elasticmapreduce",
        "iot-data": "iot",
        "keyspaces": "cassandra",
        "kinesisanalyticsv2": "kinesisanalytics",
        "location": "geo",
        "mwaa": "airflow",
        "neptune": "rds",
        "docdb": "rds",
        "opensearch": "es",
        "opensearchserverless": "aoss",
        "pinpoint": "mobiletargeting",
        "resourcegroupstaggingapi": "tag",
        "s3control": "s3",
        "sagemaker-a2i-runtime": "sagemaker",
        "sagemaker-edge": "sagemaker",
        "sagemaker-featurestore-runtime": "sagemaker",
        "sagemaker-metrics": "sagemaker",
        "sagemaker-runtime": "sagemaker",
        "service-quotas": "servicequotas",
        "sesv2": "ses",
        "sso-admin": "sso",
        "sso-oidc": "sso-oauth",
        "stepfunctions": "states",
        "timestream-query": "timestream",
        "timestream-write": "timestream",
    }
)

_S3 = MappingProxyType(
    {
        "AbortMultipartUpload": "AbortMultipartUpload",
        "CompleteMultipartUpload": "PutObject",
        "CopyObject": "PutObject",
        "CreateBucketMetadataConfiguration": "CreateBucketMetadataTableConfiguration",
        "CreateMultipartUpload": "PutObject",
        "DeleteBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
        "DeleteBucketCors": "PutBucketCORS",
        "DeleteBucketEncryption": "PutEncryptionConfiguration",
        "DeleteBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
        "DeleteBucketInventoryConfiguration": "PutInventoryConfiguration",
        "DeleteBucketLifecycle": "PutLifecycleConfiguration",
        "DeleteBucketMetricsConfiguration": "PutMetricsConfiguration",
        "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
        "DeleteBucketReplication": "PutReplicationConfiguration",
        "DeleteBucketTagging": "PutBucketTagging",
        "DeleteObjects": "DeleteObject",
        "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
        "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
        "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
        "GetBucketEncryption": "GetEncryptionConfiguration",
        "GetBucketIntelligentTieringConfiguration": "GetIntelligentTieringConfiguration",
        "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
        "GetBucketLifecycle": "GetLifecycleConfiguration",
        "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
        "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
        "GetBucketNotificationConfiguration": "GetBucketNotification",
        "GetBucketReplication": "GetReplicationConfiguration",
        "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
        "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
        "HeadBucket": "ListBucket",
        "HeadObject": "GetObject",
        "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
        "ListBucketIntelligentTieringConfigurations": "GetIntelligentTieringConfiguration",
        "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
        "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
        "ListBuckets": "ListAllMyBuckets",
        "ListMultipartUploads": "ListBucketMultipartUploads",
        "ListObjectVersions": "ListBucketVersions",
        "ListObjects": "ListBucket",
        "ListObjectsV2": "ListBucket",
        "ListParts": "ListMultipartUploadParts",
        "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
        "PutBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
        "PutBucketEncryption": "PutEncryptionConfiguration",
        "PutBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
        "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
        "PutBucketLifecycle": "PutLifecycleConfiguration",
        "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
        "PutBucketMetricsConfiguration": "PutMetricsConfiguration",
        "PutBucketNotificationConfiguration": "PutBucketNotification",
        "PutBucketReplication": "PutReplicationConfiguration",
        "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
        "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
        "RenameObject": "PutObject",
        "SelectObjectContent": "GetObject",
        "UploadPart": "PutObject",
        "UploadPartCopy": "PutObject",
    }
)
_S3_VERSIONED = MappingProxyType(
    {
        "GetObject": "GetObjectVersion",
        "GetObjectAcl": "GetObjectVersionAcl",
        "GetObjectTagging": "GetObjectVersionTagging",
        "GetObjectAttributes": "GetObjectVersionAttributes",
        "DeleteObject": "DeleteObjectVersion",
        "DeleteObjectTagging": "DeleteObjectVersionTagging",
        "PutObjectAcl": "PutObjectVersionAcl",
        "PutObjectTagging": "PutObjectVersionTagging",
    }
)

_NAMES = MappingProxyType(
    {
        "lambda": {
            "Invoke": "InvokeFunction",
            "InvokeWithResponseStream": "InvokeFunction",
            "InvokeAsync": "InvokeFunction",
            "GetLayerVersionByArn": "GetLayerVersion",
        },
        "bedrock-runtime": {
            "Converse": "InvokeModel",
            "ConverseStream": "InvokeModelWithResponseStream",
            "InvokeModelWithBidirectionalStream": "InvokeModelWithResponseStream",
            "StartAsyncInvoke": "InvokeModel",
        },
        "bedrock-agent-runtime": {"RetrieveAndGenerateStream": "RetrieveAndGenerate"},
        "kms": {"ReEncrypt": "ReEncryptFrom"},
        "sqs": {
            "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
            "DeleteMessageBatch": "DeleteMessage",
            "SendMessageBatch": "SendMessage",
        },
        "sns": {"PublishBatch": "Publish"},
        "dynamodb": {
            "BatchExecuteStatement": "PartiQLSelect",
            "ExecuteStatement": "PartiQLSelect",
            "ExecuteTransaction": "PartiQLSelect",
            "TransactGetItems": "GetItem",
            "TransactWriteItems": "PutItem",
        },
        "s3control": {
            "DeletePublicAccessBlock": "PutAccountPublicAccessBlock",
            "GetPublicAccessBlock": "GetAccountPublicAccessBlock",
            "PutPublicAccessBlock": "PutAccountPublicAccessBlock",
        },
        "timestream-query": {"Query": "Select"},
        "accessanalyzer": {"GetFindingV2": "GetFinding", "ListFindingsV2": "ListFindings"},
        "cloudcontrol": {},
    }
)
# These need no permission at all (STS API Reference, GetCallerIdentity; GetSessionToken).
_OPEN = frozenset({("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")})
_VERBS = frozenset({"apigateway", "apigatewayv2"})


def prefix(service: str) -> str:
    """The IAM prefix of a botocore service, e.g. `states` of `stepfunctions`."""
    return _PREFIXES.get(service, service)


def action(service: str, operation: str, params: Mapping[str, Any], method: str) -> str:
    """The IAM action that permits an operation, `prefix:Name`; empty when none is needed.

    Args:
        service: The botocore service name.
        operation: The botocore operation name.
        params: The call's parameters: a version id in S3 asks for another action.
        method: The HTTP method, which is the action's name in API Gateway.
    """
    if (service, operation) in _OPEN:
        return ""
    if service in _VERBS:
        return f"apigateway:{method}"
    if service == "s3":
        name = _S3.get(operation, operation)
        if params.get("VersionId"):
            name = _S3_VERSIONED.get(name, name)
        return f"s3:{name}"
    return f"{prefix(service)}:{_NAMES.get(service, {}).get(operation, operation)}"
