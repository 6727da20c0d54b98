"""A bucket is shared with a foreign account."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._statements import SID, STRANGER, root_of, widened

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("s3.share-bucket", layer="data", attack=("T1537",), atlas=("AML.T0025",), owasp_ml=("ML05",))
class ShareBucket(Fault):
    """Let an account of one's own read a bucket by its policy, as an intruder would to copy its data.

    Block Public Access does not stop it: one named account is not the public (Amazon S3 User Guide, "The
    meaning of 'public'").

    Detected by: PutBucketPolicy.

    Attributes:
        bucket: The bucket's name.
        account: The foreign account's id.
    """

    bucket: str
    account: str = STRANGER

    def changes(self, aws: Reader) -> Changes:
        """Put the widened document; undone by the prior text, or by deleting it where none was."""
        text = Query(
            "s3", "GetBucketPolicy", {"Bucket": self.bucket}, "Policy", absent=("NoSuchBucketPolicy",)
        )
        prior: str | None = aws.read(text)
        shared = {
            "Sid": SID,
            "Effect": "Allow",
            "Principal": {"AWS": root_of(self.account)},
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": [f"arn:aws:s3:::{self.bucket}", f"arn:aws:s3:::{self.bucket}/*"],
        }
        yield Change(
            do=Call("s3", "PutBucketPolicy", Bucket=self.bucket, Policy=widened(prior, shared)),
            undo=(
                Call("s3", "PutBucketPolicy", Bucket=self.bucket, Policy=prior)
                if prior
                else Call("s3", "DeleteBucketPolicy", absent_ok=("NoSuchBucketPolicy",), Bucket=self.bucket),
            ),
            state=replace(text, parse_json=True),
        )
