"""An analyzer: its zone of trust, its findings, and what an analysis changes in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaoskit.policy import PolicyCache
from chaoskit.sandbox.access_analyzer.finding import ACTIVE, ARCHIVED, RESOLVED, Finding, key_of, matches
from chaoskit.sandbox.access_analyzer.resources import resources
from chaoskit.sandbox.access_analyzer.witness import Search
from chaoskit.sandbox.access_analyzer.zone import organization, zone_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chaoskit.sandbox.access_analyzer.finding import Key
    from chaoskit.sandbox.access_analyzer.resources import Resource
    from chaoskit.sandbox.access_analyzer.witness import Access

    Filter = Mapping[str, Mapping[str, Any]]

ACCOUNT, ORGANIZATION = "ACCOUNT", "ORGANIZATION"


@dataclass(slots=True)
class ArchiveRule:
    """New findings that match are archived at once."""

    name: str
    filter: Filter
    created: datetime
    updated: datetime

    def answer(self) -> dict[str, Any]:
        """As `GetArchiveRule` has it."""
        return {
            "ruleName": self.name,
            "filter": {key: dict(wanted) for key, wanted in self.filter.items()},
            "createdAt": self.created,
            "updatedAt": self.updated,
        }


@dataclass(slots=True)
class Analyzer:
    """One analyzer of an account's region."""

    name: str
    type: str
    account: str
    region: str
    created: datetime
    tags: dict[str, str] = field(default_factory=dict)
    rules: dict[str, ArchiveRule] = field(default_factory=dict)
    findings: dict[Key, Finding] = field(default_factory=dict)
    pending: bool = False
    last: tuple[str, datetime] | None = None
    cache: PolicyCache = field(default_factory=PolicyCache)

    NOT_STATE = frozenset({"cache"})

    @property
    def arn(self) -> str:
        """The analyzer's ARN."""
        return f"arn:aws:access-analyzer:{self.region}:{self.account}:analyzer/{self.name}"

    def answer(self) -> dict[str, Any]:
        """As `GetAnalyzer` has it."""
        last = (
            {"lastResourceAnalyzed": self.last[0], "lastResourceAnalyzedAt": self.last[1]}
            if self.last
            else {}
        )
        return {
            "arn": self.arn,
            "name": self.name,
            "type": self.type,
            "createdAt": self.created,
            "tags": self.tags,
            "status": "ACTIVE",
            **last,
        }

    def analyze(self, now: datetime) -> list[Finding]:
        """Look at every resource; which findings are new or have another status. Hold the sandbox's lock."""
        place = organization(self.account) if self.type == ORGANIZATION else None
        zone = zone_of(self.account, place)
        search = Search(zone, self.cache)
        found: dict[Key, tuple[Resource, Access]] = {}
        for account in sorted(zone.accounts):
            for resource in resources(account, self.region):
                self.last = resource.arn, now
                for access in search.ways_in(resource):
                    found[key_of(resource, access)] = resource, access
        changed = [self._open(key, *found[key], now) for key in found]
        changed += [self._resolve(one, now) for key, one in self.findings.items() if key not in found]
        return [one for one in changed if one is not None]

    def _open(self, key: Key, resource: Resource, access: Access, now: datetime) -> Finding | None:
        known = self.findings.get(key)
        if known is None:
            known = Finding(resource.arn, resource.type, resource.account, access, now, now, now)
            if any(matches(known, rule.filter) for rule in self.rules.values()):
                known.status = ARCHIVED
            self.findings[key] = known
            return known
        known.analyzed = now
        if known.status != RESOLVED:
            return None
        known.status, known.updated = ACTIVE, now
        return known

    def _resolve(self, finding: Finding, now: datetime) -> Finding | None:
        finding.analyzed = now
        if finding.status == RESOLVED:
            return None
        finding.status, finding.updated = RESOLVED, now
        return finding
