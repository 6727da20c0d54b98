"""A bucket's default encryption is taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("s3.remove-default-encryption", layer="data", attack=("T1562",), atlas=("AML.T0025",))
class RemoveDefaultEncryption(Fault):
    """Take a bucket's default encryption away, so that no key of the owner's guards what is written next.

    S3 then encrypts with its own keys (SSE-S3), which anyone who may read the object may use (Amazon S3 User
    Guide, "Setting default server-side encryption behavior for Amazon S3 buckets").

    Detected by: DeleteBucketEncryption.

    Attributes:
        bucket: The bucket's name.
    """

    bucket: str

    def changes(self, aws: Reader) -> Changes:
        """Delete the configuration; undone by the one that was there."""
        encryption = Query(
            "s3",
            "GetBucketEncryption",
            {"Bucket": self.bucket},
            "ServerSideEncryptionConfiguration",
            absent=("ServerSideEncryptionConfigurationNotFoundError",),
        )
        prior = aws.read(encryption)
        put_back = (
            Call("s3", "PutBucketEncryption", Bucket=self.bucket, ServerSideEncryptionConfiguration=prior)
            if prior
            else Call("s3", "DeleteBucketEncryption", absent_ok=("NoSuchBucket",), Bucket=self.bucket)
        )
        yield Change(
            do=Call("s3", "DeleteBucketEncryption", Bucket=self.bucket), undo=(put_back,), state=encryption
        )
