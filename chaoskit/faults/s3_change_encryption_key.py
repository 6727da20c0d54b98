"""A bucket's default encryption moves to another key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("s3.change-encryption-key", layer="data", attack=("T1486", "T1562"), atlas=("AML.T0025",))
class ChangeEncryptionKey(Fault):
    """Move a bucket's default encryption to a key with other readers than the class of its data has.

    A key of another class opens the data to that class's users; an AWS managed key to everyone in the account
    who may read the object; an intruder's own key lets only the intruder decrypt.

    Detected by: PutBucketEncryption.

    Attributes:
        bucket: The bucket's name.
        key: The other key's ARN, or alias/aws/s3 for the AWS managed key.
    """

    bucket: str
    key: str = "alias/aws/s3"

    def changes(self, aws: Reader) -> Changes:
        """Put the other key; undone by the configuration that was there."""
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
        rule = {
            "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": self.key},
            "BucketKeyEnabled": True,
        }
        yield Change(
            do=Call(
                "s3",
                "PutBucketEncryption",
                Bucket=self.bucket,
                ServerSideEncryptionConfiguration={"Rules": [rule]},
            ),
            undo=(put_back,),
            state=encryption,
        )
