"""A grant lets a foreign principal use a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import ITEM, Call, Each, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._documents import STRANGER, root_of

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "kms.grant-to-stranger", layer="data", attack=("T1537", "T1098"), atlas=("AML.T0025",), owasp_ml=("ML03",)
)
class GrantToStranger(Fault):
    """Grant a foreign account to decrypt with a key: the key's policy shows nothing of it.

    Detected by: CloudTrail CreateGrant; IAM Access Analyzer.

    Attributes:
        key: The key's id or ARN.
        account: The foreign account's id. On AWS it must exist.
    """

    key: str
    account: str = STRANGER

    def changes(self, aws: Reader) -> Changes:
        """Create the grant; undone by revoking every grant that is new."""
        del aws
        where: dict[str, Any] = {"KeyId": self.key}
        grants = Query("kms", "ListGrants", where, "sort(Grants[].GrantId)")
        gone = ("InvalidGrantIdException", "NotFoundException")
        yield Change(
            do=Call(
                "kms", "CreateGrant", **where, GranteePrincipal=root_of(self.account), Operations=["Decrypt"]
            ),
            undo=(Each(grants, Call("kms", "RevokeGrant", absent_ok=gone, **where, GrantId=ITEM)),),
            state=grants,
        )
