"""Looks whether a usage plan limits its clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("apigateway.usage-limited")
class UsageLimited(Probe):
    """The usage plan has a throttle and a quota, no higher than approved.

    Attributes:
        usage_plan: The plan's id.
        rate: The most requests a second that are approved.
        quota: The most requests in the quota's period that are approved.
    """

    usage_plan: str
    rate: int = 100
    quota: int = 100_000

    reads = ("apigateway:GetUsagePlan",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the plan's limits."""
        del trace
        select = (
            "{rate: throttle.rateLimit, burst: throttle.burstLimit, quota: quota.limit, period: quota.period}"
        )
        found = aws.read(Query("apigateway", "GetUsagePlan", {"usagePlanId": self.usage_plan}, select))
        holds = all(
            found[name] is not None and found[name] <= most
            for name, most in (("rate", self.rate), ("quota", self.quota))
        )
        return Observation(
            holds=holds,
            summary=f"usage plan {self.usage_plan} allows {found['rate'] or 'unlimited'} requests a second, "
            f"{found['quota'] or 'unlimited'} a {str(found['period'] or 'day').lower()}",
            evidence=found,
        )
