"""Rules about trails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.sandbox.config.managed import managed
from chaoskit.sandbox.config.resources import ACCOUNT, resources

if TYPE_CHECKING:
    from chaoskit.sandbox.config.managed import Parameters
    from chaoskit.sandbox.config.resources import Resource

_TRAIL = "AWS::CloudTrail::Trail"


@managed(
    "CLOUD_TRAIL_ENABLED",
    ACCOUNT,
    "cloudtrail",
    periodic=True,
    parameters="s3BucketName snsTopicArn cloudWatchLogsLogGroupArn",
    page="cloudtrail-enabled",
)
def enabled(found: Resource, parameters: Parameters) -> str | None:
    """A trail logs, to the destinations that are asked for."""
    for one in resources(found.place, _TRAIL):
        trail = one.state
        wanted = {
            "s3BucketName": trail.bucket_name,
            "snsTopicArn": trail.sns_topic_name,
            "cloudWatchLogsLogGroupArn": trail.cw_log_group_arn,
        }
        if trail.status.is_logging and all(wanted[name] == value for name, value in parameters.items()):
            return ""
    return "No trail that is asked for is logging."


@managed("MULTI_REGION_CLOUD_TRAIL_ENABLED", ACCOUNT, "cloudtrail", periodic=True)
def every_region(found: Resource, parameters: Parameters) -> str | None:
    """A trail logs every region."""
    del parameters
    trails = (one.state for one in resources(found.place, _TRAIL))
    if any(trail.is_multi_region and trail.status.is_logging for trail in trails):
        return ""
    return "No multi-Region trail is logging."


@managed("CLOUD_TRAIL_LOG_FILE_VALIDATION_ENABLED", _TRAIL, "cloudtrail", periodic=True)
def validated(found: Resource, parameters: Parameters) -> str | None:
    """The trail writes digest files."""
    del parameters
    return "" if found.state.log_validation else "Log file validation is not enabled."


@managed("CLOUD_TRAIL_ENCRYPTION_ENABLED", _TRAIL, "cloudtrail", periodic=True)
def encrypted(found: Resource, parameters: Parameters) -> str | None:
    """The trail's log files are encrypted with a KMS key."""
    del parameters
    return "" if found.state.kms_key_id else "The trail has no KMS key."


@managed("CLOUD_TRAIL_CLOUD_WATCH_LOGS_ENABLED", _TRAIL, "cloudtrail", periodic=True)
def to_log_group(found: Resource, parameters: Parameters) -> str | None:
    """The trail delivers to a log group."""
    del parameters
    return "" if found.state.cw_log_group_arn else "The trail does not deliver to CloudWatch Logs."
