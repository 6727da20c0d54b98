"""What S3 says of itself that moto gets wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from chaoskit.permissions.public_policy import is_public
from chaoskit.sandbox import bucket_access
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.wire import ApiCall

_LIFECYCLE: Final = "told_lifecycle"
_REPLICATION: Final = "told_replication"
"""What is kept of a bucket beside moto's own."""
_SIZE: Final = "TransitionDefaultMinimumObjectSize"
_BASE_LEVEL: Final = {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}}


class Buckets:
    """Answers GetBucketPolicyStatus by what S3 means by public, and shows settings as they were put."""

    service = "s3"

    def __init__(self, cloud: Sandbox) -> None:
        self._lock = cloud.lock

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "GetBucketPolicyStatus": self.get_bucket_policy_status,
            "GetBucketEncryption": self.get_bucket_encryption,
            "GetBucketLifecycleConfiguration": self.get_bucket_lifecycle,
            "GetBucketReplication": self.get_bucket_replication,
        }

    def get_bucket_encryption(self, call: ApiCall) -> Mapping[str, Any]:
        """Show how new objects are encrypted: by S3's own keys where nothing else was set.

        Source: Amazon S3 API Reference, "GetBucketEncryption": SSE-S3 is the base level for every bucket.

        Raises:
            ApiError: `NoSuchBucket`.
        """
        with self._lock:
            rule = (_state(call).encryption or _BASE_LEVEL)["Rule"]
            default = dict(rule["ApplyServerSideEncryptionByDefault"])
            keyed = str(rule.get("BucketKeyEnabled", False)).lower() == "true"
        shown = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": keyed}
        return {"ServerSideEncryptionConfiguration": {"Rules": [shown]}}

    def get_bucket_lifecycle(self, call: ApiCall) -> Mapping[str, Any]:
        """Show a bucket's lifecycle rules, and the size from which objects are moved.

        Raises:
            ApiError: `NoSuchBucket` or `NoSuchLifecycleConfiguration`.
        """
        with self._lock:
            told: Mapping[str, Any] = getattr(_state(call), _LIFECYCLE, {})
        if not told.get("Rules"):
            message = "The lifecycle configuration does not exist"
            raise ApiError("NoSuchLifecycleConfiguration", message, 404)
        return told

    def get_bucket_replication(self, call: ApiCall) -> Mapping[str, Any]:
        """Show where a bucket's objects are copied.

        Raises:
            ApiError: `NoSuchBucket` or `ReplicationConfigurationNotFoundError`.
        """
        with self._lock:
            told: Mapping[str, Any] = getattr(_state(call), _REPLICATION, {})
        if not told:
            message = "The replication configuration was not found"
            raise ApiError("ReplicationConfigurationNotFoundError", message, 404)
        return {"ReplicationConfiguration": told}

    def get_bucket_policy_status(self, call: ApiCall) -> Mapping[str, Any]:
        """Say whether the bucket's policy is public.

        Raises:
            ApiError: `NoSuchBucket` or `NoSuchBucketPolicy`.
        """
        with self._lock:
            bucket = bucket_access.find(call.params["Bucket"])
        if bucket is None:
            raise ApiError("NoSuchBucket", "The specified bucket does not exist", 404)
        if not bucket.policy:
            raise ApiError("NoSuchBucketPolicy", "The bucket policy does not exist", 404)
        return {"PolicyStatus": {"IsPublic": is_public(bucket.policy)}}


def keep_lifecycle(call: ApiCall) -> None:
    """Keep a lifecycle configuration as it was put: moto forgets parts of it, and the size beside it.

    Source: Amazon S3 API Reference, "PutBucketLifecycleConfiguration". Hold the sandbox's lock.
    """
    told = call.params.get("LifecycleConfiguration", {})
    size = call.params.get(_SIZE, "all_storage_classes_128K")
    setattr(_state(call), _LIFECYCLE, {"Rules": _named(told.get("Rules", [])), _SIZE: size})


def keep_replication(call: ApiCall) -> None:
    """Keep a replication configuration as it was put: moto forgets what its rules choose.

    Hold the sandbox's lock.
    """
    told = call.params["ReplicationConfiguration"]
    setattr(_state(call), _REPLICATION, {**told, "Rules": _named(told["Rules"])})


def forget_lifecycle(call: ApiCall) -> None:
    """Forget a lifecycle configuration that was deleted. Hold the sandbox's lock."""
    vars(_state(call)).pop(_LIFECYCLE, None)


def forget_replication(call: ApiCall) -> None:
    """Forget a replication configuration that was deleted. Hold the sandbox's lock."""
    vars(_state(call)).pop(_REPLICATION, None)


def _named(rules: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Rules with ids: S3 makes one up for each that is put without."""
    return [{"ID": uuid4().hex, **rule} for rule in rules]


def _state(call: ApiCall) -> Any:
    bucket = bucket_access.find(call.params["Bucket"])
    if bucket is None:
        raise ApiError("NoSuchBucket", "The specified bucket does not exist", 404)
    return bucket.state
