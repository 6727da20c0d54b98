"""A bucket's Block Public Access is switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_SETTINGS: Final = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_OFF: Final = dict.fromkeys(_SETTINGS, False)


@fault("s3.remove-bucket-public-access-block", layer="data", attack=("T1562", "T1530"), atlas=("AML.T0025",))
class RemoveBucketPublicAccessBlock(Fault):
    """Switch off all four settings of a bucket's Block Public Access, the step before opening it.

    Detected by: PutBucketPublicAccessBlock.

    Attributes:
        bucket: The bucket's name.
    """

    bucket: str

    def changes(self, aws: Reader) -> Changes:
        """Switch off; undone by the settings that were there, or by deleting them where none were."""
        block = Query(
            "s3",
            "GetPublicAccessBlock",
            {"Bucket": self.bucket},
            "PublicAccessBlockConfiguration",
            absent=("NoSuchPublicAccessBlockConfiguration",),
        )
        prior = aws.read(block)
        if prior == _OFF:
            return
        yield Change(
            do=Call("s3", "PutPublicAccessBlock", Bucket=self.bucket, PublicAccessBlockConfiguration=_OFF),
            undo=(
                Call("s3", "PutPublicAccessBlock", Bucket=self.bucket, PublicAccessBlockConfiguration=prior)
                if prior
                else Call("s3", "DeletePublicAccessBlock", absent_ok=("NoSuchBucket",), Bucket=self.bucket),
            ),
            state=block,
        )
