"""Looks whether Security Hub has a finding of the fault."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe
from chaoskit.probes._security_findings import Traits, basis, moment, names, tied

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Attempt, Trace

_OWN = re.compile(r":product/\d{12}/default$|:product/\d{12}/")
_PAGE = 100
_LEVELS = ("INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL")


@probe("securityhub.finding")
class Finding(Probe):
    """Security Hub has an active finding of something that the fault did or touched.

    A sample never counts, nor does what a customer suppressed or resolved, nor a check that did not fail. The
    evidence says which product found it and whether it was found by an AWS service or imported.

    A finding of a state, not of a call, is updated with each check (Security Hub User Guide, "Generating and
    updating control findings"). So before any call is made, an open one of the resource is said to be the
    detection: it could then prove nothing. Without a resource, one that was first observed before the fault
    leaves it open whether it tells of the fault.

    Attributes:
        product: The product's name, e.g. GuardDuty, Config or IAM Access Analyzer.
        type: The finding's type, e.g. TTPs/Stealth:IAMUser-CloudTrailLoggingDisabled; a beginning is enough.
        title: The title's beginning; for Config, the rule's name.
        resource: Name or ARN of what it must be about.
        severity: The lowest severity that counts.
    """

    product: str | None = None
    type: str | None = None
    title: str | None = None
    resource: str | None = None
    severity: Literal["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"] = "INFORMATIONAL"

    reads = ("securityhub:DescribeHub", "securityhub:GetFindings")

    def ready(self, aws: Reader) -> Observation:
        """Security Hub is enabled in the account and Region."""
        hub = aws.read(
            Query(
                "securityhub",
                "DescribeHub",
                {},
                "HubArn",
                absent=("InvalidAccessException", "ResourceNotFoundException"),
            )
        )
        if hub is None:
            return Observation(holds=False, summary=f"Security Hub is not enabled in {aws.region}")
        return Observation(holds=True, summary=f"{hub} is enabled", evidence={"hub": hub})

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the findings and compare what they say with the run's calls; before any, what is there."""
        if not (trace.attempts or self.resource):
            return Observation(holds=False, summary="no call of this run could have been found yet")
        samples, older = 0, ""
        for finding in self._findings(aws, trace):
            samples += bool(finding.get("Sample"))
            traits = _traits(finding)
            if not _is_open(finding) or not self._about(traits):
                continue
            if not trace.attempts and not traits.api:
                return _found(finding, traits, "no call of this run", None)
            found = tied(traits, trace)
            if found is None:
                continue
            attempt, by = found
            # Of a named resource the look before the fault has shown that none was open.
            if by == "resource" and not (self.resource or traits.api or _is_new(finding, attempt)):
                older = finding["Title"]
                continue
            return _found(finding, traits, by, attempt)
        note = f"; {samples} of them are samples, which prove nothing" if samples else ""
        if older:
            note += (
                f'; "{older}" was there before: only with a resource it can be told whether it has changed'
            )
        return Observation(
            holds=None if older else False,
            summary=f"Security Hub has no such finding of what this run did{note}",
            evidence={"samples": samples},
        )

    def _findings(self, aws: Reader, trace: Trace) -> list[Mapping[str, Any]]:
        # Not by account: a finding that an administrator hub aggregates would be a member's own.
        filters: dict[str, Any] = {
            "RecordState": [{"Value": "ACTIVE", "Comparison": "EQUALS"}],
            "WorkflowStatus": [{"Value": "SUPPRESSED", "Comparison": "NOT_EQUALS"}],
            "SeverityLabel": [
                {"Value": level, "Comparison": "EQUALS"} for level in _LEVELS[_LEVELS.index(self.severity) :]
            ],
        }
        if trace.attempts:
            since = trace.attempts[0].at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
            filters["UpdatedAt"] = [{"Start": since, "End": "2999-01-01T00:00:00.000Z"}]
        if self.product:
            filters["ProductName"] = [{"Value": self.product, "Comparison": "EQUALS"}]
        if self.type:
            filters["Type"] = [{"Value": self.type, "Comparison": "PREFIX"}]
        if self.title:
            filters["Title"] = [{"Value": self.title, "Comparison": "PREFIX"}]
        where = {"Filters": filters, "MaxResults": _PAGE}
        return list(aws.read(Query("securityhub", "GetFindings", where, "Findings")) or [])

    def _about(self, traits: Traits) -> bool:
        return self.resource is None or any(names(self.resource, each) for each in traits.resources)


def _is_open(finding: Mapping[str, Any]) -> bool:
    """Whether it says that something is wrong now.

    A check that passed, or could not be made, is a finding too (Security Hub API Reference, Compliance), and
    one that is resolved has been dealt with until it fails anew (Workflow).
    """
    checked = (finding.get("Compliance") or {}).get("Status", "FAILED")
    resolved = (finding.get("Workflow") or {}).get("Status") == "RESOLVED"
    return checked == "FAILED" and not resolved and not finding.get("Sample")


def _is_new(finding: Mapping[str, Any], attempt: Attempt) -> bool:
    """Whether it was first observed after a call; findings may have whole seconds."""
    first = moment(str(finding.get("FirstObservedAt") or finding.get("CreatedAt")))
    return first is not None and first >= attempt.at.replace(microsecond=0)


def _found(finding: Mapping[str, Any], traits: Traits, by: str, attempt: Attempt | None) -> Observation:
    origin = _origin(finding)
    return Observation(
        holds=True,
        summary=f"{finding.get('ProductName', 'a product')} told Security Hub ({origin}): {finding['Title']}",
        evidence={
            "finding": finding["Id"],
            "product": finding["ProductArn"],
            "origin": origin,
            "title": finding["Title"],
            "types": finding.get("Types", []),
            "severity": (finding.get("Severity") or {}).get("Label"),
            "resources": [each["Id"] for each in finding["Resources"]],
            "last_observed": traits.last_seen,
            "tied_by": by,
        },
        at=moment(str(finding.get("ProcessedAt") or finding["UpdatedAt"])),
        cause=attempt.at if attempt else None,
        final=True,
    )


def _origin(finding: Mapping[str, Any]) -> str:
    """How Security Hub came by a finding: an AWS service's own, or somebody's import."""
    if _OWN.search(finding["ProductArn"]):
        return "imported"
    if not finding["ProductArn"].endswith("/aws/guardduty"):
        return "rule"
    return basis(" ".join(finding.get("Types", ())), sample=False)


def _traits(finding: Mapping[str, Any]) -> Traits:
    resources = finding["Resources"]
    details = [(each.get("Details") or {}).get("AwsIamAccessKey") or {} for each in resources]
    key: Mapping[str, Any] = next((each for each in details if each), {})
    ids = [str(each["Id"]) for each in resources]
    keys = [each.rpartition(":")[2] for each in ids if each.startswith("AWS::IAM::AccessKey:")]
    action = (finding.get("Action") or {}).get("AwsApiCallAction") or {}
    about = {*ids, *keys, *(action.get("AffectedResources") or {}).values()}
    return Traits(
        principal=str(key.get("PrincipalId", "")),
        access_key=str(key.get("AccessKeyId") or next(iter(keys), "")),
        user_agent="",
        api=str(action.get("Api", "")),
        resources=frozenset(str(each) for each in about if each),
        last_seen=str(finding.get("LastObservedAt") or finding["UpdatedAt"]),
    )
