"""Policies are read when they are stored: what AWS would refuse is refused then, not ignored later."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from chaoskit.policy import Kind, MalformedPolicyDocument, compile_policy
from chaoskit.sandbox.state import organization_of
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.sandbox.wire import ApiCall


@dataclass(frozen=True, slots=True)
class _Stored:
    """Where an operation carries a policy (a dotted path), what it is used as, the error for a bad one."""

    parameter: str
    kind: Kind
    code: str = "MalformedPolicyDocument"


_IDENTITY = _Stored("PolicyDocument", Kind.IDENTITY)
_KEY = _Stored("Policy", Kind.KEY, "MalformedPolicyDocumentException")
_BUCKET = _Stored("Policy", Kind.RESOURCE, "MalformedPolicy")
_ENDPOINT = _Stored("PolicyDocument", Kind.ENDPOINT, "InvalidPolicyDocument")
_QUEUE = _Stored("Attributes.Policy", Kind.RESOURCE, "InvalidAttributeValue")
_API = _Stored("policy", Kind.RESOURCE, "BadRequestException")
# The errors are those that each service's API Reference names for the operation.
_STORED = {
    ("apigateway", "CreateRestApi"): _API,
    ("dynamodb", "PutResourcePolicy"): _Stored("Policy", Kind.RESOURCE, "ValidationException"),
    ("ec2", "CreateVpcEndpoint"): _ENDPOINT,
    ("ec2", "ModifyVpcEndpoint"): _ENDPOINT,
    ("ecr", "SetRepositoryPolicy"): _Stored("policyText", Kind.RESOURCE, "InvalidParameterException"),
    ("events", "PutPermission"): _Stored("Policy", Kind.RESOURCE, "ValidationException"),
    ("iam", "CreatePolicy"): _IDENTITY,
    ("iam", "CreatePolicyVersion"): _IDENTITY,
    ("iam", "CreateRole"): _Stored("AssumeRolePolicyDocument", Kind.TRUST),
    ("iam", "PutGroupPolicy"): _IDENTITY,
    ("iam", "PutRolePolicy"): _IDENTITY,
    ("iam", "PutUserPolicy"): _IDENTITY,
    ("iam", "UpdateAssumeRolePolicy"): _Stored("PolicyDocument", Kind.TRUST),
    ("kms", "CreateKey"): _KEY,
    ("kms", "PutKeyPolicy"): _KEY,
    ("logs", "PutResourcePolicy"): _Stored("policyDocument", Kind.RESOURCE, "InvalidParameterException"),
    ("s3", "PutBucketPolicy"): _BUCKET,
    ("s3control", "PutAccessPointPolicy"): _BUCKET,
    ("secretsmanager", "PutResourcePolicy"): _Stored(
        "ResourcePolicy", Kind.RESOURCE, "MalformedPolicyDocumentException"
    ),
    ("sns", "CreateTopic"): _Stored("Attributes.Policy", Kind.RESOURCE, "InvalidParameter"),
    ("sqs", "CreateQueue"): _QUEUE,
    ("sqs", "SetQueueAttributes"): _QUEUE,
    ("sagemaker", "PutModelPackageGroupPolicy"): _Stored(
        "ResourcePolicy", Kind.RESOURCE, "ValidationException"
    ),
    ("sts", "AssumeRole"): _Stored("Policy", Kind.SESSION),
    ("sts", "AssumeRoleWithSAML"): _Stored("Policy", Kind.SESSION),
    ("sts", "AssumeRoleWithWebIdentity"): _Stored("Policy", Kind.SESSION),
    ("sts", "GetFederationToken"): _Stored("Policy", Kind.SESSION),
}
_ORGANIZATIONS = {"SERVICE_CONTROL_POLICY": Kind.SCP, "RESOURCE_CONTROL_POLICY": Kind.RCP}


def check_policies(call: ApiCall) -> None:
    """Refuse a call that would store a policy which AWS could not read.

    Raises:
        ApiError: the service's own error, with the place of the first fault.
    """
    for text, stored in _carried(call):
        try:
            compile_policy(text, stored.kind)
        except MalformedPolicyDocument as fault:
            raise ApiError(stored.code, str(fault), 400) from None
        if stored is _BUCKET and call.service == "s3":
            _check_bucket_named(text, str(call.params.get("Bucket", "")))


def _check_bucket_named(text: str, bucket: str) -> None:
    """A bucket policy is about its own bucket and what is in it (S3 API Reference, `MalformedPolicy`).

    Raises:
        ApiError: `MalformedPolicy`, when a resource can be no part of the bucket.
    """
    statements = json.loads(text)["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        named = statement.get("Resource", statement.get("NotResource"))
        for resource in [named] if isinstance(named, str) else named:
            pattern = resource.split(":", 5)[-1].partition("/")[0]
            service = resource.split(":")[2] if resource != "*" else "s3"
            if service != "s3" or not fnmatchcase(bucket, pattern.replace("[", "[[]")):
                raise ApiError("MalformedPolicy", "Policy has invalid resource", 400)


def _carried(call: ApiCall) -> Iterator[tuple[Any, _Stored]]:
    stored = _STORED.get((call.service, call.operation))
    if stored is not None:
        text: Any = call.params
        for name in stored.parameter.split("."):
            text = (text or {}).get(name)
        if text:
            yield text, stored
    elif (call.service, call.operation) == ("apigateway", "UpdateRestApi"):
        patches = call.params.get("patchOperations") or ()
        yield from ((patch["value"], _API) for patch in patches if _sets_policy(patch))
    elif call.service == "sns" and call.params.get("AttributeName") == "Policy":
        yield call.params.get("AttributeValue", ""), _Stored("", Kind.RESOURCE, "InvalidParameter")
    elif call.service == "organizations" and call.params.get("Content"):
        kind = _ORGANIZATIONS.get(call.params.get("Type") or _type_of(call))
        if kind is not None:
            yield call.params["Content"], _Stored("Content", kind, "MalformedPolicyDocumentException")


def _sets_policy(patch: Mapping[str, Any]) -> bool:
    """Whether a patch of an API gives it a policy; an empty one takes it away."""
    return patch.get("path") == "/policy" and bool(patch.get("value"))


def _type_of(call: ApiCall) -> str:
    """The type of an organization policy that is to be changed."""
    organization = organization_of(call.account)
    stored = organization.policies if organization is not None else ()
    return next((str(each.type) for each in stored if each.id == call.params.get("PolicyId")), "")
