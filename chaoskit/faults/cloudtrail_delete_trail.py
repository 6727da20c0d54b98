"""A trail is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

# How GetTrail and CreateTrail spell the same, and what only the first one says (CloudTrail API Reference).
_API: Final = {"LogFileValidationEnabled": "EnableLogFileValidation"}
_NOT_GIVEN: Final = frozenset(
    {"HasCustomEventSelectors", "HasInsightSelectors", "HomeRegion", "SnsTopicARN", "TrailARN"}
)


@fault("cloudtrail.delete-trail", layer="data", attack=("T1685.002",))
class DeleteTrail(Fault):
    """Delete a trail: a louder way to go unlogged than to stop it, and one that starting does not mend.

    Undone by making it again under its name, with its settings, selectors and tags, and logging if it did.
    The chain of its digest files begins anew. A trail with Insights selectors is left alone: they are not
    put back.

    Detected by: CloudTrail `DeleteTrail`; GuardDuty `Stealth:IAMUser/CloudTrailLoggingDisabled`.

    Attributes:
        trail: The trail's name.
    """

    trail: str

    def changes(self, aws: Reader) -> Changes:
        """Delete; undone by creating what was there; what a runbook has made again is only completed."""
        where = {"Name": self.trail}
        settings = Query("cloudtrail", "GetTrail", where, "Trail", absent=("TrailNotFoundException",))
        trail = aws.read(settings)
        if trail is None or trail.get("HasInsightSelectors"):
            return
        selectors = aws.read(Query("cloudtrail", "GetEventSelectors", {"TrailName": self.trail}))
        wanted = ("EventSelectors", "AdvancedEventSelectors")
        kinds = {kind: selectors[kind] for kind in wanted if selectors.get(kind)}
        arn = trail["TrailARN"]
        tags = aws.read(
            Query("cloudtrail", "ListTags", {"ResourceIdList": [arn]}, "ResourceTagList[0].TagsList")
        )
        created = {_API.get(key, key): value for key, value in trail.items() if key not in _NOT_GIVEN}
        undo = [
            Call("cloudtrail", "CreateTrail", absent_ok=("TrailAlreadyExistsException",), **created),
            Call("cloudtrail", "PutEventSelectors", TrailName=self.trail, **kinds),
        ]
        if tags:
            undo.append(Call("cloudtrail", "AddTags", ResourceId=arn, TagsList=tags))
        if aws.read(Query("cloudtrail", "GetTrailStatus", where, "IsLogging")):
            undo.append(Call("cloudtrail", "StartLogging", Name=self.trail))
        yield Change(do=Call("cloudtrail", "DeleteTrail", Name=self.trail), undo=tuple(undo), state=settings)
