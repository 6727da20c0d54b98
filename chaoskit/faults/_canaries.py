"""What faults on canary objects share: what is written over one is taken away, version by version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import ITEM, Call, Each, Query
from chaoskit.contract import Change
from chaoskit.errors import GuardError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

TRAINING: Final = "canary/training-data.csv"
MODEL: Final = "canary/model.tar.gz"
_PREFIX: Final = "canary/"
_NOWHERE: Final = "NoSuchBucket"


def altered(aws: Reader, operation: str, bucket: str, key: str, **params: Any) -> Changes:
    """Put or delete a canary; undone by deleting each version and delete marker that is new.

    So the version that was the latest is it again. A key of real data is left alone, and so is a bucket
    that keeps no versions, since nothing could be restored there.

    Raises:
        GuardError: The bucket would keep what is written, see `check_undoable`.
    """
    where: dict[str, Any] = {"Bucket": bucket}
    versioned = aws.read(Query("s3", "GetBucketVersioning", where, "Status")) == "Enabled"
    if not versioned or not key.startswith(_PREFIX):
        return
    check_undoable(aws, operation, bucket, key)
    state, undo = versions(bucket, key)
    yield Change(do=Call("s3", operation, **where, Key=key, **params), undo=(undo,), state=state)


def versions(bucket: str, key: str) -> tuple[Query, Each]:
    """A key's versions and delete markers, and the undo that deletes each of them that is new.

    Deleting without a version would do no more than add a marker (Amazon S3 User Guide, "Deleting object
    versions from a versioning-enabled bucket"). A bucket that never kept versions has the one version `null`.
    """
    listing: dict[str, Any] = {"Bucket": bucket, "Prefix": key}
    ours = f"[Versions, DeleteMarkers][] | [?Key == '{key}']"
    ids = Query("s3", "ListObjectVersions", listing, f"{ours}.VersionId", absent=(_NOWHERE,))
    delete = Call(
        "s3", "DeleteObject", absent_ok=("NoSuchVersion", _NOWHERE), Bucket=bucket, Key=key, VersionId=ITEM
    )
    state = Query("s3", "ListObjectVersions", listing, f"{ours}.[VersionId, IsLatest]", absent=(_NOWHERE,))
    return state, Each(ids, delete)


def check_undoable(aws: Reader, operation: str, bucket: str, key: str) -> None:
    """Refuse a bucket that would keep what PutObject or DeleteObject leaves under a key.

    Source: Amazon S3 User Guide, "Deleting an object from an MFA delete-enabled bucket", "Object Lock
    considerations" and "What does Amazon S3 replicate?": only root may delete a version where MFA delete is
    on; a default retention locks each new version, though no delete marker; that a version was deleted is not
    replicated.

    Raises:
        GuardError: It would.
    """
    where: dict[str, Any] = {"Bucket": bucket}

    def told(look: str, select: str, none: str) -> Any:
        return aws.read(Query("s3", look, where, select, absent=(none, _NOWHERE)))

    marks = operation == "DeleteObject"
    why = ""
    if told("GetBucketVersioning", "MFADelete", _NOWHERE) == "Enabled":
        why = "has MFA delete on: only its account's root user could delete the new version"
    elif not marks and told(
        "GetObjectLockConfiguration",
        "ObjectLockConfiguration.Rule.DefaultRetention",
        "ObjectLockConfigurationNotFoundError",
    ):
        why = "locks each new object for a time (Object Lock's default retention)"
    else:
        rules = told(
            "GetBucketReplication", "ReplicationConfiguration.Rules", "ReplicationConfigurationNotFoundError"
        )
        if any(_copies(rule, key, marks=marks) for rule in rules or ()):
            why = f"replicates {key}: the copy would stay"
    if why:
        raise GuardError(f"The bucket {bucket} {why}, so the fault could not be undone: name another bucket")


def _copies(rule: Mapping[str, Any], key: str, *, marks: bool) -> bool:
    """Whether a replication rule copies a key's new version, or its new delete marker.

    Markers are copied where the rule says so, and by a rule without a filter, which is of the earlier version
    (Amazon S3 User Guide, "Replicating delete markers between buckets").
    """
    chosen = rule.get("Filter") or rule
    prefix = (chosen.get("And") or chosen).get("Prefix") or ""
    if rule["Status"] != "Enabled" or not key.startswith(prefix):
        return False
    told = (rule.get("DeleteMarkerReplication") or {}).get("Status") == "Enabled"
    return not marks or told or "Filter" not in rule
