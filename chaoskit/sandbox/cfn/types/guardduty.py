"""AWS::GuardDuty::Detector, Filter, IPSet and ThreatIntelSet."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, gone_is_fine, names

if TYPE_CHECKING:
    from chaoskit.sandbox.cfn.types.base import Job


class Detector(ResourceType):
    """AWS::GuardDuty::Detector: Ref is the detector's id."""

    name = "AWS::GuardDuty::Detector"
    properties = names("DataSources Enable Features FindingPublishingFrequency Tags")

    def create(self, job: Job) -> Physical:
        made = job.client("guardduty").create_detector(**_settings(job), Tags=dict(job.tags))
        return Physical(made["DetectorId"], {"Id": made["DetectorId"]})

    def update(self, job: Job, was: Physical) -> Physical:
        job.client("guardduty").update_detector(DetectorId=was.id, **_settings(job))
        return was

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("guardduty").delete_detector(DetectorId=was.id)


def _settings(job: Job) -> dict[str, Any]:
    request = job.pick("DataSources", "Features", "FindingPublishingFrequency")
    return {**request, "Enable": _boolean(job.properties.get("Enable", True))}


def _boolean(value: Any) -> bool:
    return str(value).lower() == "true"


class Filter(ResourceType):
    """AWS::GuardDuty::Filter: Ref is the name."""

    name = "AWS::GuardDuty::Filter"
    properties = names("Action Description DetectorId FindingCriteria Name Rank Tags")
    replaced_by = names("DetectorId Name")

    def create(self, job: Job) -> Physical:
        name = job.properties.get("Name") or job.generated_name(64)
        job.client("guardduty").create_filter(
            DetectorId=job.properties["DetectorId"], Name=name, **self._settings(job)
        )
        return Physical(name)

    def update(self, job: Job, was: Physical) -> Physical:
        job.client("guardduty").update_filter(
            DetectorId=job.properties["DetectorId"], FilterName=was.id, **self._settings(job)
        )
        return was

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            job.client("guardduty").delete_filter(DetectorId=job.properties["DetectorId"], FilterName=was.id)

    def _settings(self, job: Job) -> dict[str, Any]:
        request = job.pick("Action", "Description", "FindingCriteria")
        if "Rank" in job.properties:
            request["Rank"] = int(job.properties["Rank"])
        return request


class _AddressList:
    """What the two kinds of lists have in common; no resource type itself."""

    properties = names("Activate DetectorId Format Location Name Tags")
    replaced_by = names("DetectorId Format")
    kind: ClassVar[str]
    """The part of the operations' names, in snake case."""
    id: ClassVar[str]
    """The parameter that names a list."""

    def create(self, job: Job) -> Physical:
        name = job.properties.get("Name") or job.generated_name(64)
        create = getattr(job.client("guardduty"), f"create_{self.kind}")
        made = create(
            **job.pick("DetectorId", "Format", "Location"),
            Name=name,
            Activate=_boolean(job.properties.get("Activate", False)),
            Tags=dict(job.tags),
        )
        return Physical(made[self.id], {"Id": made[self.id]})

    def update(self, job: Job, was: Physical) -> Physical:
        update = getattr(job.client("guardduty"), f"update_{self.kind}")
        active = _boolean(job.properties.get("Activate", False))
        update(**{self.id: was.id}, **job.pick("DetectorId", "Location", "Name"), Activate=active)
        return was

    def delete(self, job: Job, was: Physical) -> None:
        with gone_is_fine():
            delete = getattr(job.client("guardduty"), f"delete_{self.kind}")
            delete(**{self.id: was.id}, DetectorId=job.properties["DetectorId"])


class IpSet(_AddressList, ResourceType):
    """AWS::GuardDuty::IPSet, a list of trusted addresses: Ref is its id."""

    name = "AWS::GuardDuty::IPSet"
    kind = "ip_set"
    id = "IpSetId"


class ThreatIntelSet(_AddressList, ResourceType):
    """AWS::GuardDuty::ThreatIntelSet, a list of addresses known to be bad: Ref is its id."""

    name = "AWS::GuardDuty::ThreatIntelSet"
    kind = "threat_intel_set"
    id = "ThreatIntelSetId"
