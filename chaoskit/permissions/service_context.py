"""The condition keys of single services, taken from a call's parameters and headers.

Source: Service Authorization Reference, "Condition keys" of each service.
"""

from __future__ import annotations

import re
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import jmespath

from chaoskit.permissions.arns import condition_keys, takes_key
from chaoskit.permissions.guardrails import guardrail_keys
from chaoskit.permissions.sagemaker_keys import SAGEMAKER_KEYS, sagemaker_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.permissions.call import Account, Call

# Key -> where in the parameters its value stands (JMESPath; the first that is there counts).
_PATHS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "iam": {
            "iam:PolicyARN": "PolicyArn",
            "iam:PermissionsBoundary": "PermissionsBoundary",
            "iam:AWSServiceName": "AWSServiceName",
            "iam:OrganizationsPolicyId": "OrganizationsPolicyId",
        },
        "cloudwatch": {"cloudwatch:namespace": "Namespace"},
        "sts": {
            "sts:ExternalId": "ExternalId",
            "sts:RoleSessionName": "RoleSessionName",
            "sts:SourceIdentity": "SourceIdentity",
            "sts:TransitiveTagKeys": "TransitiveTagKeys",
            "sts:DurationSeconds": "DurationSeconds",
        },
        "lambda": {
            "lambda:FunctionUrlAuthType": "FunctionUrlAuthType || AuthType",
            "lambda:Principal": "Principal",
            "lambda:SubnetIds": "VpcConfig.SubnetIds",
            "lambda:SecurityGroupIds": "VpcConfig.SecurityGroupIds",
            "lambda:Layer": "Layers",
            "lambda:CodeSigningConfigArn": "CodeSigningConfigArn",
            "lambda:InvokedViaFunctionUrl": "InvokedViaFunctionUrl",
            "lambda:EventSourceToken": "EventSourceToken",
        },
        "sagemaker": {
            "sagemaker:AcceleratorTypes": "AcceleratorTypes || ProductionVariants[].AcceleratorType",
            "sagemaker:NetworkIsolation": (
                "EnableNetworkIsolation || NetworkConfig.EnableNetworkIsolation || "
                "TrainingJobDefinition.EnableNetworkIsolation"
            ),
            "sagemaker:InterContainerTrafficEncryption": (
                "EnableInterContainerTrafficEncryption || NetworkConfig.EnableInterContainerTrafficEncryption"
            ),
            "sagemaker:DirectInternetAccess": "DirectInternetAccess",
            "sagemaker:RootAccess": "RootAccess",
            "sagemaker:MinimumInstanceMetadataServiceVersion": (
                "InstanceMetadataServiceConfiguration.MinimumInstanceMetadataServiceVersion"
            ),
            "sagemaker:AppNetworkAccessType": "AppNetworkAccessType",
            "sagemaker:KeepAlivePeriod": "ResourceConfig.KeepAlivePeriodInSeconds",
            "sagemaker:MaxRuntimeInSeconds": "StoppingCondition.MaxRuntimeInSeconds",
            "sagemaker:ModelArn": "ModelName",
            "sagemaker:ModelApprovalStatus": "ModelApprovalStatus",
            "sagemaker:TargetModel": "TargetModel",
            "sagemaker:FileSystemId": "InputDataConfig[].DataSource.FileSystemDataSource.FileSystemId",
            "sagemaker:RemoteAccess": "RemoteAccess",
            "sagemaker:EnableRemoteDebug": "RemoteDebugConfig.EnableRemoteDebug",
        },
        "kms": {
            "kms:EncryptionAlgorithm": "EncryptionAlgorithm",
            "kms:EncryptionContextKeys": "keys(EncryptionContext || `{}`)",
            "kms:GranteePrincipal": "GranteePrincipal",
            "kms:RetiringPrincipal": "RetiringPrincipal",
            "kms:GrantOperations": "Operations",
            "kms:GrantConstraintType": "Constraints && keys(Constraints) | [0]",
            "kms:KeySpec": "KeySpec",
            "kms:KeyUsage": "KeyUsage",
            "kms:KeyOrigin": "Origin",
            "kms:MultiRegion": "MultiRegion",
            "kms:ScheduleKeyDeletionPendingWindowInDays": "PendingWindowInDays",
            "kms:BypassPolicyLockoutSafetyCheck": "BypassPolicyLockoutSafetyCheck",
        },
        "secretsmanager": {
            "secretsmanager:SecretId": "SecretId",
            "secretsmanager:Name": "Name",
            "secretsmanager:Description": "Description",
            "secretsmanager:KmsKeyId": "KmsKeyId",
            "secretsmanager:VersionId": "VersionId",
            "secretsmanager:VersionStage": "VersionStage",
            "secretsmanager:BlockPublicPolicy": "BlockPublicPolicy",
            "secretsmanager:ForceDeleteWithoutRecovery": "ForceDeleteWithoutRecovery",
            "secretsmanager:RecoveryWindowInDays": "RecoveryWindowInDays",
            "secretsmanager:RotationLambdaARN": "RotationLambdaARN",
            "secretsmanager:ModifyRotationRules": "RotationRules && `true`",
        },
        "sns": {"sns:Endpoint": "Endpoint", "sns:Protocol": "Protocol"},
        "events": {
            "events:source": "Entries[].Source",
            "events:detail-type": "Entries[].DetailType",
            "events:TargetArn": "Targets[].Arn",
        },
        "ssm": {"ssm:Overwrite": "Overwrite", "ssm:Recursive": "Recursive", "ssm:Policies": "Policies"},
        "ec2": {
            "ec2:InstanceType": "InstanceType",
            "ec2:Attribute": "Attribute",
            "ec2:VpceServiceName": "ServiceName",
        },
        "organizations": {
            "organizations:PolicyType": "PolicyType || Type",
            "organizations:ServicePrincipal": "ServicePrincipal",
        },
        "bedrock": {
            "bedrock:ModelId": "modelId",
        },
        "dynamodb": {"dynamodb:Select": "Select", "dynamodb:ReturnValues": "ReturnValues"},
        "states": {"states:PublishVersion": "publish"},
        "cloudformation": {
            "cloudformation:RoleArn": "RoleARN",
            "cloudformation:TemplateUrl": "TemplateURL",
            "cloudformation:ChangeSetName": "ChangeSetName",
            "cloudformation:ResourceTypes": "ResourceTypes",
            "cloudformation:StackPolicyUrl": "StackPolicyURL",
        },
        "scheduler": {},
    }
)

_S3_HEADERS = (
    "x-amz-acl",
    "x-amz-content-sha256",
    "x-amz-copy-source",
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
    "x-amz-metadata-directive",
    "x-amz-object-ownership",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
)
_S3_PARAMS = {
    "s3:prefix": "Prefix",
    "s3:delimiter": "Delimiter",
    "s3:max-keys": "MaxKeys",
    "s3:VersionId": "VersionId",
    "s3:LocationConstraint": "CreateBucketConfiguration.LocationConstraint",
    "s3:object-lock-mode": "ObjectLockMode",
}
# These tell of the resource too, where the request does not say them.
_OF_RESOURCE = frozenset(
    {
        "ec2:instancetype",
        "ec2:vpceservicename",
        "kms:keyorigin",
        "kms:keyspec",
        "kms:keyusage",
        "kms:multiregion",
        "organizations:policytype",
    }
)
# What signing adds to a request, not its parameters.
_SIGNED = frozenset({"x-amz-content-sha256"})
_ALSO_MODELLED: Mapping[str, frozenset[str]] = {
    "bedrock": frozenset({"bedrock:guardrailidentifier"}),
    "kms": frozenset(
        {"kms:calleraccount", "kms:grantisforawsresource", "kms:requestalias", "kms:viaservice"}
    ),
    "lambda": frozenset({"lambda:functionarn"}),
    "sagemaker": frozenset(key.lower() for key in SAGEMAKER_KEYS),
    "s3": frozenset({"s3:authtype", "s3:signatureversion", "s3:tlsversion", "s3:requestobjecttagkeys"}),
}


def of_action(call: Call, action: str, known: Account) -> dict[str, Any]:
    """The keys that a service adds to a request for one action, without those that it does not take."""
    found = of_service(call, action.partition(":")[0], known)
    return {key: value for key, value in found.items() if takes_key(action, key)}


def of_service(call: Call, prefix: str, known: Account) -> dict[str, Any]:
    """The keys that a service adds, with the values that this call gives them."""
    context = {}
    for key, path in _PATHS.get(prefix, {}).items():
        if _words(path).isdisjoint(call.params):
            continue
        value = _compiled(path).search(call.params)
        if isinstance(value, list):
            value = [each for each in value if each is not None]
        if value is not None and value != []:
            context[key] = value
    more = _MORE.get(prefix)
    if more is not None:
        context.update(more(call, known))
    return context


@cache
def _words(path: str) -> frozenset[str]:
    """The words of a path: in a call that has none of them as a parameter it finds nothing."""
    return frozenset(re.findall(r"[A-Za-z_]\w*", path))


def _compiled(path: str) -> Any:
    known = _CACHE.get(path)
    if known is None:
        known = _CACHE[path] = jmespath.compile(path)
    return known


_CACHE: dict[str, Any] = {}


def _iam(call: Call, known: Account) -> dict[str, Any]:
    """The boundary of the role or user that a call is about, where the call does not name one itself."""
    name = "iam:PermissionsBoundary"
    if call.params.get("PermissionsBoundary") or name.lower() not in condition_keys(f"iam:{call.operation}"):
        return {}
    for kind in ("role", "user"):
        whose = call.params.get(f"{kind.title()}Name")
        boundary = known.boundary(kind, whose, call.account) if whose else ""
        if boundary:
            return {name: boundary}
    return {}


def _s3(call: Call, _known: Account) -> dict[str, Any]:
    context: dict[str, Any] = {
        f"s3:{name}": call.headers[name] for name in _S3_HEADERS if name in call.headers
    }
    for key, path in _S3_PARAMS.items():
        if _words(path).isdisjoint(call.params):
            continue
        value = _compiled(path).search(call.params)
        if value is not None:
            context[key] = value
    query = "X-Amz-Signature=" in call.query
    context["s3:authType"] = "REST-QUERY-STRING" if query else "REST-HEADER"
    context["s3:signatureversion"] = "AWS4-HMAC-SHA256"
    context["s3:TlsVersion"] = "1.3"
    tagging = call.headers.get("x-amz-tagging")
    if tagging:
        tags = parse_qsl(tagging, keep_blank_values=True)
        context.update({f"s3:RequestObjectTag/{name}": value for name, value in tags})
        context["s3:RequestObjectTagKeys"] = [name for name, _ in tags]
    return context


def _kms(call: Call, _known: Account) -> dict[str, Any]:
    context: dict[str, Any] = {"kms:CallerAccount": call.principal.account}
    if str(call.params.get("KeyId", "")).startswith("alias/"):
        context["kms:RequestAlias"] = call.params["KeyId"]
    for name, value in (call.params.get("EncryptionContext") or {}).items():
        context[f"kms:EncryptionContext:{name}"] = value
    if call.operation == "CreateGrant":
        context["kms:GrantIsForAWSResource"] = bool(call.principal.invoked_by)
    if call.principal.invoked_by:
        service = call.principal.invoked_by.partition(".")[0]
        context["kms:ViaService"] = f"{service}.{call.region}.amazonaws.com"
    return context


def _lambda(call: Call, known: Account) -> dict[str, Any]:
    function = call.params.get("FunctionName", "")
    subnets = (call.params.get("VpcConfig") or {}).get("SubnetIds")
    context: dict[str, Any] = {}
    if function:
        context["lambda:FunctionArn"] = (
            function
            if function.startswith("arn:")
            else f"arn:aws:lambda:{call.region}:{call.account}:function:{function}"
        )
    vpcs = known.vpcs(subnets, call.account, call.region) if subnets else ()
    if vpcs:
        context["lambda:VpcIds"] = list(vpcs)
    return context


_MORE: Mapping[str, Callable[[Call, Account], dict[str, Any]]] = {
    "bedrock": guardrail_keys,
    "iam": _iam,
    "s3": _s3,
    "kms": _kms,
    "lambda": _lambda,
    "sagemaker": sagemaker_keys,
}


def modelled(prefix: str) -> frozenset[str]:
    """The keys, in lower case, that `of_service` finds whenever a call has them; else they are absent."""
    keys = {key.lower() for key in _PATHS.get(prefix, {})} | _ALSO_MODELLED.get(prefix, frozenset())
    if prefix == "s3":
        keys |= {f"s3:{name}" for name in _S3_HEADERS if name not in _SIGNED} | {
            k.lower() for k in _S3_PARAMS
        }
    return frozenset(keys - _OF_RESOURCE)
