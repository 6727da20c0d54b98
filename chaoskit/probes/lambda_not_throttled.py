"""Looks whether a function may run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("lambda.not-throttled")
class NotThrottled(Probe):
    """The function's reserved concurrency is not 0.

    Attributes:
        function: The function's name.
    """

    function: str

    reads = ("lambda:GetFunctionConcurrency",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read its reserved concurrency."""
        del trace
        found = aws.read(
            Query(
                "lambda",
                "GetFunctionConcurrency",
                {"FunctionName": self.function},
                "ReservedConcurrentExecutions",
            )
        )
        holds = found != 0
        return Observation(
            holds=holds,
            summary=f"function {self.function} may run"
            if holds
            else f"function {self.function} is throttled",
            evidence={"found": found},
        )
