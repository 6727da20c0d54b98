"""A bucket's policy is opened to everyone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaoskit.contract import Fault, fault
from chaoskit.faults._bucket_policies import open_bucket

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
        public = {
            "Sid": SID,
            "Effect": "Allow",
            "Principal": "*",
            "Action": self.action,
            "Resource": f"arn:aws:s3:::{self.bucket}/*",
        }
        yield from open_bucket(aws, self.bucket, public)
