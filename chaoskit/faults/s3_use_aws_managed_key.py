"""A bucket's default encryption moves from a customer's key to AWS's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Fault, fault
from chaoskit.faults._encryption import encrypt_otherwise

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "s3.use-aws-managed-key",
    layer="data",
    attack=("T1685", "T1530"),
    atlas=("AML.T0025",),
    owasp_ml=("ML03",),
)
class UseAwsManagedKey(Fault):
    """Encrypt a bucket's new objects with `aws/s3`, whose policy nobody can narrow.

    A default of KMS without a key means the AWS managed one (Amazon S3 API Reference,
    "ServerSideEncryptionByDefault").

    Detected by: CloudTrail PutBucketEncryption.

    Attributes:
        bucket: The bucket's name.
    """

    bucket: str

    def changes(self, aws: Reader) -> Changes:
        """Set the default without a key; undone by the prior rules."""
        yield from encrypt_otherwise(aws, self.bucket, {"SSEAlgorithm": "aws:kms"})
