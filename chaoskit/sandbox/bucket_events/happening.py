"""What happened to an object, and how S3 tells it.

Sources: S3 User Guide, "Event message structure", "Supported event types for SQS, SNS, and Lambda", "Using
EventBridge" and "EventBridge event message structure".
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from chaoskit.sandbox.trail.identity import timestamp
from chaoskit.sandbox.wire import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.sandbox.wire import ApiCall

_CREATED = {"PutObject": "Put", "CopyObject": "Copy", "CompleteMultipartUpload": "CompleteMultipartUpload"}
_OTHERS = {
    "DeleteObjectTagging": "ObjectTagging:Delete",
    "PutObjectAcl": "ObjectAcl:Put",
    "PutObjectTagging": "ObjectTagging:Put",
    "RestoreObject": "ObjectRestore:Post",
}
_REMOVALS = frozenset({"DeleteObject", "DeleteObjects"})
TELLING = frozenset({*_CREATED, *_OTHERS, *_REMOVALS})
"""The operations that something happens in."""
_DETAIL_TYPES = {
    "ObjectAcl:Put": "Object ACL Updated",
    "ObjectRestore:Post": "Object Restore Initiated",
    "ObjectTagging:Delete": "Object Tags Deleted",
    "ObjectTagging:Put": "Object Tags Added",
}


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened to one object.

    Attributes:
        name: As notifications name it, `ObjectCreated:Put`.
        version: The object's version, or empty in a bucket that keeps none.
        size: In bytes; None where S3 does not tell it.
    """

    call: ApiCall
    bucket: str
    name: str
    key: str
    sequencer: str
    version: str = ""
    etag: str = ""
    size: int | None = None

    @property
    def region(self) -> str:
        """The bucket's region."""
        return self.call.region

    def record(self, configuration: str) -> dict[str, Any]:
        """The notification that a queue, topic or function gets."""
        about: dict[str, Any] = {"key": quote_plus(self.key)}
        if self.size is not None:
            about["size"] = self.size
        if self.etag:
            about["eTag"] = self.etag
        if self.version:
            about["versionId"] = self.version
        if self._ordered:
            about["sequencer"] = self.sequencer
        at, call = self.call.at, self.call
        record = {
            "eventVersion": "2.3" if self.name.startswith(("ObjectAcl", "ObjectTagging")) else "2.1",
            "eventSource": "aws:s3",
            "awsRegion": self.region,
            "eventTime": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
            "eventName": self.name,
            "userIdentity": {"principalId": _customer(call)},
            "requestParameters": {"sourceIPAddress": call.source_ip},
            "responseElements": {"x-amz-request-id": call.request_id, "x-amz-id-2": call.request_id},
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": configuration,
                "bucket": {
                    "name": self.bucket,
                    "ownerIdentity": {"principalId": call.account},
                    "arn": f"arn:aws:s3:::{self.bucket}",
                },
                "object": about,
            },
        }
        return {"Records": [record]}

    def event(self) -> dict[str, Any]:
        """The event on the bus."""
        call = self.call
        about: dict[str, Any] = {"key": self.key}
        if self.size is not None:
            about["size"] = self.size
        if self.etag:
            about["etag"] = self.etag
        if self.version:
            about["version-id"] = self.version
        if self._ordered:
            about["sequencer"] = self.sequencer
        detail: dict[str, Any] = {
            "version": "0",
            "bucket": {"name": self.bucket},
            "object": about,
            "request-id": call.request_id,
            "requester": call.principal.account,
            "source-ip-address": call.source_ip,
        }
        if self._ordered:
            removed = call.operation in _REMOVALS
            detail["reason"] = "DeleteObject" if removed else call.operation
        if self.name.startswith("ObjectRemoved"):
            marked = self.name.endswith("DeleteMarkerCreated")
            detail["deletion-type"] = "Delete Marker Created" if marked else "Permanently Deleted"
        return {
            "version": "0",
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{call.event_id} {self.key} {self.version}")),
            "detail-type": self._detail_type,
            "source": "aws.s3",
            "account": call.account,
            "time": timestamp(call.at),
            "region": self.region,
            "resources": [f"arn:aws:s3:::{self.bucket}"],
            "detail": detail,
        }

    @property
    def _ordered(self) -> bool:
        return self.name.startswith(("ObjectCreated", "ObjectRemoved"))

    @property
    def _detail_type(self) -> str:
        if self._ordered:
            return "Object Created" if self.name.startswith("ObjectCreated") else "Object Deleted"
        return _DETAIL_TYPES[self.name]


def happenings(
    call: ApiCall, output: Mapping[str, Any], kept: Mapping[str, Any], sequencer: str
) -> Iterator[Happening]:
    """What a successful call did.

    Args:
        call: The call, one of `TELLING`.
        output: What it answered.
        kept: The bucket's objects (moto's) by key, as they are now.
        sequencer: Orders what happens to a key.
    """
    bucket = str(call.params["Bucket"])
    if call.operation in _REMOVALS:
        for key, version, marked in _removed(call, output):
            name = f"ObjectRemoved:{'DeleteMarkerCreated' if marked else 'Delete'}"
            yield Happening(call, bucket, name, key, sequencer, version)
        return
    key = str(call.params["Key"])
    created = _CREATED.get(call.operation)
    name = f"ObjectCreated:{created}" if created else _OTHERS[call.operation]
    now = kept.get(key)
    version = str(output.get("VersionId") or call.params.get("VersionId") or "")
    if now is None:
        yield Happening(call, bucket, name, key, sequencer, version)
        return
    size = int(now.size) if created or name.startswith("ObjectRestore") else None
    yield Happening(call, bucket, name, key, sequencer, version, str(now.etag).strip('"'), size)


def _removed(call: ApiCall, output: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Key, version and whether all that happened is that a delete marker was made."""
    if call.operation == "DeleteObject":
        asked = str(call.params.get("VersionId") or "")
        marked = bool(output.get("DeleteMarker")) and not asked
        yield str(call.params["Key"]), str(output.get("VersionId") or asked), marked
        return
    failed = {one.get("Key") for one in output.get("Errors") or ()}
    told = {one.get("Key"): one for one in output.get("Deleted") or ()}
    for one in call.params["Delete"]["Objects"]:
        key, asked = str(one["Key"]), str(one.get("VersionId") or "")
        if key not in failed:
            marker = told.get(key, {}) if not asked else {}
            yield key, str(marker.get("DeleteMarkerVersionId") or asked), bool(marker.get("DeleteMarker"))


def _customer(call: ApiCall) -> str:
    """`principalId` as S3 has it: with `AWS:` before the id of a principal of an account."""
    principal = call.principal
    if principal.kind is Kind.ANONYMOUS:
        return "Anonymous"
    return principal.arn if principal.kind is Kind.SERVICE else f"AWS:{principal.principal_id}"
