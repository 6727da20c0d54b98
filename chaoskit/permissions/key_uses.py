"""What is encrypted under a customer's key needs permission to use that key.

Source: Amazon S3 User Guide, "Using server-side encryption with AWS KMS keys"; S3 API Reference,
"CreateMultipartUpload" and "CompleteMultipartUpload"; AWS Secrets Manager User Guide, "Secret encryption and
decryption". Keys that AWS manages (`aws/s3`) let everyone in the account in. The other services are in
`service_keys`.
"""

from __future__ import annotations

import json
from base64 import b64decode
from typing import TYPE_CHECKING
from urllib.parse import unquote

from chaoskit.permissions.key_use import KeyUse, is_aws_managed, via
from chaoskit.permissions.resources import key_arn
from chaoskit.permissions.service_keys import service_key_uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.permissions.call import Account, Call

_S3_WRITES = frozenset({"PutObject", "CopyObject", "CreateMultipartUpload"})
_S3_READS = frozenset({"GetObject", "HeadObject"})
_S3_PARTS = frozenset({"UploadPart", "UploadPartCopy"})
_SECRET_WRITES = frozenset({"CreateSecret", "PutSecretValue", "UpdateSecret"})


def key_uses(call: Call, known: Account) -> list[KeyUse]:
    """The KMS actions that a service takes on the caller's behalf."""
    if call.service == "s3" and call.params.get("Key"):
        return list(_s3(call, known))
    if call.service == "secretsmanager":
        return _secrets(call, known)
    return service_key_uses(call, known)


def _s3(call: Call, known: Account) -> Iterator[KeyUse]:
    bucket, key = call.params.get("Bucket", ""), call.params["Key"]
    if call.operation in _S3_WRITES:
        under = _written_under(call, bucket, known)
        yield from _of_object(call, known, f"{bucket}/{key}", under, "GenerateDataKey")
    elif call.operation in _S3_READS:
        yield from _of_object(call, known, f"{bucket}/{key}", known.key_of_object(bucket, key))
    elif call.operation in _S3_PARTS or (call.operation == "CompleteMultipartUpload" and _has_checksum(call)):
        under = known.key_of_upload(bucket, key, call.params.get("UploadId", ""))
        yield from _of_object(call, known, f"{bucket}/{key}", under)
    if call.params.get("CopySource"):
        path = unquote(call.params["CopySource"]).removeprefix("/").partition("?versionId=")[0]
        source, _, name = path.partition("/")
        yield from _of_object(call, known, path, known.key_of_object(source, name))


def _of_object(call: Call, known: Account, path: str, *use: str) -> Iterator[KeyUse]:
    """One use of the key that an object is under, to read unless said otherwise; none of AWS's own keys."""
    under, action, *_ = *use, "Decrypt"
    if under and not is_aws_managed(under, call, known):
        context = _context(call) if action == "GenerateDataKey" else {}
        keys = via(call, "s3", {**context, "aws:s3:arn": f"arn:aws:s3:::{path}"})
        yield KeyUse(f"kms:{action}", key_arn(under, call.account, call.region, known), keys)


def _has_checksum(call: Call) -> bool:
    """Whether the parts are completed with a checksum, for which S3 has to read them."""
    parts = (call.params.get("MultipartUpload") or {}).get("Parts", ())
    return any(name.startswith("Checksum") for named in (call.params, *parts) for name in named)


def _context(call: Call) -> dict[str, str]:
    """The encryption context that a PutObject gives, base64 of a JSON object; S3 refuses any other."""
    try:
        given = json.loads(b64decode(call.headers.get("x-amz-server-side-encryption-context", "")))
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in given.items()} if isinstance(given, dict) else {}


def _written_under(call: Call, bucket: str, known: Account) -> str:
    """The key that a new object is encrypted under: the request's, else the bucket's default."""
    asked = call.headers.get("x-amz-server-side-encryption", "")
    if not asked:
        return known.key_of_bucket(bucket)
    if not asked.startswith("aws:kms"):
        return ""
    return call.headers.get("x-amz-server-side-encryption-aws-kms-key-id", "")


def _secrets(call: Call, known: Account) -> list[KeyUse]:
    given = call.params.get("KmsKeyId") or _secret_key(call, known)
    if not given or is_aws_managed(given, call, known):
        return []
    arn = key_arn(given, call.account, call.region, known)
    keys = via(call, "secretsmanager", {})
    if call.operation == "GetSecretValue":
        return [KeyUse("kms:Decrypt", arn, keys)]
    if call.operation in _SECRET_WRITES and ("SecretString" in call.params or "SecretBinary" in call.params):
        return [KeyUse("kms:GenerateDataKey", arn, keys), KeyUse("kms:Decrypt", arn, keys)]
    return []


def _secret_key(call: Call, known: Account) -> str:
    given = call.params.get("SecretId")
    return known.key_of_secret(given, call.account, call.region) if given else ""
