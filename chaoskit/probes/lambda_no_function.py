"""Looks whether a function is absent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("lambda.no-function")
class NoFunction(Probe):
    """There is no function of that name.

    Attributes:
        function: The function's name.
    """

    function: str = "chaoskit-escalation"

    reads = ("lambda:GetFunctionConfiguration",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Ask for the function."""
        del trace
        which, gone = {"FunctionName": self.function}, ("ResourceNotFoundException",)
        found = aws.read(Query("lambda", "GetFunctionConfiguration", which, "FunctionName", gone))
        return Observation(
            holds=found is None,
            summary=f"there is {'no' if found is None else 'a'} function {self.function}",
            evidence={"function": found},
        )
