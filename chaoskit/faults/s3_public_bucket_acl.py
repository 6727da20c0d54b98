"""A bucket's ACL is opened to everyone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("s3.public-bucket-acl", layer="data", attack=("T1530",), atlas=("AML.T0025",), owasp_ml=("ML03",))
class PublicBucketAcl(Fault):
    """Give everyone a grant on a bucket through a canned ACL, as a careless or hostile admin would.

    The bucket must have ACLs enabled and not block public ACLs, or AWS refuses (Amazon S3 User Guide,
    "Blocking public access to your Amazon S3 storage").

    Detected by: CloudTrail PutBucketAcl.

    Attributes:
        bucket: The bucket's name.
        acl: The canned ACL to set.
    """

    bucket: str
    acl: Literal["public-read", "public-read-write", "authenticated-read"] = "public-read"

    def changes(self, aws: Reader) -> Changes:
        """Set the ACL; undone by putting back the very grants that were there."""
        acl = Query("s3", "GetBucketAcl", {"Bucket": self.bucket}, "{Owner: Owner, Grants: Grants}")
        yield Change(
            do=Call("s3", "PutBucketAcl", Bucket=self.bucket, ACL=self.acl),
            undo=(Call("s3", "PutBucketAcl", Bucket=self.bucket, AccessControlPolicy=aws.read(acl)),),
            state=acl,
        )
