"""Rules about buckets."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from chaoskit.permissions.public_access import PUBLIC_GROUPS
from chaoskit.permissions.public_policy import is_public
from chaoskit.sandbox import state
from chaoskit.sandbox.config.managed import managed
from chaoskit.sandbox.config.resources import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.sandbox.bucket_access import Bucket
    from chaoskit.sandbox.config.managed import Parameters
    from chaoskit.sandbox.config.resources import Resource

_BUCKET = "AWS::S3::Bucket"
_READS = ("s3:getobject", "s3:getobjectversion", "s3:listbucket", "s3:listbucketversions")
_WRITES = ("s3:putobject", "s3:deleteobject", "s3:putobjectacl", "s3:putbucketacl", "s3:putbucketpolicy")
_SETTINGS = {
    "IgnorePublicAcls": "ignore_public_acls",
    "BlockPublicPolicy": "block_public_policy",
    "BlockPublicAcls": "block_public_acls",
    "RestrictPublicBuckets": "restrict_public_buckets",
}


@managed("S3_BUCKET_PUBLIC_READ_PROHIBITED", _BUCKET, "s3", "s3control", on_change=True, periodic=True)
def public_read(found: Resource, parameters: Parameters) -> str | None:
    """Neither the policy nor the ACL lets the public read, Block Public Access taken into account."""
    del parameters
    return _public(found.state, _READS, "READ")


@managed("S3_BUCKET_PUBLIC_WRITE_PROHIBITED", _BUCKET, "s3", "s3control", on_change=True, periodic=True)
def public_write(found: Resource, parameters: Parameters) -> str | None:
    """Neither the policy nor the ACL lets the public write."""
    del parameters
    return _public(found.state, _WRITES, "WRITE")


def _public(bucket: Bucket, actions: tuple[str, ...], permission: str) -> str:
    verb = permission.lower()
    if not bucket.block.restrict_public_buckets and _policy_opens(bucket.policy, actions):
        return f"The S3 bucket policy allows public {verb} access."
    ignored = bucket.acls_disabled or bucket.block.ignore_public_acls
    if not ignored and {permission, "FULL_CONTROL"} & _granted_to_public(bucket):
        return f"The S3 bucket ACL allows public {verb} access."
    return ""


def _policy_opens(policy: str, actions: tuple[str, ...]) -> bool:
    return any(
        is_public(json.dumps({"Statement": [each]})) and _names(each, actions) for each in _statements(policy)
    )


def _statements(policy: str) -> Iterator[Mapping[str, Any]]:
    found = json.loads(policy).get("Statement", []) if policy else []
    yield from found if isinstance(found, list) else [found]


def _names(statement: Mapping[str, Any], actions: tuple[str, ...]) -> bool:
    """Whether a statement is about one of these actions."""
    negated = "NotAction" in statement
    named = statement.get("NotAction") if negated else statement.get("Action", [])
    patterns = [named] if isinstance(named, str) else list(named or [])
    return any(
        any(fnmatchcase(action, pattern.lower()) for pattern in patterns) is not negated for action in actions
    )


def _granted_to_public(bucket: Bucket) -> set[str]:
    acl = bucket.state.acl
    return {
        permission
        for grant in (acl.grants if acl is not None else ())
        if any(grantee.uri in PUBLIC_GROUPS for grantee in grant.grantees)
        for permission in (grant.permissions if isinstance(grant.permissions, list) else [grant.permissions])
    }


@managed(
    "S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED",
    _BUCKET,
    "s3",
    on_change=True,
    parameters="excludedPublicBuckets",
)
def bucket_block(found: Resource, parameters: Parameters) -> str | None:
    """The bucket's own Block Public Access is on in full."""
    if found.name in _listed(parameters.get("excludedPublicBuckets", "")):
        return ""
    return _block_lacks(found.state.state.public_access_block, {}, "bucket")


@managed(
    "S3_ACCOUNT_LEVEL_PUBLIC_ACCESS_BLOCKS_PERIODIC",
    ACCOUNT,
    "s3control",
    periodic=True,
    parameters="IgnorePublicAcls BlockPublicPolicy BlockPublicAcls RestrictPublicBuckets",
)
def account_block(found: Resource, parameters: Parameters) -> str | None:
    """The account's Block Public Access is as the parameters say, by default on in full."""
    held = state.backend("s3control", found.place[0])
    return _block_lacks(held.public_access_block if held is not None else None, parameters, "account")


def _block_lacks(block: Any, wanted: Parameters, level: str) -> str:
    lacking = [
        setting
        for setting, attribute in _SETTINGS.items()
        if wanted.get(setting, "true").lower() == "true" and not (block and getattr(block, attribute))
    ]
    return f"Not set at the {level} level: {', '.join(lacking)}." if lacking else ""


@managed("S3_BUCKET_SERVER_SIDE_ENCRYPTION_ENABLED", _BUCKET, "s3", on_change=True)
def encrypted(found: Resource, parameters: Parameters) -> str | None:
    """Default encryption is on: since January 2023 it is for every bucket, and can't be turned off."""
    del found, parameters
    return ""


@managed("S3_DEFAULT_ENCRYPTION_KMS", _BUCKET, "s3", on_change=True, parameters="kmsKeyArns")
def encrypted_with_kms(found: Resource, parameters: Parameters) -> str | None:
    """Default encryption is with a KMS key, one of `kmsKeyArns` if that is given."""
    default = _default_encryption(found.state)
    if not str(default.get("SSEAlgorithm", "")).startswith("aws:kms"):
        return "The S3 bucket is not encrypted with AWS KMS by default."
    keys = _listed(parameters.get("kmsKeyArns", ""))
    if keys and default.get("KMSMasterKeyID") not in keys:
        return "The S3 bucket is encrypted with a KMS key that is not one of kmsKeyArns."
    return ""


def _default_encryption(bucket: Bucket) -> Mapping[str, Any]:
    """`ApplyServerSideEncryptionByDefault`; moto keeps one rule or a list."""
    rules = (bucket.state.encryption or {}).get("Rule") or {}
    rule = rules[0] if isinstance(rules, list) else rules
    default: Mapping[str, Any] = rule.get("ApplyServerSideEncryptionByDefault") or {}
    return default


@managed("S3_BUCKET_VERSIONING_ENABLED", _BUCKET, "s3", on_change=True)
def versioned(found: Resource, parameters: Parameters) -> str | None:
    """Versioning is enabled."""
    del parameters
    return "" if found.state.state.versioning_status == "Enabled" else "Versioning is not enabled."


@managed("S3_BUCKET_LOGGING_ENABLED", _BUCKET, "s3", on_change=True)
def logged(found: Resource, parameters: Parameters) -> str | None:
    """Server access logging is on."""
    del parameters
    return "" if found.state.state.logging else "Server access logging is not enabled."


@managed("S3_BUCKET_SSL_REQUESTS_ONLY", _BUCKET, "s3", on_change=True)
def only_tls(found: Resource, parameters: Parameters) -> str | None:
    """The policy denies everyone whatever comes without TLS."""
    del parameters
    for each in _statements(found.state.policy):
        conditions = each.get("Condition") or {}
        asked = {key.lower(): value for key, value in (conditions.get("Bool") or {}).items()}
        value = asked.get("aws:securetransport")
        everyone = each.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
        if each.get("Effect") == "Deny" and everyone and str(_first(value)).lower() == "false":
            return ""
    return "The bucket policy does not deny requests without SSL."


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]
