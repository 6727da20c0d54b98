"""A bucket's default encryption moves to another key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Fault, fault
from chaoskit.faults._encryption import encrypt_otherwise

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "s3.move-encryption", layer="data", attack=("T1486", "T1530"), atlas=("AML.T0025",), owasp_ml=("ML03",)
)
class MoveEncryption(Fault):
    """Encrypt a bucket's new objects with another key, as of a class of data that more people may read.

    With a key that the intruder holds it is how data is held to ransom.

    Detected by: CloudTrail PutBucketEncryption.

    Attributes:
        bucket: The bucket's name.
        key_arn: The ARN of the other KMS key.
    """

    bucket: str
    key_arn: str

    def changes(self, aws: Reader) -> Changes:
        """Set the other key; undone by the prior rules."""
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": self.key_arn}
        yield from encrypt_otherwise(aws, self.bucket, default)
