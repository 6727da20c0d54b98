"""Looks whether a VPC's traffic to a service goes through an endpoint whose policy limits it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe
from chaoskit.probes._sharing import listed

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("ec2.endpoint-in-place")
class EndpointInPlace(Probe):
    """The VPC has an endpoint for the service, and no statement of its policy allows every resource.

    Attributes:
        vpc: The VPC's id.
        service: The service's short name, e.g. `s3` or `sagemaker.runtime`.
        route_table: Id of a route table that must lead to it; for gateway endpoints.
    """

    vpc: str
    service: str = "s3"
    route_table: str | None = None

    reads = ("ec2:DescribeVpcEndpoints",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the endpoint, its policy and its routes."""
        del trace
        where = {
            "Filters": [
                {"Name": "vpc-id", "Values": [self.vpc]},
                {"Name": "service-name", "Values": [f"com.amazonaws.{aws.region}.{self.service}"]},
                {"Name": "vpc-endpoint-state", "Values": ["available"]},
            ]
        }
        found = aws.read(Query("ec2", "DescribeVpcEndpoints", where, "VpcEndpoints[]")) or []
        wrong = [problem for one in found for problem in self._problems(one)]
        if not found:
            wrong = ["there is none"]
        name = f"the {self.service} endpoint of {self.vpc}"
        return Observation(
            holds=not wrong,
            summary=f"{name}: {', '.join(wrong)}" if wrong else f"{name} is in place and limits what passes",
            evidence={"endpoints": [one["VpcEndpointId"] for one in found], "problems": wrong},
        )

    def _problems(self, endpoint: dict[str, Any]) -> list[str]:
        problems = []
        if self.route_table and self.route_table not in (endpoint.get("RouteTableIds") or ()):
            problems.append(f"{self.route_table} does not lead to it")
        statements = json.loads(endpoint["PolicyDocument"]).get("Statement", [])
        for statement in listed(statements):
            resources = listed(statement.get("Resource", "*"))
            if statement.get("Effect") == "Allow" and any(map(_is_everything, resources)):
                problems.append("its policy allows every resource")
        return problems


def _is_everything(resource: str) -> bool:
    """Whether a pattern names no account and no resource: `*`, `arn:aws:s3:::*`, `arn:aws:kms:*:*:key/*`."""
    _, _, _, _, account, name = [*resource.split(":", 5), *["*"] * 5][:6]
    # S3's ARNs have no account; others have the resource's type before its name.
    name = re.split("[/:]", name, maxsplit=1)[-1] if account else name
    return not set(account + name) - set("*?/")
