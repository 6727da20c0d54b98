"""Looks whether a trail may write to its bucket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("s3.trail-may-write")
class TrailMayWrite(Probe):
    """The bucket's policy lets CloudTrail put objects into it.

    Attributes:
        bucket: The log bucket's name.
    """

    bucket: str

    reads = ("s3:GetBucketPolicy",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the policy."""
        del trace
        where = {"Bucket": self.bucket}
        text = aws.read(Query("s3", "GetBucketPolicy", where, "Policy", absent=("NoSuchBucketPolicy",)))
        statements = json.loads(text).get("Statement", []) if text else []
        listed = statements if isinstance(statements, list) else [statements]
        sids = [each.get("Sid", "") for each in listed if _lets_the_trail_write(each)]
        return Observation(
            holds=bool(sids),
            summary=f"CloudTrail may {'' if sids else 'not '}write to the bucket {self.bucket}",
            evidence={"statements": sids},
        )


def _lets_the_trail_write(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    services = principal.get("Service", []) if isinstance(principal, dict) else []
    actions = statement.get("Action", [])
    return (
        statement.get("Effect") == "Allow"
        and "cloudtrail.amazonaws.com" in ([services] if isinstance(services, str) else services)
        and "s3:PutObject" in ([actions] if isinstance(actions, str) else actions)
    )
