"""A trail's S3 bucket: what its files are called, and writing them as CloudTrail.

Source: CloudTrail User Guide, "Finding your CloudTrail log files", "CloudTrail digest file structure" and
"Amazon S3 bucket policy for CloudTrail".
"""

from __future__ import annotations

import base64
import gzip
import json
import secrets
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from chaoskit.sandbox.account_policies import membership

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chaoskit.sandbox.wire import Cloud

CLOUDTRAIL = "cloudtrail.amazonaws.com"
_UNIQUE = 16


class Stream(NamedTuple):
    """What one series of files holds: the events of an account and region that a trail (moto's) takes."""

    trail: Any
    account: str
    region: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where the files of a stream go, by the trail's settings of this moment.

    Attributes:
        folder: Up to and including the account: `PREFIX/AWSLogs/o-ORGANIZATION/ACCOUNT`.
        key: The KMS key of log files, or empty.
    """

    name: str
    folder: str
    key: str
    stream: Stream

    @classmethod
    def of(cls, cloud: Cloud, stream: Stream) -> Bucket:
        """Read a trail's settings."""
        trail = stream.trail
        with cloud.lock:
            place = membership(trail.account_id) if trail.is_org_trail else None
            parts = [trail.s3_key_prefix, "AWSLogs", place and place.organization_id, stream.account]
            return cls(
                name=str(trail.bucket_name),
                folder="/".join(str(part) for part in parts if part),
                key=str(trail.kms_key_id or ""),
                stream=stream,
            )

    def log_file(self, at: datetime) -> str:
        """The key of a log file that is delivered at this time."""
        _, account, region = self.stream
        unique = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(_UNIQUE))
        return (
            f"{self.folder}/CloudTrail/{region}/{at:%Y/%m/%d}/"
            f"{account}_CloudTrail_{region}_{at:%Y%m%dT%H%MZ}_{unique}.json.gz"
        )

    def digest_file(self, end: datetime) -> str:
        """The key of the digest file of the hour that ends so; the last region is the trail's home."""
        trail, account, region = self.stream
        return (
            f"{self.folder}/CloudTrail-Digest/{region}/{end:%Y/%m/%d}/{account}_CloudTrail-Digest_{region}_"
            f"{trail.trail_name}_{trail.region_name}_{end:%Y%m%dT%H%M%SZ}.json.gz"
        )

    def write(
        self, cloud: Cloud, key: str, content: bytes, *, metadata: Mapping[str, str] | None = None
    ) -> None:
        """Write a file, compressed, as CloudTrail on behalf of the trail: the bucket's policy decides.

        Raises:
            botocore.exceptions.ClientError: S3 refused.
        """
        trail = self.stream.trail
        acting = cloud.service_principal(CLOUDTRAIL, account=trail.account_id, source_arn=trail.arn)
        cloud.client("s3", acting, region=trail.region_name).put_object(
            Bucket=self.name,
            Key=key,
            Body=gzip.compress(content, mtime=0),
            ACL="bucket-owner-full-control",
            ContentType="application/json",
            ContentEncoding="gzip",
            Metadata=dict(metadata or {}),
            **self._encryption(),
        )

    def _encryption(self) -> dict[str, str]:
        if not self.key:
            return {}
        context = json.dumps({"aws:cloudtrail:arn": self.stream.trail.arn})
        return {
            "ServerSideEncryption": "aws:kms",
            "SSEKMSKeyId": self.key,
            "SSEKMSEncryptionContext": base64.b64encode(context.encode()).decode(),
        }
