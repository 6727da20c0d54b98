"""The versions of one object: what a fault adds to them is what its undo deletes."""

from __future__ import annotations

from chaoskit.aws import ITEM, Call, Each, Query


def versions(bucket: str, key: str) -> Query:
    """The ids of an object's versions and delete markers, sorted."""
    name = key.replace("\\", "\\\\").replace("'", "\\'")
    select = f"sort(([Versions, DeleteMarkers][])[?Key == '{name}'].VersionId)"
    return Query("s3", "ListObjectVersions", {"Bucket": bucket, "Prefix": key}, select)


def delete_new(bucket: str, key: str) -> Each:
    """Delete every version and delete marker that was not there before; what was stays as it was."""
    return Each(
        versions(bucket, key),
        Call("s3", "DeleteObject", absent_ok=("NoSuchVersion",), Bucket=bucket, Key=key, VersionId=ITEM),
    )


def keeps_versions(bucket: str) -> Query:
    """Whether an overwritten object can be had back: `Enabled` or else."""
    return Query("s3", "GetBucketVersioning", {"Bucket": bucket}, "Status")
