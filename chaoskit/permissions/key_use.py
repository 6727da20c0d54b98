"""One use of a KMS key that a service makes on a caller's behalf, and the condition keys it comes with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.permissions.resources import key_arn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.permissions.call import Account, Call


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A call to KMS.

    Attributes:
        action: `kms:Name`.
        key: The key's ARN.
        keys: The condition keys of the call to KMS.
        or_role: The ARN of a role whose own permission for it does as well, or empty.
    """

    action: str
    key: str
    keys: Mapping[str, Any]
    or_role: str = ""


def is_aws_managed(given: str, call: Call, known: Account) -> bool:
    """Whether AWS manages a key, given by id, ARN or alias."""
    if "alias/aws/" in given:
        return True
    return known.key_is_aws_managed(key_arn(given, call.account, call.region, known))


def via(call: Call, service: str, encryption: Mapping[str, str]) -> dict[str, Any]:
    """The condition keys of a service's call (AWS KMS Developer Guide, "Condition keys for AWS KMS")."""
    keys: dict[str, Any] = {
        "kms:ViaService": f"{service}.{call.region}.amazonaws.com",
        "kms:CallerAccount": call.principal.account,
    }
    keys.update({f"kms:EncryptionContext:{name}": value for name, value in encryption.items()})
    if encryption:
        keys["kms:EncryptionContextKeys"] = list(encryption)
    return keys
