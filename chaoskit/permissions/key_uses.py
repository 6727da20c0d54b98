"""What is encrypted under a customer's key needs permission to use that key.

Source: Amazon S3 User Guide, "Using server-side encryption with AWS KMS keys"; AWS Secrets Manager User
Guide, "Secret encryption and decryption". Keys that AWS manages (`aws/s3`) let everyone in the account in.
"""

from __future__ import annotations

import json
from base64 import b64decode
from typing import TYPE_CHECKING, Any

from chaoskit.permissions.resources import key_arn

if TYPE_CHECKING:
    from chaoskit.permissions.call import Account, Call

_S3_WRITES = frozenset({"PutObject", "CopyObject", "CreateMultipartUpload"})
_S3_READS = frozenset({"GetObject", "HeadObject", "CopyObject"})
_SECRET_WRITES = frozenset({"CreateSecret", "PutSecretValue", "UpdateSecret"})


def key_uses(call: Call, known: Account) -> list[tuple[str, str, dict[str, Any]]]:
    """The KMS actions that S3 or Secrets Manager takes on the caller's behalf.

    Each comes with the key's ARN and the condition keys of the call to KMS.
    """
    if call.service == "s3" and call.params.get("Key"):
        return _s3(call, known)
    if call.service == "secretsmanager":
        return _secrets(call, known)
    return []


def _s3(call: Call, known: Account) -> list[tuple[str, str, dict[str, Any]]]:
    uses = []
    bucket, key = call.params.get("Bucket", ""), call.params["Key"]
    keys = _via(call, "s3", {**_context(call), "aws:s3:arn": f"arn:aws:s3:::{bucket}/{key}"})
    if call.operation in _S3_WRITES:
        under = _written_under(call, bucket, known)
        if under:
            uses.append(("kms:GenerateDataKey", key_arn(under, call.account, call.region, known), keys))
    elif call.operation in _S3_READS:
        under = known.key_of_object(bucket, key)
        if under and not _is_aws_managed(under, call, known):
            uses.append(("kms:Decrypt", key_arn(under, call.account, call.region, known), keys))
    return uses


def _context(call: Call) -> dict[str, str]:
    """The encryption context that a PutObject gives, base64 of a JSON object; S3 refuses any other."""
    try:
        given = json.loads(b64decode(call.headers.get("x-amz-server-side-encryption-context", "")))
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in given.items()} if isinstance(given, dict) else {}


def _written_under(call: Call, bucket: str, known: Account) -> str:
    """The customer's key that a new object is encrypted under: the request's, else the bucket's default."""
    asked = call.headers.get("x-amz-server-side-encryption", "")
    given = call.headers.get("x-amz-server-side-encryption-aws-kms-key-id", "")
    if not asked:
        given = known.key_of_bucket(bucket)
    elif not asked.startswith("aws:kms"):
        return ""
    return "" if not given or _is_aws_managed(given, call, known) else given


def _secrets(call: Call, known: Account) -> list[tuple[str, str, dict[str, Any]]]:
    given = call.params.get("KmsKeyId") or _secret_key(call, known)
    if not given or _is_aws_managed(given, call, known):
        return []
    arn = key_arn(given, call.account, call.region, known)
    keys = _via(call, "secretsmanager", {})
    if call.operation == "GetSecretValue":
        return [("kms:Decrypt", arn, keys)]
    if call.operation in _SECRET_WRITES and ("SecretString" in call.params or "SecretBinary" in call.params):
        return [("kms:GenerateDataKey", arn, keys), ("kms:Decrypt", arn, keys)]
    return []


def _secret_key(call: Call, known: Account) -> str:
    given = call.params.get("SecretId")
    return known.key_of_secret(given, call.account, call.region) if given else ""


def _is_aws_managed(given: str, call: Call, known: Account) -> bool:
    if "alias/aws/" in given:
        return True
    return known.key_is_aws_managed(key_arn(given, call.account, call.region, known))


def _via(call: Call, service: str, encryption: dict[str, str]) -> dict[str, Any]:
    keys: dict[str, Any] = {
        "kms:ViaService": f"{service}.{call.region}.amazonaws.com",
        "kms:CallerAccount": call.principal.account,
    }
    keys.update({f"kms:EncryptionContext:{name}": value for name, value in encryption.items()})
    return keys
