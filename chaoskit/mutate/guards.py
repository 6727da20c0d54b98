"""Finds what prevents: policy statements that deny, boundaries, and buckets' own settings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.mutate.control import Control

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chaoskit.aws import Reader

_ORGANIZATION: Final = {"scp": "SERVICE_CONTROL_POLICY", "rcp": "RESOURCE_CONTROL_POLICY"}
_OPEN: Final = dict.fromkeys(
    ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), False
)


def organization(aws: Reader, account: str) -> Iterator[Control]:
    """Each statement that denies, of the policies on the account's path in the organization.

    Args:
        aws: The management account.
        account: The account that is guarded.
    """
    for policy, kind in attached(aws, account):
        read = Query("organizations", "DescribePolicy", {"PolicyId": policy}, "Policy")
        found = aws.read(read)
        name = found["PolicySummary"]["Name"]

        def put(document: Mapping[str, Any] | None, policy: str = policy) -> list[Call]:
            if document:
                return [Call("organizations", "UpdatePolicy", PolicyId=policy, Content=json.dumps(document))]
            where = {"PolicyId": policy}
            targets = aws.read(Query("organizations", "ListTargetsForPolicy", where, "Targets[].TargetId"))
            return [Call("organizations", "DetachPolicy", PolicyId=policy, TargetId=each) for each in targets]

        document = json.loads(found["Content"])
        yield from _statements(kind, name, document, put, layer=kind, of=(policy,))


def attached(aws: Reader, account: str) -> list[tuple[str, str]]:
    """The ids of the policies on an account's path, each once, with their kind; those of AWS are left out."""
    path, found = [account], dict[str, str]()
    while not path[-1].startswith("r-"):
        path.append(aws.read(Query("organizations", "ListParents", {"ChildId": path[-1]}, "Parents[0].Id")))
    for target in path:
        for kind, wanted in _ORGANIZATION.items():
            where = {"TargetId": target, "Filter": wanted}
            own = Query("organizations", "ListPoliciesForTarget", where, "Policies[?!AwsManaged].Id")
            found |= dict.fromkeys(aws.read(own) or (), kind)
    return list(found.items())


def boundaries(aws: Reader) -> Iterator[Control]:
    """Each permissions boundary of a role or user."""
    for what in ("Role", "User"):
        listed = Query("iam", f"List{what}s", {}, f"{what}s[].{what}Name")
        for name in aws.read(listed) or ():
            where = {f"{what}Name": name}
            arn = f"{what}.PermissionsBoundary.PermissionsBoundaryArn"
            boundary = aws.read(Query("iam", f"Get{what}", where, arn))
            if boundary:
                yield Control(
                    "boundary",
                    name,
                    (Call("iam", f"Delete{what}PermissionsBoundary", **where),),
                    (Call("iam", f"Put{what}PermissionsBoundary", **where, PermissionsBoundary=boundary),),
                    layer="boundary",
                    words=frozenset({name, boundary}),
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
            yield from _statements("bucket-policy", bucket, json.loads(policy), put, layer="resource")
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
        yield from _statements("key-policy", aliases[0], document, put, layer="kms", of=(key, about["Arn"]))


def _statements(
    kind: str,
    name: str,
    document: Mapping[str, Any],
    put: Callable[[Mapping[str, Any] | None], list[Call]],
    *,
    layer: str,
    of: tuple[str, ...] = (),
) -> Iterator[Control]:
    """A control for each statement that denies; without the only one, the policy has nothing to say."""
    statements = document["Statement"]
    statements = statements if isinstance(statements, list) else [statements]
    for number, statement in enumerate(statements):
        if statement["Effect"] != "Deny":
            continue
        left = [each for each in statements if each is not statement]
        away = put({**document, "Statement": left} if left else None)
        sid = statement.get("Sid") or f"#{number + 1}"
        yield Control(
            kind,
            f"{name}/{sid}",
            tuple(away),
            tuple(put(document)),
            management=kind in _ORGANIZATION,
            layer=layer,
            words=frozenset({f"{each}/{sid}" for each in (name, *of)}),
        )
