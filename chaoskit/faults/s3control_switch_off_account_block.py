"""The account's Block Public Access is switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_NONE: Final = ("NoSuchPublicAccessBlockConfiguration",)
_ALL_OFF: Final = {
    "BlockPublicAcls": False,
    "BlockPublicPolicy": False,
    "IgnorePublicAcls": False,
    "RestrictPublicBuckets": False,
}


@fault(
    "s3control.switch-off-account-block",
    layer="data",
    attack=("T1685", "T1530"),
    atlas=("AML.T0025",),
    owasp_ml=("ML03",),
)
class SwitchOffAccountBlock(Fault):
    """Switch off Block Public Access for the whole account: what holds where a bucket's own was forgotten.

    Detected by: CloudTrail PutAccountPublicAccessBlock; GuardDuty; AWS Config.

    Attributes:
        account: The account's id.
    """

    account: str

    def changes(self, aws: Reader) -> Changes:
        """Put all switches to off; undone by the prior ones, or by deleting them where there were none."""
        where: dict[str, Any] = {"AccountId": self.account}
        select = "PublicAccessBlockConfiguration"
        block = Query("s3control", "GetPublicAccessBlock", where, select, absent=_NONE)
        prior = aws.read(block)
        if prior == _ALL_OFF:
            return
        put = "PutPublicAccessBlock"
        yield Change(
            do=Call("s3control", put, **where, PublicAccessBlockConfiguration=_ALL_OFF),
            undo=(
                Call("s3control", put, **where, PublicAccessBlockConfiguration=prior)
                if prior
                else Call("s3control", "DeletePublicAccessBlock", absent_ok=_NONE, **where),
            ),
            state=block,
        )
