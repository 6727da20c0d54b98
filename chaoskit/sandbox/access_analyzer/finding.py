"""A finding: one principal's access to one resource, from when it was found to when it was gone."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chaoskit.sandbox.access_analyzer.resources import Resource
    from chaoskit.sandbox.access_analyzer.witness import Access

    Key = tuple[Any, ...]

ACTIVE, ARCHIVED, RESOLVED = "ACTIVE", "ARCHIVED", "RESOLVED"


@dataclass(slots=True)
class Finding:
    """One of an analyzer's findings."""

    resource: str
    resource_type: str
    account: str
    access: Access
    created: datetime
    analyzed: datetime
    updated: datetime
    status: str = ACTIVE
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def detail(self) -> dict[str, Any]:
        """Who may do what, under which condition."""
        sources = {"sources": [{"type": self.access.source}]} if self.access.source else {}
        return {
            "principal": dict(self.access.principal),
            "action": list(self.access.actions),
            "condition": dict(self.access.condition),
            "isPublic": self.access.public,
            **sources,
        }

    @property
    def about(self) -> dict[str, Any]:
        """What both versions of the API say of a finding."""
        return {
            "id": self.id,
            "resource": self.resource,
            "resourceType": self.resource_type,
            "resourceOwnerAccount": self.account,
            "createdAt": self.created,
            "analyzedAt": self.analyzed,
            "updatedAt": self.updated,
            "status": self.status,
        }

    def told(self, *, region: str, deleted: bool = False) -> dict[str, Any]:
        """`detail` of its event (IAM User Guide, "Monitoring IAM Access Analyzer with EventBridge")."""
        detail = {name: value for name, value in self.detail.items() if name != "sources"}
        return {
            "version": "1.0",
            "id": self.id,
            "status": self.status,
            "resourceType": self.resource_type,
            "resource": self.resource,
            "createdAt": iso(self.created),
            "analyzedAt": iso(self.analyzed),
            "updatedAt": iso(self.updated),
            "accountId": self.account,
            "region": region,
            **detail,
            "isDeleted": deleted,
        }

    def field(self, name: str) -> list[str]:
        """The values of a filter key (IAM User Guide, "IAM Access Analyzer filter keys")."""
        head, _, rest = name.partition(".")
        if head in {"principal", "condition"}:
            value = self.detail[head].get(rest)
            return [] if value is None else [str(value)]
        said = {**self.about, **self.detail, "findingType": "ExternalAccess"}.get(name)
        if isinstance(said, list):
            return [str(one) for one in said]
        return [] if said is None else [str(said).lower() if isinstance(said, bool) else str(said)]


def key_of(resource: Resource, access: Access) -> Key:
    """What makes a finding another one: the resource, the principal, the permissions, the condition.

    Source: IAM User Guide, "Working with findings": shared "with different permissions or conditions, a new
    finding is generated".
    """
    return resource.arn, access.principal, access.actions, access.condition, access.source


def matches(finding: Finding, criteria: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a finding meets every criterion of a filter."""
    return all(_meets(finding.field(name), wanted) for name, wanted in criteria.items())


def _meets(values: list[str], wanted: Mapping[str, Any]) -> bool:
    if wanted.get("eq") and not set(values) & set(wanted["eq"]):
        return False
    if wanted.get("neq") and set(values) & set(wanted["neq"]):
        return False
    if wanted.get("contains") and not any(part in value for part in wanted["contains"] for value in values):
        return False
    return wanted.get("exists") is None or bool(values) is bool(wanted["exists"])


def iso(at: datetime) -> str:
    """`2019-11-21T01:22:22Z`."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
