"""A bucket's policy lets a foreign account in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaoskit.contract import Fault, fault
from chaoskit.faults._bucket_policies import open_bucket
from chaoskit.faults._documents import STRANGER, root_of

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

SID: Final = "ChaoskitShare"


@fault(
    "s3.share-bucket",
    layer="data",
    attack=("T1537", "T1530"),
    atlas=("AML.T0025",),
    owasp_ml=("ML03",),
)
class ShareBucket(Fault):
    """Let a foreign account read a bucket: nothing public, so Block Public Access does not stop it.

    Detected by: CloudTrail PutBucketPolicy; IAM Access Analyzer.

    Attributes:
        bucket: The bucket's name.
        account: The foreign account's id. On AWS it must exist.
    """

    bucket: str
    account: str = STRANGER

    def changes(self, aws: Reader) -> Changes:
        """Put the widened document; undone by the prior text, or by deleting it where none was."""
        shared = {
            "Sid": SID,
            "Effect": "Allow",
            "Principal": {"AWS": root_of(self.account)},
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": [f"arn:aws:s3:::{self.bucket}", f"arn:aws:s3:::{self.bucket}/*"],
        }
        yield from open_bucket(aws, self.bucket, shared)
