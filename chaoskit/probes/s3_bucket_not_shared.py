"""Looks whether a bucket is used by its own account only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Probe, probe
from chaoskit.probes._sharing import shared, strangers

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Observation, Trace


@probe("s3.bucket-not-shared")
class BucketNotShared(Probe):
    """No statement of the bucket's policy allows anything to another account, or to everyone.

    Attributes:
        bucket: The bucket's name.
    """

    bucket: str

    reads = ("s3:GetBucketPolicy",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the policy; a bucket without one is not shared."""
        del trace
        none = ("NoSuchBucketPolicy",)
        policy = aws.read(Query("s3", "GetBucketPolicy", {"Bucket": self.bucket}, "Policy", absent=none))
        return shared(f"bucket {self.bucket}", strangers(policy, aws.account), aws)
