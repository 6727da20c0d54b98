"""Whether the account's audit trail is running: detectors fed by CloudTrail see nothing without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation

if TYPE_CHECKING:
    from chaoskit.aws import Reader


def trail_is_logging(aws: Reader) -> Observation:
    """At least one trail that covers this region logs.

    EventBridge receives API calls only while a trail logs (Amazon EventBridge User Guide, "AWS
    service events delivered via AWS CloudTrail").
    """
    trails = aws.read(Query("cloudtrail", "DescribeTrails", {}, "trailList[].TrailARN")) or []
    logging = [
        arn for arn in trails if aws.read(Query("cloudtrail", "GetTrailStatus", {"Name": arn}, "IsLogging"))
    ]
    return Observation(
        holds=bool(logging),
        summary=f"{logging[0]} is logging" if logging else "no CloudTrail trail is logging",
        evidence={"trails": trails, "logging": logging},
    )
