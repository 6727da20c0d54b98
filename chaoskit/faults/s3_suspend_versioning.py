"""A bucket ceases to keep versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("s3.suspend-versioning", layer="data", attack=("T1490",), owasp_ml=("ML02",))
class SuspendVersioning(Fault):
    """Suspend versioning, as ransomware does first: what is overwritten then has no version to return to.

    Versions that are there stay; what others write meanwhile is written as version `null`.

    Detected by: CloudTrail PutBucketVersioning.

    Attributes:
        bucket: The bucket's name.
    """

    bucket: str

    def changes(self, aws: Reader) -> Changes:
        """Suspend it; undone by enabling it. Not enabled, it is not ours to enable."""
        where: dict[str, Any] = {"Bucket": self.bucket}
        status = Query("s3", "GetBucketVersioning", where, "Status")
        if aws.read(status) != "Enabled":
            return
        do, undo = (
            Call("s3", "PutBucketVersioning", **where, VersioningConfiguration={"Status": each})
            for each in ("Suspended", "Enabled")
        )
        yield Change(do=do, undo=(undo,), state=status)
