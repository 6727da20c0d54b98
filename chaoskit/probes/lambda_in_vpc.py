"""Looks whether a function stands in a VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("lambda.in-vpc")
class InVpc(Probe):
    """The function stands in this subnet, and in no other.

    Attributes:
        function: The function's name.
        subnet: The subnet's id.
    """

    function: str
    subnet: str

    reads = ("lambda:GetFunctionConfiguration",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read where it stands."""
        del trace
        where = {"FunctionName": self.function}
        subnets = aws.read(Query("lambda", "GetFunctionConfiguration", where, "VpcConfig.SubnetIds")) or []
        holds = subnets == [self.subnet]
        return Observation(
            holds=holds,
            summary=f"function {self.function} stands "
            + ("in its subnet" if holds else f"in {', '.join(subnets) or 'no VPC'}"),
            evidence={"subnets": subnets},
        )
