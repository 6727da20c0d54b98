"""Looks whether a bucket keeps its logs long enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("s3.log-retention")
class LogRetention(Probe):
    """No enabled lifecycle rule lets objects expire sooner than this.

    Attributes:
        bucket: The bucket's name.
        days: How long they must be kept, in days.
    """

    bucket: str
    days: int = 90

    reads = ("s3:GetBucketLifecycleConfiguration",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read its lifecycle rules."""
        del trace
        found = aws.read(
            Query(
                "s3",
                "GetBucketLifecycleConfiguration",
                {"Bucket": self.bucket},
                "Rules[?Status == 'Enabled'].Expiration.Days",
                absent=("NoSuchLifecycleConfiguration",),
            )
        )
        holds = all(each >= self.days for each in found or ())
        return Observation(
            holds=holds,
            summary=f"{self.bucket} keeps objects {self.days} days or longer"
            if holds
            else f"{self.bucket} lets objects expire after {min(found)} days",
            evidence={"found": found},
        )
