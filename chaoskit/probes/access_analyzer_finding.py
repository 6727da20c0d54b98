"""Looks whether IAM Access Analyzer found that the fault opened a resource to outsiders."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("access-analyzer.finding")
class AnalyzerFinding(Probe):
    """Access Analyzer has an ACTIVE finding of external access to a resource that the fault touched.

    The finding must have been made or updated since the fault's call. Before any call is made, a finding
    that is there already is said to be the detection: it could then prove nothing.

    Attributes:
        resource: The resource's name or ARN.
        analyzer: The analyzer's name; by default every one that is active and looks at external access.
    """

    resource: str
    analyzer: str | None = None

    reads = ("accessanalyzer:ListAnalyzers", "accessanalyzer:ListFindings")

    def ready(self, aws: Reader) -> Observation:
        """An analyzer is active."""
        if self._analyzers(aws):
            return Observation(holds=True, summary="an analyzer is active")
        what = (
            f"analyzer {self.analyzer} is not there or not active"
            if self.analyzer
            else "no analyzer is active"
        )
        return Observation(holds=False, summary=what)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the analyzers' active findings and compare them with the run's calls."""
        calls = [one.at for one in trace.attempts if one.outcome == "applied" and self._names(one.touched())]
        for arn in self._analyzers(aws):
            for finding in self._findings(aws, arn):
                updated = _time(finding["updatedAt"])
                if not trace.attempts:
                    return self._found(arn, finding, "no call of this run", None)
                if calls and updated >= calls[0]:
                    cause = max(at for at in calls if at <= updated)
                    return self._found(arn, finding, "resource and time", cause)
        return Observation(
            holds=False, summary=f"Access Analyzer has no finding since the fault of {self.resource}"
        )

    def _analyzers(self, aws: Reader) -> list[str]:
        found: list[Mapping[str, Any]] = aws.read(
            Query("accessanalyzer", "ListAnalyzers", select="analyzers")
        )
        return [
            str(one["arn"])
            for one in found
            if one["status"] == "ACTIVE"
            and one["type"] in {"ACCOUNT", "ORGANIZATION"}
            and self.analyzer in (None, one["name"])
        ]

    def _findings(self, aws: Reader, analyzer: str) -> list[Mapping[str, Any]]:
        """The active findings of access to the resource, newest first.

        One with an error tells of no access, but that it could not be analyzed (IAM User Guide, "IAM Access
        Analyzer error findings").
        """
        where = {"analyzerArn": analyzer, "filter": {"status": {"eq": ["ACTIVE"]}}}
        found: list[Mapping[str, Any]] = aws.read(Query("accessanalyzer", "ListFindings", where, "findings"))
        mine = [one for one in found if self._names({str(one.get("resource", ""))}) and not one.get("error")]
        return sorted(mine, key=lambda one: _time(one["updatedAt"]), reverse=True)

    def _names(self, given: frozenset[str] | set[str]) -> bool:
        """Whether one of the names or ARNs is the resource's."""
        mine = _ends(self.resource)
        return any(not mine.isdisjoint(_ends(name)) for name in given)

    def _found(
        self, analyzer: str, finding: Mapping[str, Any], tied_by: str, cause: datetime | None
    ) -> Observation:
        updated = _time(finding["updatedAt"])
        return Observation(
            holds=True,
            summary=f"Access Analyzer found external access to {self.resource}",
            evidence={
                "analyzer": analyzer,
                "finding_id": finding["id"],
                "resource": finding["resource"],
                "principal": dict(finding.get("principal") or {}),
                "actions": list(finding.get("action") or []),
                "condition": dict(finding.get("condition") or {}),
                "public": finding.get("isPublic"),
                "updated": updated.isoformat(),
                "tied_by": tied_by,
            },
            at=updated,
            cause=cause,
            final=True,
        )


def _ends(name: str) -> frozenset[str]:
    """A name, or an ARN and the name at its end."""
    if not name.startswith("arn:"):
        return frozenset({name, name.rpartition("/")[2]}) if name else frozenset()
    resource = name.split(":", 5)[-1]
    return frozenset({name, resource, resource.rpartition("/")[2], resource.rpartition(":")[2]})


def _time(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
