"""What a call needs permission for besides its own action: what its service does or reads as the caller."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import unquote

from chaoskit.permissions.guardrails import guardrail_arn
from chaoskit.permissions.request_tags import tag_keys
from chaoskit.permissions.requirement import Requirement
from chaoskit.permissions.resources import key_arn, resources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chaoskit.permissions.call import Account, Call


def besides(call: Call, known: Account) -> Iterator[Requirement]:
    """What a call needs besides its own action, the roles that it passes and the keys that it uses."""
    of = _BY_SERVICE.get(call.service)
    if of is not None:
        yield from of(call, known)


def _bedrock_runtime(call: Call, _known: Account) -> Iterator[Requirement]:
    if call.operation != "ApplyGuardrail" and (arn := guardrail_arn(call)):
        yield Requirement("bedrock:ApplyGuardrail", arn)


def _ec2(call: Call, _known: Account) -> Iterator[Requirement]:
    """EC2 User Guide, "Grant permission to tag Amazon EC2 resources during creation"."""
    for tagged in call.params.get("TagSpecifications", ()):
        arn = f"arn:aws:ec2:{call.region}:{call.account}:{tagged['ResourceType']}/*"
        yield Requirement("ec2:CreateTags", arn, {"ec2:CreateAction": call.operation, **tag_keys(tagged)})
    if call.params.get("LogDestinationType", "cloud-watch-logs") != "cloud-watch-logs":
        # VPC User Guide, "Publish flow logs to Amazon S3": as for any delivery of logs.
        yield Requirement("logs:CreateLogDelivery", "*")


def _iam(call: Call, known: Account) -> Iterator[Requirement]:
    if call.operation == "AddRoleToInstanceProfile":
        role = resources(call, "iam:PassRole", known)[0]
        yield Requirement("iam:PassRole", role, {"iam:PassedToService": "ec2.amazonaws.com"})


def _kms(call: Call, known: Account) -> Iterator[Requirement]:
    if call.operation == "ReEncrypt":
        target = key_arn(call.params["DestinationKeyId"], call.account, call.region, known)
        yield Requirement("kms:ReEncryptTo", target)


def _lambda(call: Call, _known: Account) -> Iterator[Requirement]:
    """Lambda reads a function's layers, network and code as whoever configures it.

    Lambda Developer Guide, "Giving Lambda functions access to resources in an Amazon VPC" (permissions of the
    user) and "Granting Lambda layer access to other accounts"; Lambda API Reference, UpdateFunctionCode.
    """
    code = call.params.get("Code") or call.params
    if call.operation in {"CreateFunction", "UpdateFunctionCode"} and code.get("S3Bucket"):
        action = "s3:GetObjectVersion" if code.get("S3ObjectVersion") else "s3:GetObject"
        yield Requirement(action, f"arn:aws:s3:::{code['S3Bucket']}/{code.get('S3Key', '*')}")
    if call.operation in {"CreateFunction", "UpdateFunctionConfiguration"}:
        for layer in call.params.get("Layers") or ():
            yield Requirement("lambda:GetLayerVersion", layer)
        if (call.params.get("VpcConfig") or {}).get("SubnetIds"):
            for name in ("SecurityGroups", "Subnets", "Vpcs"):
                yield Requirement(f"ec2:Describe{name}", "*")


def _s3(call: Call, _known: Account) -> Iterator[Requirement]:
    match call.operation:
        case "CopyObject" | "UploadPartCopy":
            yield from _copied(call)
        case "PutObject" | "CreateMultipartUpload":
            yield from _written(call)
        case "CreateBucket" if "x-amz-acl" in call.headers:
            yield Requirement("s3:PutBucketAcl", f"arn:aws:s3:::{call.params['Bucket']}")
        case "CreateBucket" if "x-amz-object-ownership" in call.headers:
            yield Requirement("s3:PutBucketOwnershipControls", f"arn:aws:s3:::{call.params['Bucket']}")


def _copied(call: Call) -> Iterator[Requirement]:
    """Copying an object needs the source to be read."""
    source = call.params.get("CopySource", "")
    path, _, version = unquote(source).removeprefix("/").partition("?versionId=")
    action = "s3:GetObjectVersion" if version else "s3:GetObject"
    arn = path if path.startswith("arn:") else f"arn:aws:s3:::{path}"
    yield Requirement(action, arn)
    yield from _written(call)


def _written(call: Call) -> Iterator[Requirement]:
    arn = f"arn:aws:s3:::{call.params.get('Bucket', '*')}/{call.params.get('Key', '*')}"
    if "x-amz-tagging" in call.headers:
        yield Requirement("s3:PutObjectTagging", arn)
    # The bucket policies that AWS gives for log delivery allow this ACL with s3:PutObject alone.
    canned = call.headers.get("x-amz-acl", "bucket-owner-full-control") != "bucket-owner-full-control"
    if canned or any(name.startswith("x-amz-grant-") for name in call.headers):
        yield Requirement("s3:PutObjectAcl", arn)
    if "x-amz-object-lock-mode" in call.headers:
        yield Requirement("s3:PutObjectRetention", arn)
    if "x-amz-object-lock-legal-hold" in call.headers:
        yield Requirement("s3:PutObjectLegalHold", arn)


def _secretsmanager(call: Call, _known: Account) -> Iterator[Requirement]:
    """Secrets Manager API Reference, RotateSecret."""
    if call.operation == "RotateSecret" and (function := call.params.get("RotationLambdaARN")):
        yield Requirement("lambda:InvokeFunction", function)


def _sts(call: Call, _known: Account) -> Iterator[Requirement]:
    if call.operation == "AssumeRole" and call.params.get("Tags"):
        yield Requirement("sts:TagSession", call.params["RoleArn"])


def _wafv2(call: Call, _known: Account) -> Iterator[Requirement]:
    """WAFV2 API Reference, AssociateWebACL: the permissions of the protected resource's type too."""
    resource = str(call.params.get("ResourceArn", ""))
    if call.operation in {"AssociateWebACL", "DisassociateWebACL"} and ":apigateway:" in resource:
        yield Requirement("apigateway:SetWebACL", resource)


_BY_SERVICE: Mapping[str, Callable[[Call, Account], Iterator[Requirement]]] = MappingProxyType(
    {
        "bedrock-runtime": _bedrock_runtime,
        "ec2": _ec2,
        "iam": _iam,
        "kms": _kms,
        "lambda": _lambda,
        "s3": _s3,
        "secretsmanager": _secretsmanager,
        "sts": _sts,
        "wafv2": _wafv2,
    }
)
