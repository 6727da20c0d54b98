"""What faults with a leaked access key share: the key is made, used, and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import ITEM, Call, Credentials, Each, Query
from chaoskit.contract import Change

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

OUTSIDE: Final = "198.51.100.23"
"""An address that is nobody's (RFC 5737), and not of the company's networks."""
INSIDE: Final = "203.0.113.77"
"""An address of the company's own network in the reference workload (RFC 5737)."""
# A new key takes some seconds to be known everywhere (IAM User Guide,
# "Troubleshoot IAM: changes that I make are not always immediately visible").
NOT_YET: Final = (
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
)


def leaked(user: str) -> Generator[Change, Mapping[str, Any], Credentials]:
    """Create a key of a user, which must have room for one more; undone by deleting every key that is new."""
    who: dict[str, Any] = {"UserName": user}
    keys = Query("iam", "ListAccessKeys", who, "sort(AccessKeyMetadata[].AccessKeyId)")
    delete = Call("iam", "DeleteAccessKey", absent_ok=("NoSuchEntity",), **who, AccessKeyId=ITEM)
    reply = yield Change(do=Call("iam", "CreateAccessKey", **who), undo=(Each(keys, delete),), state=keys)
    key = reply["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def used(key: Credentials, source_ip: str, service: str, operation: str, **params: Any) -> Change:
    """A call with the key from elsewhere, which leaves nothing behind."""
    return Change(do=Call(service, operation, not_yet=NOT_YET, signed_by=key, source_ip=source_ip, **params))
