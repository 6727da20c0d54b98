"""A bucket's Block Public Access is removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_NONE: Final = ("NoSuchPublicAccessBlockConfiguration",)


@fault(
    "s3.remove-public-access-block",
    layer="data",
    attack=("T1685", "T1530"),
    atlas=("AML.T0025",),
    owasp_ml=("ML03",),
)
class RemovePublicAccessBlock(Fault):
    """Take Block Public Access off a bucket: the step before opening it. Nothing is opened yet.

    Detected by: CloudTrail DeleteBucketPublicAccessBlock; GuardDuty; AWS Config.

    Attributes:
        bucket: The bucket's name.
    """

    bucket: str

    def changes(self, aws: Reader) -> Changes:
        """Delete it; undone by the prior switches. Without one nothing is to do."""
        where: dict[str, Any] = {"Bucket": self.bucket}
        block = Query("s3", "GetPublicAccessBlock", where, "PublicAccessBlockConfiguration", absent=_NONE)
        prior = aws.read(block)
        if prior is None:
            return
        yield Change(
            do=Call("s3", "DeletePublicAccessBlock", **where),
            undo=(Call("s3", "PutPublicAccessBlock", **where, PublicAccessBlockConfiguration=prior),),
            state=block,
        )
