"""A hub: one account's findings in one Region, how imports and customers change them, and their events.

Source: Security Hub User Guide, "BatchImportFindings for finding providers", "BatchUpdateFindings for
customers" and "Event format for Security Hub"; API Reference, `Workflow`.
"""

from __future__ import annotations

import uuid
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.security_hub.format import filled_in, updated_severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    Finding = dict[str, Any]

_CUSTOMERS = ("Note", "UserDefinedFields", "VerificationState", "Workflow", "WorkflowState")
"""Fields that an import never changes."""
_UPDATABLE = ("Confidence", "Criticality", "RelatedFindings", "Severity", "Types")
"""Fields that an import leaves alone once a customer has set them."""


def stamp(at: datetime) -> str:
    """A moment as Security Hub has it: UTC with milliseconds."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


@dataclass(slots=True)
class Hub:
    """Security Hub in one account and region, while it is enabled.

    Attributes:
        standards: The ARNs of the standards that are enabled, by subscription.
        ending: Until when those subscriptions are being disabled that are.
    """

    account: str
    region: str
    subscribed: str
    generator: str
    tags: Mapping[str, str]
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    standards: dict[str, str] = field(default_factory=dict)
    ending: dict[str, datetime] = field(default_factory=dict)
    set_by_customer: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The hub's ARN."""
        return f"arn:aws:securityhub:{self.region}:{self.account}:hub/default"

    def is_old(self, given: Mapping[str, Any]) -> bool:
        """Whether it says no more than what is there: an import that was not updated later is ignored."""
        before = self.findings.get((str(given["ProductArn"]), str(given["Id"])))
        return before is not None and _moment(given["UpdatedAt"]) <= _moment(before["UpdatedAt"])

    def take(self, given: Mapping[str, Any], product: str, company: str, now: datetime) -> Finding:
        """Add a finding, or update the one with its product and id."""
        key = (str(given["ProductArn"]), str(given["Id"]))
        made = filled_in(given, region=self.region, product=product, company=company, now=stamp(now))
        before = self.findings.get(key)
        if before is not None:
            kept = (*_CUSTOMERS, *self.set_by_customer.get(key, ()))
            made |= {name: before[name] for name in kept if name in before}
            if _opened_again(before, made):
                made |= {"Workflow": {"Status": "NEW"}, "WorkflowState": "NEW"}
        self.findings[key] = made
        return made

    def update(self, key: tuple[str, str], changes: Mapping[str, Any], now: datetime) -> Finding:
        """Change what a customer may change.

        Raises:
            KeyError: There is no such finding.
        """
        found = self.findings[key]
        mine = self.set_by_customer.setdefault(key, set())
        for name, value in changes.items():
            if name in {"FindingIdentifiers", "Filters"} or value is None:
                continue
            match name:
                case "Severity":
                    found[name] = updated_severity(value)
                case "Note":
                    found[name] = {**value, "UpdatedAt": stamp(now)}
                case "Workflow":
                    found[name] = dict(value)
                    found["WorkflowState"] = value["Status"]
                case _:
                    found[name] = value
            if name in _UPDATABLE:
                mine.add(name)
        found["ProcessedAt"] = stamp(now)
        return found

    def event(self, found: Finding, now: datetime) -> dict[str, Any]:
        """The event `Security Hub Findings - Imported`: of new findings and of updates, one finding each."""
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Security Hub Findings - Imported",
            "source": "aws.securityhub",
            "account": self.account,
            "time": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            "region": self.region,
            "resources": [f"{found['ProductArn']}/{found['Id']}"],
            "detail": {"findings": [deepcopy(found)]},
        }


def _moment(text: Any) -> datetime:
    moment = datetime.fromisoformat(str(text))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _opened_again(before: Finding, after: Finding) -> bool:
    """Whether a finding that was dealt with is there again, so that its workflow starts anew."""
    if before["Workflow"]["Status"] not in {"NOTIFIED", "RESOLVED"}:
        return False
    revived = before["RecordState"] == "ARCHIVED" and after["RecordState"] == "ACTIVE"
    was, is_ = ((each.get("Compliance") or {}).get("Status") for each in (before, after))
    return revived or (was == "PASSED" and is_ in {"FAILED", "WARNING", "NOT_AVAILABLE"})
