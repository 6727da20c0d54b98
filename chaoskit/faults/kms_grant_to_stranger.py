"""A grant lets a foreign account decrypt with a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import ITEM, Call, Each, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._statements import STRANGER, root_of

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("kms.grant-to-stranger", layer="data", attack=("T1098", "T1537"), atlas=("AML.T0025",))
class GrantToStranger(Fault):
    """Grant an account of one's own the use of a key: quieter than a changed policy, and as good.

    Detected by: CreateGrant.

    Attributes:
        key: The key's id or ARN.
        account: The foreign account's id.
    """

    key: str
    account: str = STRANGER

    def changes(self, aws: Reader) -> Changes:
        """Create the grant; undone by revoking every grant that was not there before."""
        del aws
        grants = Query("kms", "ListGrants", {"KeyId": self.key}, "sort(Grants[].GrantId)")
        revoke = Call(
            "kms",
            "RevokeGrant",
            absent_ok=("NotFoundException", "InvalidGrantIdException"),
            KeyId=self.key,
            GrantId=ITEM,
        )
        yield Change(
            do=Call(
                "kms",
                "CreateGrant",
                KeyId=self.key,
                GranteePrincipal=root_of(self.account),
                Operations=["Decrypt", "DescribeKey"],
                Name="chaoskit-shared",
            ),
            undo=(Each(grants, revoke),),
            state=grants,
        )
