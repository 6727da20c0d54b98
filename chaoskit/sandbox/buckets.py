"""What S3 says of itself that moto gets wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.permissions.public_policy import is_public
from chaoskit.sandbox import bucket_access
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.wire import ApiCall

_BASE_LEVEL: Final = {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}}


class Buckets:
    """Answers GetBucketPolicyStatus by what S3 means by public, GetBucketEncryption for every bucket."""

    service = "s3"

    def __init__(self, cloud: Sandbox) -> None:
        self._lock = cloud.lock

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "GetBucketPolicyStatus": self.get_bucket_policy_status,
            "GetBucketEncryption": self.get_bucket_encryption,
        }

    def get_bucket_encryption(self, call: ApiCall) -> Mapping[str, Any]:
        """Show how new objects are encrypted: by S3's own keys where nothing else was set.

        Source: Amazon S3 API Reference, "GetBucketEncryption": SSE-S3 is the base level for every bucket.

        Raises:
            ApiError: `NoSuchBucket`.
        """
        with self._lock:
            bucket = bucket_access.find(call.params["Bucket"])
            if bucket is None:
                raise ApiError("NoSuchBucket", "The specified bucket does not exist", 404)
            rule = (bucket.state.encryption or _BASE_LEVEL)["Rule"]
            default = dict(rule["ApplyServerSideEncryptionByDefault"])
            keyed = str(rule.get("BucketKeyEnabled", False)).lower() == "true"
        shown = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": keyed}
        return {"ServerSideEncryptionConfiguration": {"Rules": [shown]}}

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
