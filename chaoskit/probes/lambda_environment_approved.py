"""Looks whether a function's environment has only what was approved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("lambda.environment-approved")
class EnvironmentApproved(Probe):
    """The function's environment has no variable but the approved ones: secrets belong elsewhere.

    Only names are looked at, never values. What Lambda can't decrypt for the caller has none: there is an
    error in their place (Lambda API Reference, EnvironmentResponse), and it can't be told.

    Attributes:
        function: The function's name.
        variables: The names of the approved variables.
    """

    function: str
    variables: tuple[str, ...] = ()

    reads = ("lambda:GetFunctionConfiguration",)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read the names."""
        del trace
        where = {"FunctionName": self.function}
        found = aws.read(Query("lambda", "GetFunctionConfiguration", where, "Environment")) or {}
        if error := found.get("Error"):
            said = f"the environment of function {self.function} can't be read: {error.get('ErrorCode')}"
            return Observation(holds=None, summary=said)
        more = sorted({*(found.get("Variables") or ())} - {*self.variables})
        return Observation(
            holds=not more,
            summary=f"function {self.function} has "
            + (f"{', '.join(more)} in its environment" if more else "approved variables only"),
            evidence={"not_approved": more},
        )
