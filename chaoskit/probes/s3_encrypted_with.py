"""Looks with which key a bucket encrypts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("s3.encrypted-with")
class EncryptedWith(Probe):
    """The bucket encrypts new objects with this KMS key by default.

    Attributes:
        bucket: The bucket's name.
        key_arn: The key's ARN, as the bucket's default must name it.
    """

    bucket: str
    key_arn: str

    reads = ("s3:GetBucketEncryption",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the default."""
        del trace
        select = "ServerSideEncryptionConfiguration.Rules[].ApplyServerSideEncryptionByDefault"
        found = aws.read(Query("s3", "GetBucketEncryption", {"Bucket": self.bucket}, select))
        with_ = [each.get("KMSMasterKeyID") or each["SSEAlgorithm"] for each in found]
        return Observation(
            holds=with_ == [self.key_arn],
            summary=f"bucket {self.bucket} encrypts with {', '.join(with_)}",
            evidence={"default": found},
        )
