"""A trail is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault
from chaoskit.faults._trails import CHANGING

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

GIVEN: Final = {
    "Name": "Name",
    "S3BucketName": "S3BucketName",
    "S3KeyPrefix": "S3KeyPrefix",
    "SnsTopicName": "SnsTopicName",
    "SnsTopicARN": "SnsTopicName",
    "IncludeGlobalServiceEvents": "IncludeGlobalServiceEvents",
    "IsMultiRegionTrail": "IsMultiRegionTrail",
    "LogFileValidationEnabled": "EnableLogFileValidation",
    "CloudWatchLogsLogGroupArn": "CloudWatchLogsLogGroupArn",
    "CloudWatchLogsRoleArn": "CloudWatchLogsRoleArn",
    "KmsKeyId": "KmsKeyId",
    "IsOrganizationTrail": "IsOrganizationTrail",
    "RecursiveLogging": "RecursiveLogging",
}
"""What CreateTrail takes of what GetTrail tells, and what it calls it. SnsTopicName takes a name or an ARN;
GetTrail tells it no more, or beside the ARN, which comes after it here and wins (CloudTrail API Reference,
Trail)."""


@fault("cloudtrail.delete-trail", layer="data", attack=("T1685.002",))
class DeleteTrail(Fault):
    """Delete a trail: a louder way to go unlogged than to stop it, and one that starting does not mend.

    Undone by making it again under its name, with its settings, selectors and tags (but AWS's own), and
    logging if it did. The chain of its digest files begins anew. A trail with Insights selectors or that
    aggregates events is left alone: these are not put back.

    Detected by: CloudTrail `DeleteTrail`; GuardDuty `Stealth:IAMUser/CloudTrailLoggingDisabled`.

    Attributes:
        trail: The trail's name.
    """

    trail: str

    def changes(self, aws: Reader) -> Changes:
        """Delete; undone by creating what was there; what a runbook has made again is only completed."""
        where: dict[str, Any] = {"Name": self.trail}
        named: dict[str, Any] = {"TrailName": self.trail}
        absent = ("TrailNotFoundException",)
        trail = aws.read(Query("cloudtrail", "GetTrail", where, "Trail", absent=absent))
        if trail is None or trail.get("HasInsightSelectors"):
            return
        aggregates = "AggregationConfigurations"
        if aws.read(Query("cloudtrail", "GetEventConfiguration", named, aggregates)):
            return
        selectors = aws.read(Query("cloudtrail", "GetEventSelectors", named))
        wanted = ("EventSelectors", "AdvancedEventSelectors")
        kinds = {kind: selectors[kind] for kind in wanted if selectors.get(kind)}
        arn = trail["TrailARN"]
        # Nobody but AWS can give tags of its own, such as a stack's: with them AddTags fails as a whole.
        own = "ResourceTagList[0].TagsList[?!starts_with(Key, 'aws:')]"
        tags = aws.read(Query("cloudtrail", "ListTags", {"ResourceIdList": [arn]}, own))
        created: dict[str, Any] = {GIVEN[key]: trail[key] for key in GIVEN if trail.get(key) is not None}
        undo = [
            Call(
                "cloudtrail", "CreateTrail", absent_ok=("TrailAlreadyExistsException",), **CHANGING, **created
            ),
            Call("cloudtrail", "PutEventSelectors", **CHANGING, **named, **kinds),
        ]
        if tags:
            undo.append(Call("cloudtrail", "AddTags", **CHANGING, ResourceId=arn, TagsList=tags))
        if aws.read(Query("cloudtrail", "GetTrailStatus", where, "IsLogging")):
            undo.append(Call("cloudtrail", "StartLogging", **CHANGING, **where))
        yield Change(
            do=Call("cloudtrail", "DeleteTrail", **where),
            undo=tuple(undo),
            state=Query("cloudtrail", "GetTrail", where, _settings(trail), absent),
        )


def _settings(trail: dict[str, Any]) -> str:
    """All that is told of a trail, but what may be told in another way of what is the same."""
    same = ["SnsTopicName"]
    if not trail.get("HasCustomEventSelectors"):
        same.append("HasCustomEventSelectors")  # the undo puts those that a trail has by itself
    return f"merge(Trail, {{{', '.join(f'{name}: `null`' for name in same)}}})"
