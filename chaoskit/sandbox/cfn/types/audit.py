"""What watches: AWS::CloudTrail::Trail, AWS::Logs::LogGroup and MetricFilter, AWS::CloudWatch::Alarm."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, gone_is_fine, names

if TYPE_CHECKING:
    from chaoskit.sandbox.cfn.types.base import Job

# How the template and the API spell the same thing (AWS::CloudTrail::Trail, CreateTrail).
_TRAIL_NAMES = {
    "CloudWatchLogsLogGroupArn": "CloudWatchLogsLogGroupArn",
    "CloudWatchLogsRoleArn": "CloudWatchLogsRoleArn",
    "EnableLogFileValidation": "EnableLogFileValidation",
    "IncludeGlobalServiceEvents": "IncludeGlobalServiceEvents",
    "IsMultiRegionTrail": "IsMultiRegionTrail",
    "IsOrganizationTrail": "IsOrganizationTrail",
    "KMSKeyId": "KmsKeyId",
    "S3BucketName": "S3BucketName",
    "S3KeyPrefix": "S3KeyPrefix",
    "SnsTopicName": "SnsTopicName",
}


class Trail(ResourceType):
    """AWS::CloudTrail::Trail: Ref is the name; Arn."""

    name = "AWS::CloudTrail::Trail"
    properties = frozenset(_TRAIL_NAMES) | {
        "AdvancedEventSelectors",
        "EventSelectors",
        "IsLogging",
        "Tags",
        "TrailName",
    }
    replaced_by = frozenset({"TrailName"})

    def create(self, job: Job) -> Physical:
        name = job.properties.get("TrailName") or job.generated_name(128)
        made = job.client("cloudtrail").create_trail(
            Name=name, TagsList=job.tag_list(), **self._settings(job)
        )
        was = job.claim(Physical(name, {"Arn": made["TrailARN"]}))
        self._select(job, was)
        return was

    def update(self, job: Job, was: Physical) -> Physical:
        job.client("cloudtrail").update_trail(Name=was.id, **self._settings(job))
        self._select(job, was)
        return was

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("cloudtrail").delete_trail(Name=was.id)

    def _settings(self, job: Job) -> dict[str, Any]:
        return {api: job.properties[name] for name, api in _TRAIL_NAMES.items() if name in job.properties}

    def _select(self, job: Job, was: Physical) -> None:
        trail = job.client("cloudtrail")
        if selectors := job.pick("EventSelectors", "AdvancedEventSelectors"):
            trail.put_event_selectors(TrailName=was.id, **selectors)
        if str(job.properties["IsLogging"]).lower() == "true":
            trail.start_logging(Name=was.id)
        else:
            trail.stop_logging(Name=was.id)


class LogGroup(ResourceType):
    """AWS::Logs::LogGroup: Ref is the name; Arn ends in `:*`."""

    name = "AWS::Logs::LogGroup"
    properties = names("KmsKeyId LogGroupName RetentionInDays Tags")
    replaced_by = names("LogGroupName")

    def create(self, job: Job) -> Physical:
        name = job.properties.get("LogGroupName") or job.generated_name(512)
        request: dict[str, Any] = {"logGroupName": name, "tags": dict(job.tags)}
        if "KmsKeyId" in job.properties:
            request["kmsKeyId"] = job.properties["KmsKeyId"]
        job.client("logs").create_log_group(**request)
        arn = f"arn:aws:logs:{job.region}:{job.account}:log-group:{name}:*"
        was = job.claim(Physical(name, {"Arn": arn}))
        self._retain(job, name)
        return was

    def update(self, job: Job, was: Physical) -> Physical:
        logs = job.client("logs")
        self._retain(job, was.id)
        key = job.properties.get("KmsKeyId")
        if key and key != job.before.get("KmsKeyId"):
            logs.associate_kms_key(logGroupName=was.id, kmsKeyId=key)
        if not key and job.before.get("KmsKeyId"):
            logs.disassociate_kms_key(logGroupName=was.id)
        return was

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("logs").delete_log_group(logGroupName=was.id)

    def _retain(self, job: Job, name: str) -> None:
        logs = job.client("logs")
        if days := job.properties.get("RetentionInDays"):
            logs.put_retention_policy(logGroupName=name, retentionInDays=int(days))
        elif "RetentionInDays" in job.before:
            logs.delete_retention_policy(logGroupName=name)


class MetricFilter(ResourceType):
    """AWS::Logs::MetricFilter: Ref is the name."""

    name = "AWS::Logs::MetricFilter"
    replaced_by = names("FilterName LogGroupName")
    properties = replaced_by | names("FilterPattern MetricTransformations")

    def create(self, job: Job) -> Physical:
        return self.update(job, Physical(job.properties.get("FilterName") or job.generated_name(512)))

    def update(self, job: Job, was: Physical) -> Physical:
        given = job.properties
        job.client("logs").put_metric_filter(
            logGroupName=given["LogGroupName"],
            filterName=was.id,
            filterPattern=given["FilterPattern"],
            metricTransformations=[_transformation(each) for each in given["MetricTransformations"]],
        )
        return was

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("logs").delete_metric_filter(
                logGroupName=job.properties["LogGroupName"], filterName=was.id
            )


def _transformation(given: dict[str, Any]) -> dict[str, Any]:
    """A metric transformation as the API spells it."""
    made = {f"{name[:1].lower()}{name[1:]}": value for name, value in given.items()}
    if "defaultValue" in made:
        made["defaultValue"] = float(made["defaultValue"])
    return made


_ALARM = names(
    "ActionsEnabled AlarmActions AlarmDescription AlarmName ComparisonOperator DatapointsToAlarm "
    "Dimensions EvaluationPeriods InsufficientDataActions MetricName Namespace OKActions Period "
    "Statistic Threshold TreatMissingData Unit"
)


class Alarm(ResourceType):
    """AWS::CloudWatch::Alarm on one metric: Ref is the name; Arn."""

    name = "AWS::CloudWatch::Alarm"
    properties = _ALARM | {"Tags"}
    replaced_by = frozenset({"AlarmName"})

    def create(self, job: Job) -> Physical:
        name = job.properties.get("AlarmName") or job.generated_name(255)
        self._put(job, name)
        return Physical(name, {"Arn": f"arn:aws:cloudwatch:{job.region}:{job.account}:alarm:{name}"})

    def update(self, job: Job, was: Physical) -> Physical:
        self._put(job, was.id)
        return was

    def delete(self, job: Job, was: Physical) -> None:
        job.client("cloudwatch").delete_alarms(AlarmNames=[was.id])

    def _put(self, job: Job, name: str) -> None:
        request = job.pick(*(_ALARM - {"AlarmName"}))
        # PutMetricAlarm takes tags only for a new alarm, and fails for an existing one.
        if job.tags and not job.before:
            request["Tags"] = job.tag_list()
        job.client("cloudwatch").put_metric_alarm(AlarmName=name, **request)
