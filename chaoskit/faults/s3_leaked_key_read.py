"""A leaked access key is used to read training data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Fault, fault
from chaoskit.faults._leaked_key import OUTSIDE, leaked, used

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "s3.leaked-key-read",
    layer="identity",
    attack=("T1098.001", "T1078.004", "T1530"),
    atlas=("AML.T0012", "AML.T0025"),
    owasp_ml=("ML05",),
)
class LeakedKeyRead(Fault):
    """Create an access key for a user and list a bucket of training data with it, from another address.

    Names of objects are read, not the objects: what a guardrail must stop is the same.

    Detected by: CloudTrail CreateAccessKey, ListObjects (a data event).

    Undetected: reads of objects are data events, which the workload's trails leave out as they cost by the
    event; a service's key is disabled when it is made (`access-key-in-research`), before anybody reads.

    Attributes:
        user: The IAM user whose key leaks. It must have room for one more key (AWS allows two).
        bucket: The bucket's name.
        source_ip: Where the call comes from; on AWS it is the machine's own address instead.
    """

    user: str
    bucket: str
    source_ip: str = OUTSIDE

    def changes(self, aws: Reader) -> Changes:
        """Create the key, then use it; undone by deleting every key that was not there before."""
        del aws
        key = yield from leaked(self.user)
        yield used(key, self.source_ip, "s3", "ListObjectsV2", Bucket=self.bucket, MaxKeys=1)
