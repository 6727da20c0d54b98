"""S3's own gates beside policies: Block Public Access, and ACLs that are switched off.

Source: Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage" and "Controlling
ownership of objects and disabling ACLs for your bucket".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from chaoskit.permissions.public_policy import is_public

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.permissions.call import Call

ALL_USERS: Final = "http://acs.amazonaws.com/groups/global/AllUsers"
AUTHENTICATED_USERS: Final = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
ENFORCED: Final = "BucketOwnerEnforced"
"""The object ownership under which a bucket has ACLs disabled."""
PUBLIC_GROUPS: Final = (ALL_USERS, AUTHENTICATED_USERS)
_PUBLIC_CANNED = frozenset({"public-read", "public-read-write", "authenticated-read"})
# With ACLs disabled a request may still carry these (PutObject with any other ACL fails).
_HARMLESS_CANNED = frozenset({"bucket-owner-full-control"})


@dataclass(frozen=True, slots=True)
class Block:
    """The four settings of Block Public Access, bucket and account taken together."""

    block_public_acls: bool = False
    ignore_public_acls: bool = False
    block_public_policy: bool = False
    restrict_public_buckets: bool = False


def blocking_setting(call: Call, block: Block) -> str:
    """The setting of Block Public Access that refuses what a call would make public, or empty."""
    match call.operation:
        case "PutBucketAcl" | "PutObjectAcl" | "PutObject" | "CopyObject" | "CreateMultipartUpload":
            return "BlockPublicAcls" if block.block_public_acls and _would_be_public(call) else ""
        case "PutBucketPolicy":
            blocks = block.block_public_policy and is_public(call.params.get("Policy", ""))
            return "BlockPublicPolicy" if blocks else ""
        case _:
            return ""


def sets_acl(call: Call) -> bool:
    """Whether a call sets an ACL that a bucket with ACLs disabled does not take."""
    grants = any(name.startswith("x-amz-grant-") for name in call.headers)
    canned = call.headers.get("x-amz-acl", "")
    match call.operation:
        case "PutBucketAcl" | "PutObjectAcl":
            return canned not in _HARMLESS_CANNED and not _only_owner(call)
        case "PutObject" | "CopyObject" | "CreateMultipartUpload":
            return grants or (bool(canned) and canned not in _HARMLESS_CANNED)
        case _:
            return False


def _only_owner(call: Call) -> bool:
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


def _would_be_public(call: Call) -> bool:
    if call.headers.get("x-amz-acl", "") in _PUBLIC_CANNED:
        return True
    given = (value for name, value in call.headers.items() if name.startswith("x-amz-grant-"))
    if any(group in value for value in given for group in PUBLIC_GROUPS):
        return True
    acl: Mapping[str, Any] = call.params.get("AccessControlPolicy") or {}
    return any((grant.get("Grantee") or {}).get("URI") in PUBLIC_GROUPS for grant in acl.get("Grants") or ())
