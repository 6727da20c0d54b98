"""Looks whether a bucket keeps what is overwritten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("s3.versions-kept")
class VersionsKept(Probe):
    """Versioning is on, and no enabled lifecycle rule lets versions expire sooner than this.

    Attributes:
        bucket: The bucket's name.
        days: How long versions that are not the latest must be kept, in days.
    """

    bucket: str
    days: int = 30

    reads = ("s3:GetBucketLifecycleConfiguration", "s3:GetBucketVersioning")

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the versioning and the lifecycle rules."""
        del trace
        where: dict[str, Any] = {"Bucket": self.bucket}
        versioning = aws.read(Query("s3", "GetBucketVersioning", where, "Status"))
        select = "Rules[?Status == 'Enabled'].NoncurrentVersionExpiration.NoncurrentDays"
        none = ("NoSuchLifecycleConfiguration",)
        rules = aws.read(Query("s3", "GetBucketLifecycleConfiguration", where, select, absent=none)) or []
        soonest = min(rules, default=self.days)
        wrong = [
            *([] if versioning == "Enabled" else ["versioning is off"]),
            *([f"versions expire after {soonest} days"] if soonest < self.days else []),
        ]
        return Observation(
            holds=not wrong,
            summary=f"bucket {self.bucket}: {' and '.join(wrong)}"
            if wrong
            else f"bucket {self.bucket} keeps versions",
            evidence={"versioning": versioning, "version_days": rules},
        )
