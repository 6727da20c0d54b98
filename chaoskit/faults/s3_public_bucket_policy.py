"""A bucket's policy is opened to everyone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

SID: Final = "ChaoskitPublicRead"


@fault("s3.public-bucket-policy", layer="data", attack=("T1530",), atlas=("AML.T0025",), owasp_ml=("ML03",))
class PublicBucketPolicy(Fault):
    """Add a statement to a bucket's policy that lets anyone read its objects.

    Detected by: CloudTrail PutBucketPolicy.

    Attributes:
        bucket: The bucket's name.
        action: What everyone may then do.
    """

    bucket: str
    action: str = "s3:GetObject"

    def changes(self, aws: Reader) -> Changes:
        """Put the widened document; undone by the prior text, or by deleting it where none was."""
        text = Query(
            "s3", "GetBucketPolicy", {"Bucket": self.bucket}, "Policy", absent=("NoSuchBucketPolicy",)
        )
        prior: str | None = aws.read(text)
        document: dict[str, Any] = json.loads(prior) if prior else {"Version": "2012-10-17", "Statement": []}
        statements = document["Statement"]
        statements = statements if isinstance(statements, list) else [statements]
        public = {
            "Sid": SID,
            "Effect": "Allow",
            "Principal": "*",
            "Action": self.action,
            "Resource": f"arn:aws:s3:::{self.bucket}/*",
        }
        widened = {**document, "Statement": [*statements, public]}
        yield Change(
            do=Call("s3", "PutBucketPolicy", Bucket=self.bucket, Policy=json.dumps(widened)),
            undo=(
                Call("s3", "PutBucketPolicy", Bucket=self.bucket, Policy=prior)
                if prior
                else Call("s3", "DeleteBucketPolicy", absent_ok=("NoSuchBucketPolicy",), Bucket=self.bucket),
            ),
            state=replace(text, parse_json=True),
        )
