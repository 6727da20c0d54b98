"""Data is deleted, as before a ransom note."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Fault, fault
from chaoskit.faults._canaries import TRAINING, altered

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("s3.ransom-canary", layer="data", attack=("T1485", "T1486"), owasp_ml=("ML02",))
class RansomCanary(Fault):
    """Delete a canary object, as ransomware empties a bucket; its versions stay under a delete marker.

    Detected by: CloudTrail DeleteObject, a data event; an integrity check by hash.

    Attributes:
        bucket: The bucket's name; it must keep versions, and let the new one be deleted again: one with MFA
            delete or that replicates the marker is refused.
        key: The canary's key, under `canary/`.
    """

    bucket: str
    key: str = TRAINING

    def changes(self, aws: Reader) -> Changes:
        """Delete it; undone by deleting the marker, which Object Lock does not keep."""
        yield from altered(aws, "DeleteObject", self.bucket, self.key)
