"""Looks which role a function runs as."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("lambda.runs-as")
class RunsAs(Probe):
    """The function runs as the role that was made for it.

    Attributes:
        function: The function's name.
        role_arn: The role's ARN.
    """

    function: str
    role_arn: str

    reads = ("lambda:GetFunctionConfiguration",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the function's configuration."""
        del trace
        role = aws.read(Query("lambda", "GetFunctionConfiguration", {"FunctionName": self.function}, "Role"))
        return Observation(
            holds=role == self.role_arn,
            summary=f"function {self.function} runs as {role}",
            evidence={"role": role},
        )
