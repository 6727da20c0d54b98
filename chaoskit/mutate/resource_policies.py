"""Finds what resources say of themselves: policies of buckets, keys and secrets, and Block Public Access."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.mutate.control import Control
from chaoskit.mutate.statements import denials

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.aws import Reader

_OPEN: Final = dict.fromkeys(
    ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), False
)


def buckets(aws: Reader) -> Iterator[Control]:
    """Each statement of a bucket's policy that denies, and each Block Public Access that blocks anything."""
    for bucket in aws.read(Query("s3", "ListBuckets", {}, "Buckets[].Name")) or ():
        where: dict[str, Any] = {"Bucket": bucket}
        policy = aws.read(Query("s3", "GetBucketPolicy", where, "Policy", absent=("NoSuchBucketPolicy",)))

        def put(document: Mapping[str, Any] | None, where: Mapping[str, Any] = where) -> list[Call]:
            if document:
                return [Call("s3", "PutBucketPolicy", **where, Policy=json.dumps(document))]
            return [Call("s3", "DeleteBucketPolicy", **where)]

        if policy:
            yield from denials(
                "bucket-policy", bucket, json.loads(policy), put, "resource", (f"arn:aws:s3:::{bucket}",)
            )
        block = aws.read(
            Query(
                "s3",
                "GetPublicAccessBlock",
                where,
                "PublicAccessBlockConfiguration",
                absent=("NoSuchPublicAccessBlockConfiguration",),
            )
        )
        if block and any(block.values()):
            yield Control(
                "public-access-block",
                bucket,
                (Call("s3", "PutPublicAccessBlock", **where, PublicAccessBlockConfiguration=_OPEN),),
                (Call("s3", "PutPublicAccessBlock", **where, PublicAccessBlockConfiguration=block),),
                layer="bpa",
                words=frozenset({bucket}),
                protects=frozenset({bucket}),
            )


def keys(aws: Reader) -> Iterator[Control]:
    """Each statement of a customer's KMS key policy that denies."""
    for key in aws.read(Query("kms", "ListKeys", {}, "Keys[].KeyId")) or ():
        about = aws.read(Query("kms", "DescribeKey", {"KeyId": key}, "KeyMetadata"))
        if about["KeyManager"] != "CUSTOMER" or about["KeyState"] == "PendingDeletion":
            continue
        where: dict[str, Any] = {"KeyId": key, "PolicyName": "default"}

        def put(document: Mapping[str, Any] | None, where: Mapping[str, Any] = where) -> list[Call]:
            # The lockout check is about the caller, who here may be denied by another statement.
            more: dict[str, Any] = {"BypassPolicyLockoutSafetyCheck": True, "Policy": json.dumps(document)}
            return [Call("kms", "PutKeyPolicy", **where, **more)] if document else []

        document = json.loads(aws.read(Query("kms", "GetKeyPolicy", where, "Policy")))
        aliases = aws.read(Query("kms", "ListAliases", {"KeyId": key}, "Aliases[].AliasName")) or [key]
        yield from denials("key-policy", aliases[0], document, put, "kms", (key, about["Arn"]))


def secrets(aws: Reader) -> Iterator[Control]:
    """Each statement of a secret's policy that denies."""
    for arn, name in aws.read(Query("secretsmanager", "ListSecrets", {}, "SecretList[].[ARN, Name]")) or ():
        where: dict[str, Any] = {"SecretId": arn}
        policy = aws.read(Query("secretsmanager", "GetResourcePolicy", where, "ResourcePolicy"))

        def put(document: Mapping[str, Any] | None, where: Mapping[str, Any] = where) -> list[Call]:
            if document:
                policy = json.dumps(document)
                return [Call("secretsmanager", "PutResourcePolicy", **where, ResourcePolicy=policy)]
            return [Call("secretsmanager", "DeleteResourcePolicy", **where)]

        if policy:
            yield from denials("secret-policy", name, json.loads(policy), put, "resource", (arn,))
