"""Looks whether an AWS Config rule finds a resource as it should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.contract import Observation, Probe, probe
from chaoskit.probes._config import READS, results, rule_is_on

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("config.compliant")
class Compliant(Probe):
    """The AWS Config rule says COMPLIANT of a resource; unknown while it says nothing of it.

    Attributes:
        rule: The rule's name.
        resource: The resource's name, id or ARN.
    """

    rule: str
    resource: str

    reads = READS

    def ready(self, aws: Reader) -> Observation:
        """AWS Config records, and the rule exists and is active."""
        return rule_is_on(aws, self.rule)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read what the rule said last of the resource."""
        del trace
        said = results(aws, self.rule, self.resource)
        if not said:
            why = f"there is no AWS Config rule {self.rule}" if said is None else "it has said nothing"
            return Observation(holds=None, summary=f"AWS Config can't tell of {self.resource}: {why}")
        worst = next((one for one in said if one["ComplianceType"] != "COMPLIANT"), said[0])
        return Observation(
            holds=worst["ComplianceType"] == "COMPLIANT",
            summary=f"AWS Config rule {self.rule} says {self.resource} is {worst['ComplianceType']}",
            evidence={
                "rule": self.rule,
                "resource": self.resource,
                "compliance": worst["ComplianceType"],
                "annotation": worst.get("Annotation", ""),
            },
        )
