"""The AWS Security Finding Format: what a finding must have, and what is filled in.

Source: Security Hub User Guide, "Required top-level ASFF attributes" and "BatchImportFindings for finding
providers"; API Reference, `AwsSecurityFinding`, `Severity`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    Finding = Mapping[str, Any]

SCHEMA = "2018-10-08"
LABELS: Mapping[str, int] = {"INFORMATIONAL": 0, "LOW": 1, "MEDIUM": 40, "HIGH": 70, "CRITICAL": 90}
"""Severity labels, and the lowest normalized severity of each."""
_REQUIRED = (
    "SchemaVersion",
    "Id",
    "ProductArn",
    "GeneratorId",
    "AwsAccountId",
    "CreatedAt",
    "UpdatedAt",
    "Title",
    "Description",
    "Resources",
)
_LONGEST = {"Id": 512, "GeneratorId": 512, "Title": 256, "Description": 1024}
_LARGEST = 240 * 1024
_MOST_RESOURCES = 32
_MOST_TYPES = 50
_MOST_FIELDS = 50
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)")
_TIMES = ("CreatedAt", "UpdatedAt", "FirstObservedAt", "LastObservedAt")
_TYPE = re.compile(
    r"(Software and Configuration Checks|TTPs|Effects|Unusual Behaviors|Sensitive Data Identifications)"
    r"(/[^/]+){0,2}"
)


def problem(finding: Finding) -> str:
    """Why Security Hub does not take a finding, or empty."""
    missing = [name for name in _REQUIRED if not finding.get(name)]
    if missing:
        return f"data should have required property {missing[0]}"
    if finding["SchemaVersion"] != SCHEMA:
        return f"data.SchemaVersion should be equal to one of the allowed values: {SCHEMA}"
    for name, longest in _LONGEST.items():
        if len(str(finding[name])) > longest:
            return f"data.{name} should NOT be longer than {longest} characters"
    for name in _TIMES:
        if finding.get(name) and not _TIME.fullmatch(str(finding[name])):
            return f"data.{name} should match format date-time"
    if len(json.dumps(finding, default=str).encode()) > _LARGEST:
        return "data should NOT be larger than 240 KB"
    return _types(finding) or _severity(finding) or _resources(finding)


def _types(finding: Finding) -> str:
    given = (finding.get("FindingProviderFields") or {}).get("Types") or finding.get("Types") or []
    if len(given) > _MOST_TYPES:
        return f"data.Types should NOT have more than {_MOST_TYPES} items"
    wrong = [number for number, each in enumerate(given) if not _TYPE.fullmatch(str(each))]
    return f"data.Types[{wrong[0]}] should match namespace/category/classifier" if wrong else ""


def _severity(finding: Finding) -> str:
    given = (finding.get("FindingProviderFields") or {}).get("Severity") or finding.get("Severity")
    if not given:
        return "data should have required property Severity"
    if given.get("Label") and given["Label"] not in LABELS:
        return "data.Severity.Label should be equal to one of the allowed values"
    return ""


def _resources(finding: Finding) -> str:
    given = finding["Resources"]
    if len(given) > _MOST_RESOURCES:
        return f"data.Resources should NOT have more than {_MOST_RESOURCES} items"
    for number, each in enumerate(given):
        for name in ("Type", "Id"):
            if not each.get(name):
                return f"data.Resources[{number}] should have required property {name}"
    if len(finding.get("ProductFields") or {}) > _MOST_FIELDS:
        return f"data.ProductFields should NOT have more than {_MOST_FIELDS} properties"
    return ""


def filled_in(finding: Finding, *, region: str, product: str, company: str, now: str) -> dict[str, Any]:
    """A finding as Security Hub keeps it: with what it adds itself."""
    provided = dict(finding.get("FindingProviderFields") or {})
    severity = _both(provided.get("Severity") or finding.get("Severity") or {})
    types = list(provided.get("Types") or finding.get("Types") or [])
    provider_severity = {name: severity[name] for name in ("Label", "Original") if name in severity}
    return {
        "RecordState": "ACTIVE",
        "Workflow": {"Status": "NEW"},
        "WorkflowState": "NEW",
        "Region": region,
        **finding,
        "ProductName": product,
        "CompanyName": company,
        "Severity": severity,
        "Types": types,
        "FindingProviderFields": {**provided, "Severity": provider_severity, "Types": types},
        "ProductFields": {
            **(finding.get("ProductFields") or {}),
            "aws/securityhub/FindingId": f"{finding['ProductArn']}/{finding['Id']}",
            "aws/securityhub/ProductName": product,
            "aws/securityhub/CompanyName": company,
        },
        "Resources": [{"Partition": "aws", "Region": region, **each} for each in finding["Resources"]],
        "ProcessedAt": now,
    }


def _both(given: Mapping[str, Any]) -> dict[str, Any]:
    """A severity with label and number: each follows from the other."""
    severity = dict(given)
    if "Label" in severity:
        severity["Normalized"] = LABELS[severity["Label"]]
    else:
        normalized = int(severity.get("Normalized") or severity.get("Product") or 0)
        severity["Normalized"] = normalized
        severity["Label"] = [label for label, least in LABELS.items() if least <= normalized][-1]
    return severity


def updated_severity(given: Mapping[str, Any]) -> dict[str, Any]:
    """The severity that BatchUpdateFindings sets."""
    return _both(given)
