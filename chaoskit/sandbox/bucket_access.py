"""S3's own gates beside policies: access control lists, object ownership and Block Public Access.

Source: Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage", "Controlling ownership of
objects and disabling ACLs for your bucket" and "Access control list (ACL) overview".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from chaoskit.permissions.public_access import (
    ALL_USERS,
    ENFORCED,
    PUBLIC_GROUPS,
    Block,
    blocking_setting,
    sets_acl,
)
from chaoskit.permissions.public_policy import is_public
from chaoskit.sandbox.state import backend
from chaoskit.sandbox.state import bucket as moto_bucket
from chaoskit.sandbox.wire import ApiError, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.sandbox.wire import ApiCall, Principal

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
    groups = {ALL_USERS} if call.principal.kind is Kind.ANONYMOUS else set(PUBLIC_GROUPS)
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


def blocked(call: ApiCall, bucket: Bucket) -> str:
    """The setting of Block Public Access that refuses what a call would make public, or empty."""
    return blocking_setting(call, bucket.block)


def check_acls_allowed(call: ApiCall, bucket: Bucket) -> None:
    """Refuse ACLs on a bucket that has them disabled.

    Raises:
        ApiError: `AccessControlListNotSupported`.
    """
    if not bucket.acls_disabled or not sets_acl(call):
        return
    raise ApiError("AccessControlListNotSupported", "The bucket does not allow ACLs", 400)
