"""A bucket ceases to keep versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("s3.suspend-versioning", layer="data", attack=("T1490",), atlas=("AML.T0029",))
class SuspendVersioning(Fault):
    """Suspend a bucket's versioning, so that what is overwritten next can't be had back.

    Versioning can't be put back to "never enabled", so a bucket without it is left alone.

    Detected by: PutBucketVersioning.

    Attributes:
        bucket: The bucket's name.
    """

    bucket: str

    def changes(self, aws: Reader) -> Changes:
        """Suspend; undone by enabling."""
        status = Query("s3", "GetBucketVersioning", {"Bucket": self.bucket}, "Status")
        if aws.read(status) != "Enabled":
            return
        yield Change(
            do=Call(
                "s3",
                "PutBucketVersioning",
                Bucket=self.bucket,
                VersioningConfiguration={"Status": "Suspended"},
            ),
            undo=(
                Call(
                    "s3",
                    "PutBucketVersioning",
                    Bucket=self.bucket,
                    VersioningConfiguration={"Status": "Enabled"},
                ),
            ),
            state=status,
        )
