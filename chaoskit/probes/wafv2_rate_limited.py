"""Looks whether a resource is behind a web ACL that limits how fast it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("wafv2.rate-limited")
class RateLimited(Probe):
    """A web ACL protects the resource, and a rate-based rule of it blocks.

    Attributes:
        resource: ARN of the protected resource, e.g. of a REST API's stage.
    """

    resource: str

    example: ClassVar = {"resource": "arn:aws:apigateway:us-east-1::/restapis/a1b2c3d4e5/stages/v1"}

    reads = ("wafv2:GetWebACLForResource",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the resource's web ACL and its rules."""
        del trace
        where = {"ResourceArn": self.resource}
        acl: dict[str, Any] | None = aws.read(Query("wafv2", "GetWebACLForResource", where, "WebACL"))
        if not acl:
            return Observation(holds=False, summary=f"no web ACL protects {self.resource}")
        limits = [
            rule["Name"]
            for rule in acl.get("Rules", [])
            if "RateBasedStatement" in rule["Statement"] and "Block" in rule.get("Action", {})
        ]
        return Observation(
            holds=bool(limits),
            summary=f"web ACL {acl['Name']} protects {self.resource} "
            + (
                f"with the rate-based rule {limits[0]}" if limits else "without a rate-based rule that blocks"
            ),
            evidence={"web_acl": acl["ARN"], "rate_rules": limits},
        )
