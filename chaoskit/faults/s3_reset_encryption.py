"""A bucket's default encryption is taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaoskit.aws import Call
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._encryption import encryption_of, put_encryption

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_S3_KEYS: Final = "AES256"


@fault(
    "s3.reset-encryption", layer="data", attack=("T1685", "T1530"), atlas=("AML.T0025",), owasp_ml=("ML03",)
)
class ResetEncryption(Fault):
    """Delete a bucket's default encryption: whoever may read new objects then needs no KMS key for it.

    S3 goes on encrypting, with keys of its own, SSE-S3 (Amazon S3 API Reference, "DeleteBucketEncryption").

    Detected by: CloudTrail DeleteBucketEncryption.

    Attributes:
        bucket: The bucket's name.
    """

    bucket: str

    def changes(self, aws: Reader) -> Changes:
        """Delete it; undone by the prior rules. Where S3's own default holds, nothing is to do."""
        state = encryption_of(self.bucket)
        prior = aws.read(state)
        if all(rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == _S3_KEYS for rule in prior):
            return
        yield Change(
            do=Call("s3", "DeleteBucketEncryption", Bucket=self.bucket),
            undo=(put_encryption(self.bucket, prior),),
            state=state,
        )
