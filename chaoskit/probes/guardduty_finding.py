"""Looks whether GuardDuty made a finding of the fault."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe
from chaoskit.probes._security_findings import Traits, basis, moment, names, tied

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Trace

_AT_ONCE = 50


@probe("guardduty.finding")
class Finding(Probe):
    """GuardDuty reports one of the fault's own calls as a finding of this type, and it is not archived.

    A sample finding never counts. The evidence says whether the finding type is a rule or rests on an
    anomaly model, which only a real account has. A finding of several calls shows one caller (GuardDuty API
    Reference, Service, `count`): if that is another than this run, whether it was found too can't be told.

    Attributes:
        type: The finding type, e.g. Stealth:IAMUser/CloudTrailLoggingDisabled.
        resource: Name or ARN of what it must be about.
    """

    type: str
    resource: str | None = None

    reads = (
        "guardduty:ListDetectors",
        "guardduty:GetDetector",
        "guardduty:ListFilters",
        "guardduty:GetFilter",
        "guardduty:ListFindings",
        "guardduty:GetFindings",
    )

    def ready(self, aws: Reader) -> Observation:
        """There is an enabled detector, and no suppression rule archives findings of this type."""
        detector = self._detector(aws)
        if detector is None:
            return Observation(holds=False, summary=f"there is no GuardDuty detector in {aws.region}")
        status = aws.read(Query("guardduty", "GetDetector", {"DetectorId": detector}, "Status"))
        if status != "ENABLED":
            return Observation(holds=False, summary=f"GuardDuty detector {detector} is {status}")
        for name in (
            aws.read(Query("guardduty", "ListFilters", {"DetectorId": detector}, "FilterNames")) or []
        ):
            where = {"DetectorId": detector, "FilterName": name}
            if self._suppressed(aws.read(Query("guardduty", "GetFilter", where))):
                return Observation(
                    holds=False, summary=f"suppression rule {name} of GuardDuty archives {self.type}"
                )
        return Observation(holds=True, summary=f"GuardDuty detector {detector} is enabled")

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the findings of the type and compare what they say of the caller with the run's calls."""
        detector = self._detector(aws)
        if detector is None:
            return Observation(holds=None, summary=f"there is no GuardDuty detector in {aws.region}")
        samples, mixed = 0, False
        for finding in self._findings(aws, detector):
            service = finding["Service"]
            sample = _is_sample(service)
            samples += sample
            traits = _traits(finding)
            if sample or not self._about(traits):
                continue
            found = tied(traits, trace)
            if found is None:
                anyone = replace(traits, user_agent="", principal="")
                mixed |= int(service.get("Count") or 1) > 1 and tied(anyone, trace) is not None
                continue
            attempt, by = found
            kind = basis(self.type, sample=False)
            return Observation(
                holds=True,
                summary=f"GuardDuty found {self.type} ({kind}) in {traits.api}",
                evidence={
                    "finding": finding["Arn"],
                    "type": finding["Type"],
                    "basis": kind,
                    "severity": finding["Severity"],
                    "title": finding["Title"],
                    "event_name": traits.api,
                    "event_time": traits.last_seen,
                    "tied_by": by,
                    "updated": finding["UpdatedAt"],
                },
                at=moment(finding["UpdatedAt"]),
                cause=attempt.at,
                final=True,
            )
        note = f"; {samples} of the type are samples, which prove nothing" if samples else ""
        if mixed:
            note += "; it has one of several calls, and shows another caller's"
        return Observation(
            holds=None if mixed else False,
            summary=f"GuardDuty has no finding {self.type} of a call of this run{note}",
            evidence={"samples": samples},
        )

    def _detector(self, aws: Reader) -> str | None:
        ids = aws.read(Query("guardduty", "ListDetectors", {}, "DetectorIds")) or []
        return ids[0] if ids else None

    def _findings(self, aws: Reader, detector: str) -> list[Mapping[str, Any]]:
        """The newest findings of the type that nobody and no suppression rule archived."""
        where = {
            "DetectorId": detector,
            "FindingCriteria": {
                "Criterion": {"type": {"Eq": [self.type]}, "service.archived": {"Eq": ["false"]}}
            },
            "SortCriteria": {"AttributeName": "updatedAt", "OrderBy": "DESC"},
        }
        ids = aws.read(Query("guardduty", "ListFindings", where, "FindingIds")) or []
        if not ids:
            return []
        named = {"DetectorId": detector, "FindingIds": ids[:_AT_ONCE]}
        return list(aws.read(Query("guardduty", "GetFindings", named, "Findings")) or [])

    def _suppressed(self, rule: Mapping[str, Any]) -> bool:
        """Whether a rule may archive findings of the type; one that looks at more than that might."""
        if rule.get("Action") != "ARCHIVE":
            return False
        condition = (rule["FindingCriteria"].get("Criterion") or {}).get("type") or {}
        wanted = condition.get("Equals") or condition.get("Eq")
        unwanted = condition.get("NotEquals") or condition.get("Neq") or ()
        return (wanted is None or self.type in wanted) and self.type not in unwanted

    def _about(self, traits: Traits) -> bool:
        return self.resource is None or any(names(self.resource, each) for each in traits.resources)


def _is_sample(service: Mapping[str, Any]) -> bool:
    try:
        told = json.loads((service.get("AdditionalInfo") or {}).get("Value") or "{}")
    except ValueError:
        return False
    return isinstance(told, dict) and bool(told.get("sample"))


def _traits(finding: Mapping[str, Any]) -> Traits:
    resource, service = finding["Resource"], finding["Service"]
    key = resource.get("AccessKeyDetails") or {}
    action = (service.get("Action") or {}).get("AwsApiCallAction") or {}
    buckets = resource.get("S3BucketDetails") or []
    affected = (action.get("AffectedResources") or {}).values()
    told = [
        *(each.get("Arn", "") for each in buckets),
        *affected,
        key.get("AccessKeyId"),
        key.get("UserName"),
    ]
    return Traits(
        principal=str(key.get("PrincipalId", "")),
        access_key=str(key.get("AccessKeyId", "")),
        user_agent=str(action.get("UserAgent", "")),
        api=str(action.get("Api", "")),
        resources=frozenset(str(each) for each in told if each),
        last_seen=str(service.get("EventLastSeen", "")),
    )
