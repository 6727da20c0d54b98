"""Keys that are switched off: what is encrypted under them can't be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.state import backend
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from chaoskit.sandbox.wire import ApiCall

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


def stored_key(arn: str) -> Any:
    """Moto's key of this ARN, or None."""
    _, _, _, region, account, name = arn.split(":", 5)
    held = backend("kms", account, region)
    return held.keys.get(name.removeprefix("key/")) if held is not None else None


def check_key_works(call: ApiCall, arn: str) -> None:
    """Refuse what needs a key that is disabled or about to be deleted.

    Raises:
        ApiError: in the words of the service that uses the key.
    """
    key = stored_key(arn)
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
