"""S3's own gates beside policies: access control lists, object ownership and Block Public Access.

Source: Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage", "Controlling ownership of
objects and disabling ACLs for your bucket" and "Access control list (ACL) overview".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.public_policy import is_public
from chaoskit.sandbox.state import backend
from chaoskit.sandbox.state import bucket as moto_bucket
from chaoskit.sandbox.wire import ApiError, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.sandbox.wire import ApiCall, Principal

ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
AUTHENTICATED_USERS = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
ENFORCED = "BucketOwnerEnforced"
_PUBLIC_GROUPS = (ALL_USERS, AUTHENTICATED_USERS)
_PUBLIC_CANNED = frozenset({"public-read", "public-read-write", "authenticated-read"})
# With ACLs disabled a request may still carry these (PutObject with any other ACL fails).
_HARMLESS_CANNED = frozenset({"bucket-owner-full-control"})
_BUCKET_PERMISSIONS = {
    "READ": ("s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"),
    "WRITE": ("s3:PutObject", "s3:DeleteObject"),
    "READ_ACP": ("s3:GetBucketAcl",),
    "WRITE_ACP": ("s3:PutBucketAcl",),
}
_OBJECT_PERMISSIONS = {
    "READ": ("s3:GetObject", "s3:GetObjectVersion"),
    "READ_ACP": ("s3:GetObjectAcl", "s3:GetObjectVersionAcl"),
    "WRITE_ACP": ("s3:PutObjectAcl", "s3:PutObjectVersionAcl"),
}


@dataclass(frozen=True, slots=True)
class Block:
    """The four settings of Block Public Access, bucket and account taken together."""

    block_public_acls: bool = False
    ignore_public_acls: bool = False
    block_public_policy: bool = False
    restrict_public_buckets: bool = False


@dataclass(frozen=True, slots=True)
class Bucket:
    """What of a bucket decides who may use it."""

    name: str
    owner: str
    block: Block
    acls_disabled: bool
    policy: str
    state: Any


def find(name: str) -> Bucket | None:
    """Read a bucket from moto's state; None when there is none of this name."""
    owner, state = moto_bucket(name)
    if state is None:
        return None
    policy = state.policy.decode() if isinstance(state.policy, bytes) else (state.policy or "")
    return Bucket(name, owner, _block(state, owner), state.ownership_rule == ENFORCED, policy, state)


def _block(bucket: Any, owner: str) -> Block:
    control = backend("s3control", owner)
    account = control.public_access_block if control is not None else None
    both = [each for each in (bucket.public_access_block, account) if each is not None]
    return Block(*(any(getattr(each, name) for each in both) for name in Block.__slots__))


def new_bucket_defaults(call: ApiCall) -> None:
    """Give a new bucket what S3 gives all of them since April 2023: ACLs disabled, public access blocked.

    Source: Amazon S3 User Guide, "Default settings for new S3 buckets FAQ".
    """
    made = find(call.params["Bucket"])
    if made is None or made.state.public_access_block is not None:
        return
    made.state.public_access_block = import_module("moto.s3.models").PublicAccessBlock(True, True, True, True)
    if not made.state.ownership_rule:
        made.state.ownership_rule = ENFORCED


def acl_statement(call: ApiCall, bucket: Bucket) -> str:
    """What the bucket's and object's ACLs grant this caller, as a resource policy; empty when nothing.

    Grants to groups only: moto gives every account the same canonical user id.
    """
    if bucket.acls_disabled or bucket.block.ignore_public_acls:
        return ""
    groups = {ALL_USERS} if call.principal.kind is Kind.ANONYMOUS else set(_PUBLIC_GROUPS)
    statements = [
        {"Effect": "Allow", "Principal": "*", "Action": actions, "Resource": resources}
        for actions, resources in _granted(call, bucket, groups)
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else ""


def _granted(call: ApiCall, bucket: Bucket, groups: set[str]) -> Iterator[tuple[list[str], list[str]]]:
    arn = f"arn:aws:s3:::{bucket.name}"
    for permission in _group_permissions(bucket.state.acl, groups):
        for name in _BUCKET_PERMISSIONS if permission == "FULL_CONTROL" else (permission,):
            yield list(_BUCKET_PERMISSIONS.get(name, ())), [arn, f"{arn}/*"]
    key = call.params.get("Key", "")
    stored = bucket.state.keys.get(key) if key else None
    if stored is not None:
        for permission in _group_permissions(stored.acl, groups):
            for name in _OBJECT_PERMISSIONS if permission == "FULL_CONTROL" else (permission,):
                yield list(_OBJECT_PERMISSIONS.get(name, ())), [f"{arn}/{key}"]


def _group_permissions(acl: Any, groups: set[str]) -> Iterator[str]:
    for grant in acl.grants if acl is not None else ():
        if any(grantee.uri in groups for grantee in grant.grantees):
            yield from grant.permissions if isinstance(grant.permissions, list) else [grant.permissions]


def restricted(principal: Principal, bucket: Bucket) -> bool:
    """Whether RestrictPublicBuckets keeps a caller out: the policy is public and the caller an outsider."""
    outsider = principal.kind is not Kind.SERVICE and principal.account != bucket.owner
    return (
        outsider and bucket.block.restrict_public_buckets and bool(bucket.policy) and is_public(bucket.policy)
    )


def blocked(call: ApiCall, bucket: Bucket) -> bool:
    """Whether Block Public Access refuses what a call would make public."""
    match call.operation:
        case "PutBucketAcl" | "PutObjectAcl" | "PutObject" | "CopyObject" | "CreateMultipartUpload":
            return bucket.block.block_public_acls and _would_be_public(call)
        case "PutBucketPolicy":
            return bucket.block.block_public_policy and is_public(call.params.get("Policy", ""))
        case _:
            return False


def check_acls_allowed(call: ApiCall, bucket: Bucket) -> None:
    """Refuse ACLs on a bucket that has them disabled.

    Raises:
        ApiError: `AccessControlListNotSupported`.
    """
    if not bucket.acls_disabled or not _sets_acl(call):
        return
    raise ApiError("AccessControlListNotSupported", "The bucket does not allow ACLs", 400)


def _sets_acl(call: ApiCall) -> bool:
    grants = any(name.startswith("x-amz-grant-") for name in call.headers)
    canned = call.headers.get("x-amz-acl", "")
    match call.operation:
        case "PutBucketAcl" | "PutObjectAcl":
            return canned not in _HARMLESS_CANNED and not _only_owner(call)
        case "PutObject" | "CopyObject" | "CreateMultipartUpload":
            return grants or (bool(canned) and canned not in _HARMLESS_CANNED)
        case _:
            return False


def _only_owner(call: ApiCall) -> bool:
    """An ACL document that grants nothing but full control to the owner is accepted."""
    acl = call.params.get("AccessControlPolicy")
    if not acl:
        return False
    owner = (acl.get("Owner") or {}).get("ID")
    grants = acl.get("Grants") or []
    return bool(grants) and all(
        (grant.get("Grantee") or {}).get("ID") == owner and grant.get("Permission") == "FULL_CONTROL"
        for grant in grants
    )


def _would_be_public(call: ApiCall) -> bool:
    if call.headers.get("x-amz-acl", "") in _PUBLIC_CANNED:
        return True
    given = (value for name, value in call.headers.items() if name.startswith("x-amz-grant-"))
    if any(group in value for value in given for group in _PUBLIC_GROUPS):
        return True
    acl: Mapping[str, Any] = call.params.get("AccessControlPolicy") or {}
    return any((grant.get("Grantee") or {}).get("URI") in _PUBLIC_GROUPS for grant in acl.get("Grants") or ())
