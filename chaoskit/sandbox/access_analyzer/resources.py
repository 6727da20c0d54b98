"""What Access Analyzer looks at in a region, with the policies that can open it; hold the sandbox's lock.

Source: IAM User Guide, "IAM Access Analyzer resource types for external access".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from chaoskit.permissions.public_access import ALL_USERS, PUBLIC_GROUPS
from chaoskit.permissions.public_policy import is_public
from chaoskit.policy import Kind
from chaoskit.sandbox import bucket_access, state
from chaoskit.sandbox.attached import attached

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.sandbox.bucket_access import Bucket

_ACL_ACTIONS = {
    "READ": ("s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"),
    "WRITE": ("s3:PutObject", "s3:DeleteObject"),
    "READ_ACP": ("s3:GetBucketAcl",),
    "WRITE_ACP": ("s3:PutBucketAcl",),
}


@dataclass(frozen=True, slots=True)
class Opening:
    """A document that may let outsiders in.

    Attributes:
        source: `FindingSourceType`: POLICY or BUCKET_ACL; empty for a grant, which AWS has no word for.
        document: The policy, or the policy that says the same.
        kind: What sort of policy it is.
        sealed: Block Public Access keeps every outsider from making use of it.
    """

    source: str
    document: str
    kind: Kind = Kind.RESOURCE
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource that can be shared.

    Attributes:
        arn: Its ARN.
        type: `ResourceType` of the API.
        account: Who owns it.
        actions: What can be done to it, as far as it is asked for.
        within: ARNs of what is inside of it that a request may name as well.
        openings: What may let outsiders in.
    """

    arn: str
    type: str
    account: str
    actions: tuple[str, ...]
    openings: tuple[Opening, ...]
    within: tuple[str, ...] = ()


def resources(account: str, region: str) -> Iterator[Resource]:
    """Every resource of an account's region; roles, which have no region, are everywhere's."""
    for read in _READERS:
        for found in read(account, region):
            if found.openings:
                yield found


def _buckets(account: str, region: str) -> Iterator[Resource]:
    held = state.backend("s3", account)
    for name, stored in list(held.buckets.items()) if held is not None else ():
        bucket = bucket_access.find(name)
        if bucket is not None and stored.region_name == region:
            arn = f"arn:aws:s3:::{name}"
            yield Resource(
                arn, "AWS::S3::Bucket", account, _S3, tuple(_bucket_openings(bucket)), (f"{arn}/object",)
            )


def _bucket_openings(bucket: Bucket) -> Iterator[Opening]:
    if bucket.policy:
        sealed = bucket.block.restrict_public_buckets and is_public(bucket.policy)
        yield Opening("POLICY", bucket.policy, sealed=sealed)
    statements = [] if bucket.acls_disabled or bucket.block.ignore_public_acls else list(_acl(bucket))
    if statements:
        yield Opening("BUCKET_ACL", _document(statements))


def _acl(bucket: Bucket) -> Iterator[dict[str, Any]]:
    """What the ACL grants to groups, as statements; "authenticated" means anyone with an account."""
    arn = f"arn:aws:s3:::{bucket.name}"
    for grant in bucket.state.acl.grants if bucket.state.acl is not None else ():
        groups = {grantee.uri for grantee in grant.grantees} & set(PUBLIC_GROUPS)
        given = grant.permissions if isinstance(grant.permissions, list) else [grant.permissions]
        names = _ACL_ACTIONS if "FULL_CONTROL" in given else [name for name in _ACL_ACTIONS if name in given]
        actions = [action for name in names for action in _ACL_ACTIONS[name]]
        if groups and actions:
            both = [arn, f"{arn}/*"]
            statement: dict[str, Any] = {"Effect": "Allow", "Principal": "*", "Action": actions}
            statement["Resource"] = both
            if ALL_USERS not in groups:
                statement["Condition"] = {"StringNotEquals": {"aws:PrincipalType": "Anonymous"}}
            yield statement


def _document(statements: list[Mapping[str, Any]] | list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _roles(account: str, _region: str) -> Iterator[Resource]:
    held = state.backend("iam", account)
    for role in list(held.roles.values()) if held is not None else ():
        yield Resource(
            role.arn, "AWS::IAM::Role", account, _STS, _opening(attached(role.arn).policy, Kind.TRUST)
        )


def _keys(account: str, region: str) -> Iterator[Resource]:
    held = state.backend("kms", account, region)
    for key in list(held.keys.values()) if held is not None else ():
        statements = [
            {
                "Effect": "Allow",
                "Principal": {"AWS": grant.grantee_principal},
                "Action": [f"kms:{operation}" for operation in grant.operations],
                "Resource": "*",
            }
            for grant in key.grants.values()
        ]
        granted = (Opening("", _document(statements), Kind.KEY),) if statements else ()
        yield Resource(key.arn, "AWS::KMS::Key", account, _KMS, _opening(key.policy, Kind.KEY) + granted)


def _functions(account: str, region: str) -> Iterator[Resource]:
    held = state.backend("lambda", account, region)
    known = held._lambdas._functions if held is not None else {}  # noqa: SLF001 - its lookups raise or create
    for name in list(known):
        arn = f"arn:aws:lambda:{region}:{account}:function:{name}"
        yield Resource(arn, "AWS::Lambda::Function", account, _LAMBDA, _opening(attached(arn).policy))


def _queues(account: str, region: str) -> Iterator[Resource]:
    held = state.backend("sqs", account, region)
    for queue in list(held.queues.values()) if held is not None else ():
        arn = str(queue.queue_arn)
        yield Resource(arn, "AWS::SQS::Queue", account, _SQS, _opening(attached(arn).policy))


def _topics(account: str, region: str) -> Iterator[Resource]:
    held = state.backend("sns", account, region)
    for arn in list(held.topics) if held is not None else ():
        yield Resource(arn, "AWS::SNS::Topic", account, _SNS, _opening(attached(arn).policy))


def _secrets(account: str, region: str) -> Iterator[Resource]:
    held = state.backend("secretsmanager", account, region)
    for secret in list(held.secrets.values()) if held is not None else ():
        arn = str(secret.arn)
        yield Resource(arn, "AWS::SecretsManager::Secret", account, _SECRETS, _opening(attached(arn).policy))


def _opening(policy: str, kind: Kind = Kind.RESOURCE) -> tuple[Opening, ...]:
    return (Opening("POLICY", policy, kind),) if policy else ()


def _actions(prefix: str, names: str) -> tuple[str, ...]:
    return tuple(f"{prefix}:{name}" for name in names.split())


# What a wildcard in a policy is asked for: the actions on the resource itself that matter to an outsider.
_S3 = _actions(
    "s3",
    "AbortMultipartUpload DeleteBucket DeleteBucketPolicy DeleteObject DeleteObjectVersion GetBucketAcl "
    "GetBucketLocation GetBucketPolicy GetObject GetObjectAcl GetObjectVersion ListBucket "
    "ListBucketMultipartUploads ListBucketVersions PutBucketAcl PutBucketPolicy PutBucketPublicAccessBlock "
    "PutObject PutObjectAcl",
)
_STS = _actions("sts", "AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity")
_KMS = _actions(
    "kms",
    "CreateGrant Decrypt DescribeKey DisableKey Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext "
    "GetKeyPolicy PutKeyPolicy ReEncryptFrom ReEncryptTo ScheduleKeyDeletion Sign Verify",
)
_LAMBDA = _actions(
    "lambda",
    "AddPermission GetFunction GetPolicy InvokeFunction InvokeFunctionUrl UpdateFunctionCode "
    "UpdateFunctionConfiguration",
)
_SQS = _actions(
    "sqs",
    "AddPermission ChangeMessageVisibility DeleteMessage DeleteQueue GetQueueAttributes GetQueueUrl "
    "PurgeQueue ReceiveMessage SendMessage SetQueueAttributes",
)
_SNS = _actions(
    "sns",
    "AddPermission DeleteTopic GetTopicAttributes ListSubscriptionsByTopic Publish RemovePermission "
    "SetTopicAttributes Subscribe",
)
_SECRETS = _actions(
    "secretsmanager",
    "DeleteSecret DescribeSecret GetResourcePolicy GetSecretValue PutResourcePolicy PutSecretValue "
    "UpdateSecret",
)
_READERS = (
    _buckets,
    _roles,
    _keys,
    _functions,
    _queues,
    _topics,
    _secrets,
)
SERVICES: Final = frozenset(
    {"iam", "kms", "lambda", "organizations", "s3", "s3control", "secretsmanager", "sns", "sqs"}
)
"""The services whose changes can open or close a resource."""
