"""Looks whether a bucket is closed to the public."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace

_EVERYONE: Final = (
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
)


@probe("s3.bucket-not-public")
class BucketNotPublic(Probe):
    """Neither the bucket's ACL nor its policy lets everyone in.

    What counts as public is AWS's own judgement: grants to AllUsers or AuthenticatedUsers, and
    GetBucketPolicyStatus (Amazon S3 User Guide, "The meaning of 'public'").

    Attributes:
        bucket: The bucket's name.
        by: Look at the ACL only, at the policy only, or at both.
    """

    bucket: str
    by: Literal["acl", "policy", "any"] = "any"

    reads = ("s3:GetBucketAcl", "s3:GetBucketPolicyStatus")

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the grants and the policy's status."""
        del trace
        grants = self._public_grants(aws) if self.by in ("acl", "any") else []
        public_policy = self._public_policy(aws) if self.by in ("policy", "any") else False
        found = [*(["its ACL"] if grants else []), *(["its policy"] if public_policy else [])]
        return Observation(
            holds=not found,
            summary=f"bucket {self.bucket} is "
            + (f"public by {' and '.join(found)}" if found else "not public"),
            evidence={"public_grants": grants, "policy_is_public": public_policy},
        )

    def _public_grants(self, aws: Reader) -> list[str]:
        grants = aws.read(Query("s3", "GetBucketAcl", {"Bucket": self.bucket}, "Grants"))
        return [
            f"{grant['Permission']} to {grant['Grantee']['URI']}"
            for grant in grants or []
            if grant["Grantee"].get("URI") in _EVERYONE
        ]

    def _public_policy(self, aws: Reader) -> bool:
        status = Query(
            "s3",
            "GetBucketPolicyStatus",
            {"Bucket": self.bucket},
            "PolicyStatus.IsPublic",
            absent=("NoSuchBucketPolicy",),
        )
        return bool(aws.read(status))
