"""A lifecycle rule lets data and its old versions expire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Fault, fault
from chaoskit.faults._lifecycle import add_rule

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("s3.expire-objects", layer="data", attack=("T1485.001", "T1490"), owasp_ml=("ML02",))
class ExpireObjects(Fault):
    """Add a lifecycle rule that deletes objects and, a day later, the versions that they could be had from.

    S3 acts on it once a day, at midnight UTC, so an experiment must not last that long. It reaches keys
    under a prefix that nothing has, since no undo brings real objects back.

    Detected by: CloudTrail PutBucketLifecycle.

    Attributes:
        bucket: The bucket's name.
        prefix: The keys that would expire.
    """

    bucket: str
    prefix: str = "chaoskit-canary/"

    def changes(self, aws: Reader) -> Changes:
        """Put the rules with one more; undone by the prior ones, or by none where none were."""
        soon = {
            "ID": "chaoskit-expire-all",
            "Status": "Enabled",
            "Filter": {"Prefix": self.prefix},
            "Expiration": {"Days": 1},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        }
        yield from add_rule(aws, self.bucket, soon)
