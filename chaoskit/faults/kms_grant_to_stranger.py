"""A grant lets a foreign principal use a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import ITEM, Call, Each, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._documents import STRANGER, root_of

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_NAME: Final = "chaoskit-stranger"
"""By which it is told from the grants that AWS services make on the key all the time."""
_KNOWN_AFTER_S: Final = 300.0
"""A grant is made or revoked with "a brief delay, usually less than five minutes" (AWS KMS API Reference,
RevokeGrant)."""


@fault(
    "kms.grant-to-stranger", layer="data", attack=("T1537", "T1098"), atlas=("AML.T0025",), owasp_ml=("ML03",)
)
class GrantToStranger(Fault):
    """Grant a foreign account to decrypt with a key: the key's policy shows nothing of it.

    Detected by: CloudTrail CreateGrant; IAM Access Analyzer.

    Attributes:
        key: The key's id or ARN. One with a grant of the name `chaoskit-stranger` is left alone.
        account: The foreign account's id. On AWS it must exist.
    """

    key: str
    account: str = STRANGER

    def changes(self, aws: Reader) -> Changes:
        """Create the grant; undone by revoking what is new of its name.

        Had it been there before, KMS would answer with it and make none (AWS KMS API Reference, CreateGrant).
        """
        where: dict[str, Any] = {"KeyId": self.key}
        grants = Query("kms", "ListGrants", where, f"sort(Grants[?Name=='{_NAME}'].GrantId)")
        if aws.read(grants):
            return
        gone = ("InvalidGrantIdException", "NotFoundException")
        yield Change(
            do=Call(
                "kms",
                "CreateGrant",
                **where,
                GranteePrincipal=root_of(self.account),
                Operations=["Decrypt"],
                Name=_NAME,
            ),
            undo=(
                Each(
                    grants,
                    Call("kms", "RevokeGrant", absent_ok=gone, settles=_KNOWN_AFTER_S, **where, GrantId=ITEM),
                ),
            ),
            state=grants,
        )
