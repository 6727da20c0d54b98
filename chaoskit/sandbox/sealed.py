"""What is encrypted under a customer's key needs that key: its permission, and the key switched on.

Source: Amazon S3 User Guide, "Using server-side encryption with AWS KMS keys"; AWS Secrets Manager User
Guide, "Secret encryption and decryption". Keys that AWS manages (`aws/s3`) let everyone in the account in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.resources import key_arn
from chaoskit.sandbox.state import backend
from chaoskit.sandbox.state import bucket as moto_bucket
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from chaoskit.sandbox.wire import ApiCall

_S3_WRITES = frozenset({"PutObject", "CopyObject", "CreateMultipartUpload"})
_S3_READS = frozenset({"GetObject", "HeadObject", "CopyObject"})
_CRYPTOGRAPHY = frozenset(
    {
        "Decrypt",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateMac",
        "ReEncrypt",
        "Sign",
        "Verify",
        "VerifyMac",
    }
)
_SECRET_WRITES = frozenset({"CreateSecret", "PutSecretValue", "UpdateSecret"})


def key_uses(call: ApiCall) -> list[tuple[str, str, dict[str, Any]]]:
    """The KMS actions that S3 or Secrets Manager takes on the caller's behalf.

    Each comes with the key's ARN and the condition keys of the call to KMS.
    """
    if call.service == "s3" and call.params.get("Key"):
        return _s3(call)
    if call.service == "secretsmanager":
        return _secrets(call)
    return []


def _s3(call: ApiCall) -> list[tuple[str, str, dict[str, Any]]]:
    uses = []
    bucket, key = call.params.get("Bucket", ""), call.params["Key"]
    keys = _via(call, "s3", {"aws:s3:arn": f"arn:aws:s3:::{bucket}/{key}"})
    if call.operation in _S3_WRITES:
        under = _written_under(call, bucket)
        if under:
            uses.append(("kms:GenerateDataKey", key_arn(under, call.account, call.region), keys))
    elif call.operation in _S3_READS:
        stored = _stored(bucket, key)
        under = getattr(stored, "kms_key_id", None) or ""
        if under and not _is_aws_managed(under, call):
            uses.append(("kms:Decrypt", key_arn(under, call.account, call.region), keys))
    return uses


def _written_under(call: ApiCall, bucket: str) -> str:
    """The customer's key that a new object is encrypted under: the request's, else the bucket's default."""
    asked = call.headers.get("x-amz-server-side-encryption", "")
    given = call.headers.get("x-amz-server-side-encryption-aws-kms-key-id", "")
    if not asked:
        given = _default_key(bucket)
    elif not asked.startswith("aws:kms"):
        return ""
    return "" if not given or _is_aws_managed(given, call) else given


def _default_key(name: str) -> str:
    _, bucket = moto_bucket(name)
    if bucket is None or not bucket.encryption:
        return ""
    rule = bucket.encryption.get("Rule", {})
    default = (rule[0] if isinstance(rule, list) else rule).get("ApplyServerSideEncryptionByDefault", {})
    return str(default.get("KMSMasterKeyID") or "") if default.get("SSEAlgorithm") != "AES256" else ""


def _stored(bucket: str, key: str) -> Any:
    _, held = moto_bucket(bucket)
    return held.keys.get(key) if held is not None else None


def _secrets(call: ApiCall) -> list[tuple[str, str, dict[str, Any]]]:
    given = call.params.get("KmsKeyId") or _secret_key(call)
    if not given or _is_aws_managed(given, call):
        return []
    arn = key_arn(given, call.account, call.region)
    keys = _via(call, "secretsmanager", {})
    if call.operation == "GetSecretValue":
        return [("kms:Decrypt", arn, keys)]
    if call.operation in _SECRET_WRITES and ("SecretString" in call.params or "SecretBinary" in call.params):
        return [("kms:GenerateDataKey", arn, keys), ("kms:Decrypt", arn, keys)]
    return []


def _secret_key(call: ApiCall) -> str:
    given = call.params.get("SecretId")
    held = backend("secretsmanager", call.account, call.region)
    if not given or held is None:
        return ""
    secret = held.secrets.get(given)
    return str(getattr(secret, "kms_key_id", None) or "")


def _is_aws_managed(given: str, call: ApiCall) -> bool:
    if "alias/aws/" in given:
        return True
    arn = key_arn(given, call.account, call.region)
    key = _key(arn)
    return key is None or getattr(key, "key_manager", "CUSTOMER") == "AWS"


def _key(arn: str) -> Any:
    """Moto's key of this ARN, or None."""
    _, _, _, region, account, name = arn.split(":", 5)
    held = backend("kms", account, region)
    return held.keys.get(name.removeprefix("key/")) if held is not None else None


def _via(call: ApiCall, service: str, encryption: dict[str, str]) -> dict[str, Any]:
    keys: dict[str, Any] = {
        "kms:ViaService": f"{service}.{call.region}.amazonaws.com",
        "kms:CallerAccount": call.principal.account,
    }
    keys.update({f"kms:EncryptionContext:{name}": value for name, value in encryption.items()})
    return keys


def check_key_works(call: ApiCall, arn: str) -> None:
    """Refuse what needs a key that is disabled or about to be deleted.

    Raises:
        ApiError: in the words of the service that uses the key.
    """
    key = _key(arn)
    if key is None or key.key_state == "Enabled":
        return
    if call.service == "secretsmanager":
        raise ApiError(
            "InvalidRequestException", "You can't access a secret with this KMS key: it is not enabled."
        )
    prefix = "" if call.service == "kms" else "KMS."
    if key.key_state == "Disabled":
        raise ApiError(f"{prefix}DisabledException", f"{arn} is disabled.", 400)
    raise ApiError(f"{prefix}KMSInvalidStateException", f"{arn} is pending deletion.", 400)


def uses_key(call: ApiCall, action: str) -> bool:
    """Whether a requirement is for cryptography, which a key that is switched off cannot do."""
    if not action.startswith("kms:"):
        return False
    return call.service != "kms" or call.operation in _CRYPTOGRAPHY
