"""Logs may not be written to their bucket any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("s3.delete-log-bucket-policy", layer="data", attack=("T1685.002",))
class DeleteLogBucketPolicy(Fault):
    """Delete the policy that lets CloudTrail or AWS Config write its logs: both still say they are on.

    Detected by: CloudTrail DeleteBucketPolicy.

    Attributes:
        bucket: The log bucket's name.
    """

    bucket: str

    def changes(self, aws: Reader) -> Changes:
        """Delete it; undone by the prior policy. Where none is, there is nothing to do."""
        named: dict[str, Any] = {"Bucket": self.bucket}
        text = Query("s3", "GetBucketPolicy", named, "Policy", absent=("NoSuchBucketPolicy",))
        prior = aws.read(text)
        if prior is None:
            return
        yield Change(
            do=Call("s3", "DeleteBucketPolicy", **named),
            undo=(Call("s3", "PutBucketPolicy", **named, Policy=prior),),
            state=Query(
                "s3", "GetBucketPolicy", named, "Policy", absent=("NoSuchBucketPolicy",), parse_json=True
            ),
        )
