"""Trails with a bucket of their own, and what has arrived in it."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

from tests.sandbox.aws import allow, policy

if TYPE_CHECKING:
    from tests.sandbox.trail.audited import Audited

CLOUDTRAIL = {"Service": "cloudtrail.amazonaws.com"}
NO_GUARANTEE = {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}


class Delivered:
    """A trail that logs, and its bucket."""

    def __init__(self, aws: Audited, name: str, who: str = "admin", **settings: Any) -> None:
        self.aws = aws
        self.name = name
        self.bucket = f"{name}-bucket"
        self.s3 = aws.client("s3", who)
        self.cloudtrail = aws.client("cloudtrail", who)
        self.s3.create_bucket(Bucket=self.bucket)
        made = self.cloudtrail.create_trail(Name=name, S3BucketName=self.bucket, **settings)
        self.arn: str = made["TrailARN"]
        self.open()
        self.cloudtrail.start_logging(Name=name)

    def open(self, folder: str = "") -> None:
        """Let CloudTrail write on behalf of this trail, as the CloudTrail User Guide's bucket policy does."""
        condition = {"StringEquals": {**NO_GUARANTEE["StringEquals"], "aws:SourceArn": self.arn}}
        written = allow(
            "s3:PutObject",
            f"arn:aws:s3:::{self.bucket}/{folder}*",
            Principal=CLOUDTRAIL,
            Condition=condition,
        )
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=policy(written))

    def close(self) -> None:
        """Let nobody write."""
        self.s3.delete_bucket_policy(Bucket=self.bucket)

    def flush(self) -> None:
        """Have what is on its way delivered."""
        self.aws.served.cloud.flush()
        self.aws.settle()

    def files(self, containing: str = "/CloudTrail/") -> list[str]:
        """The keys of the bucket's files, in alphabetical order."""
        self.flush()
        listed = self.s3.list_objects_v2(Bucket=self.bucket)
        return [one["Key"] for one in listed.get("Contents", ()) if containing in one["Key"]]

    def read(self, key: str) -> dict[str, Any]:
        """A file's content."""
        body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        content: dict[str, Any] = json.loads(gzip.decompress(body))
        return content

    def records(self, containing: str = "/CloudTrail/") -> list[dict[str, Any]]:
        """All records that have arrived."""
        return [record for key in self.files(containing) for record in self.read(key)["Records"]]

    def names(self, containing: str = "/CloudTrail/") -> list[str]:
        """The event names of those."""
        return [record["eventName"] for record in self.records(containing)]

    def status(self) -> dict[str, Any]:
        """What `GetTrailStatus` says."""
        self.flush()
        answer: dict[str, Any] = self.cloudtrail.get_trail_status(Name=self.name)
        return answer
