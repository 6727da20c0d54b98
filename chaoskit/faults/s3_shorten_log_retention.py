"""A log bucket forgets sooner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Fault, fault
from chaoskit.faults._lifecycle import add_rule

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "s3.shorten-log-retention",
    layer="data",
    attack=(
        "T1485.001",
        "T1685.002",
    ),
)
class ShortenLogRetention(Fault):
    """Add a lifecycle rule to a log bucket that lets objects expire after a day.

    By default it reaches canary objects only: S3 would delete real logs within a day, and no undo brings
    them back.

    Detected by: CloudTrail `PutBucketLifecycle`.

    Attributes:
        bucket: The bucket's name.
        prefix: The keys that would expire.
    """

    bucket: str
    prefix: str = "chaoskit-canary/"

    def changes(self, aws: Reader) -> Changes:
        """Put the rules with one more; undone by the prior ones, or by none where none were."""
        soon = {
            "ID": "chaoskit-expire-soon",
            "Status": "Enabled",
            "Filter": {"Prefix": self.prefix},
            "Expiration": {"Days": 1},
        }
        yield from add_rule(aws, self.bucket, soon)
