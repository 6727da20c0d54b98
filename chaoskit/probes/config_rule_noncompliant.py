"""Looks whether an AWS Config rule reported what the fault did."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from chaoskit.contract import Observation, Probe, probe
from chaoskit.probes._config import READS, results, rule_is_on

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("config.rule-noncompliant")
class RuleNoncompliant(Probe):
    """The AWS Config rule says NON_COMPLIANT of a resource that the fault touched, since it touched it.

    A result that was recorded before the fault's call does not count. Before any call is made, a resource
    that is not compliant already is said to be reported: the rule could then prove nothing.

    Attributes:
        rule: The rule's name.
        resource: The resource's name, id or ARN: a bucket's name, for one.
    """

    rule: str
    resource: str

    reads = READS

    def ready(self, aws: Reader) -> Observation:
        """AWS Config records, and the rule exists and is active."""
        return rule_is_on(aws, self.rule)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the rule's results and compare them with the run's calls."""
        said = results(aws, self.rule, self.resource)
        if said is None:
            return Observation(holds=None, summary=f"there is no AWS Config rule {self.rule}")
        bad = [one for one in said if one["ComplianceType"] == "NON_COMPLIANT"]
        if not bad:
            return self._silent("has not reported")
        if not trace.attempts:
            return self._reported(bad[0], "no call of this run", None)
        calls = [one for one in trace.attempts if one.outcome == "applied" and self._touched(one.touched())]
        if not calls:
            return self._silent("has reported what no call of this run touched:")
        for one in bad:
            recorded, first = _time(one), calls[0].at
            # A result says when it was recorded, but the resource was read before that.
            if recorded >= first and _time(one, "ConfigRuleInvokedTime") >= first:
                return self._reported(one, "resource and time", max(c.at for c in calls if c.at <= recorded))
        return self._silent("has no result since the fault of")

    def _touched(self, names: frozenset[str]) -> bool:
        """Whether one of the names is of the resource, as a name or as the end of an ARN."""
        ends = {self.resource, *(self.resource.rpartition(mark)[2] for mark in (":::", "/", ":"))}
        return any(name in ends or name.rpartition("/")[2] in ends for name in names)

    def _silent(self, what: str) -> Observation:
        return Observation(holds=False, summary=f"AWS Config rule {self.rule} {what} {self.resource}")

    def _reported(self, result: Mapping[str, Any], tied_by: str, cause: datetime | None) -> Observation:
        subject = result["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
        return Observation(
            holds=True,
            summary=f"AWS Config rule {self.rule} reported {self.resource} as NON_COMPLIANT",
            evidence={
                "rule": self.rule,
                "resource_type": subject["ResourceType"],
                "resource_id": subject["ResourceId"],
                "annotation": result.get("Annotation", ""),
                "recorded": _time(result).isoformat(),
                "tied_by": tied_by,
            },
            at=_time(result),
            cause=cause,
            final=True,
        )


def _time(result: Mapping[str, Any], name: str = "ResultRecordedTime") -> datetime:
    value = result[name]
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
