"""What faults on canary objects share: what is written over one is taken away, version by version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import ITEM, Call, Each, Query
from chaoskit.contract import Change

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

TRAINING: Final = "canary/training-data.csv"
MODEL: Final = "canary/model.tar.gz"
_PREFIX: Final = "canary/"


def altered(aws: Reader, operation: str, bucket: str, key: str, **params: Any) -> Changes:
    """Put or delete a canary; undone by deleting each version and delete marker that is new.

    So the version that was the latest is it again. A key of real data is left alone, and so is a bucket
    that keeps no versions, since nothing could be restored there.
    """
    where: dict[str, Any] = {"Bucket": bucket}
    versioned = aws.read(Query("s3", "GetBucketVersioning", where, "Status")) == "Enabled"
    if not versioned or not key.startswith(_PREFIX):
        return
    listing: dict[str, Any] = {"Bucket": bucket, "Prefix": key}
    ours = f"[Versions, DeleteMarkers][] | [?Key == '{key}']"
    ids = Query("s3", "ListObjectVersions", listing, f"{ours}.VersionId")
    delete = Call("s3", "DeleteObject", absent_ok=("NoSuchVersion",), **where, Key=key, VersionId=ITEM)
    yield Change(
        do=Call("s3", operation, **where, Key=key, **params),
        undo=(Each(ids, delete),),
        state=Query("s3", "ListObjectVersions", listing, f"{ours}.[VersionId, IsLatest]"),
    )
