"""Which findings `AwsSecurityFindingFilters` select.

Source: Security Hub API Reference, "GetFindings", "StringFilter", "MapFilter", "DateFilter", "NumberFilter":
filters of several fields are all met; of one field's filters the positive ones are joined by OR, the negative
ones by AND.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Filter = Mapping[str, Any]
    Finding = Mapping[str, Any]

_PATHS: Mapping[str, str] = {
    "Type": "Types",
    "SeverityProduct": "Severity.Product",
    "SeverityNormalized": "Severity.Normalized",
    "SeverityLabel": "Severity.Label",
    "RecommendationText": "Remediation.Recommendation.Text",
    "ResourceType": "Resources.Type",
    "ResourceId": "Resources.Id",
    "ResourcePartition": "Resources.Partition",
    "ResourceRegion": "Resources.Region",
    "ResourceTags": "Resources.Tags",
    "ResourceDetailsOther": "Resources.Details.Other",
    "ResourceAwsIamAccessKeyUserName": "Resources.Details.AwsIamAccessKey.UserName",
    "ResourceAwsIamAccessKeyPrincipalName": "Resources.Details.AwsIamAccessKey.PrincipalName",
    "ResourceAwsIamAccessKeyStatus": "Resources.Details.AwsIamAccessKey.Status",
    "ResourceAwsIamUserUserName": "Resources.Details.AwsIamUser.UserName",
    "ResourceAwsS3BucketOwnerId": "Resources.Details.AwsS3Bucket.OwnerId",
    "ResourceAwsS3BucketOwnerName": "Resources.Details.AwsS3Bucket.OwnerName",
    "ComplianceStatus": "Compliance.Status",
    "ComplianceSecurityControlId": "Compliance.SecurityControlId",
    "ComplianceAssociatedStandardsId": "Compliance.AssociatedStandards.StandardsId",
    "WorkflowStatus": "Workflow.Status",
    "RelatedFindingsProductArn": "RelatedFindings.ProductArn",
    "RelatedFindingsId": "RelatedFindings.Id",
    "NoteText": "Note.Text",
    "NoteUpdatedAt": "Note.UpdatedAt",
    "NoteUpdatedBy": "Note.UpdatedBy",
    "FindingProviderFieldsConfidence": "FindingProviderFields.Confidence",
    "FindingProviderFieldsCriticality": "FindingProviderFields.Criticality",
    "FindingProviderFieldsSeverityLabel": "FindingProviderFields.Severity.Label",
    "FindingProviderFieldsSeverityOriginal": "FindingProviderFields.Severity.Original",
    "FindingProviderFieldsTypes": "FindingProviderFields.Types",
    "NetworkSourceIpV4": "Network.SourceIpV4",
    "NetworkDestinationIpV4": "Network.DestinationIpV4",
    "NetworkSourceDomain": "Network.SourceDomain",
    "MalwareName": "Malware.Name",
    "ThreatIntelIndicatorValue": "ThreatIntelIndicators.Value",
}
_AS_NAMED = frozenset(
    {
        "AwsAccountId",
        "AwsAccountName",
        "CompanyName",
        "Confidence",
        "CreatedAt",
        "Criticality",
        "Description",
        "FirstObservedAt",
        "GeneratorId",
        "Id",
        "LastObservedAt",
        "ProductArn",
        "ProductFields",
        "ProductName",
        "RecordState",
        "Region",
        "Sample",
        "SourceUrl",
        "Title",
        "UpdatedAt",
        "UserDefinedFields",
        "VerificationState",
        "WorkflowState",
    }
)
_MAPS = frozenset({"ProductFields", "UserDefinedFields", "ResourceTags", "ResourceDetailsOther"})
_NEGATIVE = frozenset({"NOT_EQUALS", "PREFIX_NOT_EQUALS", "NOT_CONTAINS"})
_MOST = 20
_NUMBERS: Mapping[str, Callable[[float, float], bool]] = {
    "Eq": float.__eq__,
    "Gte": float.__ge__,
    "Lte": float.__le__,
    "Gt": float.__gt__,
    "Lt": float.__lt__,
}


def check(filters: Mapping[str, Sequence[Filter]]) -> None:
    """Refuse what Security Hub refuses, and say which fields the sandbox cannot filter by.

    Raises:
        ApiError: InvalidInputException.
    """
    for name, each in filters.items():
        if name not in _PATHS and name not in _AS_NAMED and name != "Keyword":
            raise _invalid(f"The embedded Security Hub cannot filter findings by {name}.")
        if len(each or ()) > _MOST:
            raise _invalid(f"At most {_MOST} values are allowed in the filter {name}.")
        signs = {one.get("Comparison") in _NEGATIVE for one in each or () if one.get("Comparison")}
        if len(signs) > 1 and name not in _MAPS and not _prefixes(each):
            raise _invalid(f"The filter {name} mixes positive and negative comparisons.")


def _prefixes(filters: Sequence[Filter]) -> bool:
    """PREFIX may stand beside NOT_EQUALS and PREFIX_NOT_EQUALS (API Reference, `StringFilter`)."""
    return not {one.get("Comparison") for one in filters} - {"PREFIX", "NOT_EQUALS", "PREFIX_NOT_EQUALS"}


def selects(filters: Mapping[str, Sequence[Filter]], finding: Finding, now: datetime) -> bool:
    """Whether a finding meets all filters."""
    return all(_field(name, each, finding, now) for name, each in filters.items() if each)


def _field(name: str, filters: Sequence[Filter], finding: Finding, now: datetime) -> bool:
    if name == "Keyword":
        text = " ".join(_texts(finding)).lower()
        return any(str(one.get("Value", "")).lower() in text for one in filters)
    values = list(_values(finding, _PATHS.get(name, name)))
    negative = [one for one in filters if one.get("Comparison") in _NEGATIVE]
    positive = [one for one in filters if one.get("Comparison") not in _NEGATIVE]
    if positive and not any(_one(one, values, now) for one in positive):
        return False
    return all(_one(one, values, now) for one in negative)


def _one(wanted: Filter, values: Sequence[Any], now: datetime) -> bool:
    if "Key" in wanted:
        held = [str(each[wanted["Key"]]) for each in values if wanted["Key"] in each]
        return _compare(wanted, held)
    if "Comparison" in wanted:
        return _compare(wanted, [str(each) for each in values])
    if wanted.keys() & {"Start", "End", "DateRange"}:
        return any(_within(wanted, datetime.fromisoformat(str(each)), now) for each in values)
    if "Cidr" in wanted:
        network = ipaddress.ip_network(wanted["Cidr"], strict=False)
        return any(ipaddress.ip_address(each) in network for each in values)
    if isinstance(wanted.get("Value"), bool):
        return any(each is wanted["Value"] for each in values)
    bounds = [(compare, wanted[name]) for name, compare in _NUMBERS.items() if wanted.get(name) is not None]
    return any(all(compare(float(each), float(bound)) for compare, bound in bounds) for each in values)


def _compare(wanted: Filter, held: Sequence[str]) -> bool:
    value = str(wanted.get("Value", ""))
    match wanted.get("Comparison"):
        case "EQUALS":
            return value in held
        case "NOT_EQUALS":
            return value not in held
        case "PREFIX":
            return any(each.startswith(value) for each in held)
        case "PREFIX_NOT_EQUALS":
            return not any(each.startswith(value) for each in held)
        case "CONTAINS":
            return any(value in each for each in held)
        case "NOT_CONTAINS":
            return not any(value in each for each in held)
        case "CONTAINS_WORD":
            word = re.compile(rf"(?<!\w){re.escape(value)}(?!\w)", re.IGNORECASE)
            return any(word.search(each) for each in held)
        case unknown:
            raise _invalid(f"{unknown} is not a comparison.")


def _within(wanted: Filter, at: datetime, now: datetime) -> bool:
    """Whether a moment is in a range of dates, or not longer ago than so many days."""
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    span = wanted.get("DateRange")
    if span:
        return now - timedelta(days=int(span["Value"])) <= at <= now
    start, end = wanted.get("Start"), wanted.get("End")
    after = not start or at >= datetime.fromisoformat(str(start))
    return after and (not end or at <= datetime.fromisoformat(str(end)))


def _values(value: Any, path: str) -> Iterator[Any]:
    if isinstance(value, list):
        for one in value:
            yield from _values(one, path)
    elif not path:
        if value is not None:
            yield value
    elif isinstance(value, dict):
        name, _, rest = path.partition(".")
        yield from _values(value.get(name), rest)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidInputException", message)
