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
    """No enabled lifecycle rule lets objects expire sooner than this, or on a date.

    From its date on a rule expires every object that it covers, however new (Amazon S3 User Guide,
    "Lifecycle configuration elements").

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
                "Rules[?Status == 'Enabled'].Expiration",
                absent=("NoSuchLifecycleConfiguration",),
            )
        )
        ends = [
            *(f"on {each['Date']}" for each in found or () if "Date" in each),
            *(
                f"after {each['Days']} days"
                for each in found or ()
                if each.get("Days", self.days) < self.days
            ),
        ]
        return Observation(
            holds=not ends,
            summary=f"{self.bucket} lets objects expire {' and '.join(ends)}"
            if ends
            else f"{self.bucket} keeps objects {self.days} days or longer",
            evidence={"found": found},
        )
