"""Looks whether a guardrail stopped the faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Attempt, Trace


@probe("call.denied")
class CallDenied(Probe):
    """Every fault was stopped by a denial, of the named policy layer.

    The layer is read from AWS's own words (IAM User Guide, "Troubleshoot access denied error
    messages").

    Attributes:
        by: The layer that should refuse.
        operation: Only look at this operation, e.g. InvokeEndpoint. By default each fault's last call
            counts: a fault ends with its first denial.
    """

    by: Literal["scp", "rcp", "boundary", "session", "identity", "resource", "endpoint", "bpa", "any"] = "scp"
    operation: str | None = None

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Compare what the run's own calls were answered with."""
        del aws
        decisive = self._decisive(trace)
        if not decisive:
            return Observation(
                holds=None,
                summary=f"{self.operation or 'no call'} was not made, so nothing was denied",
                final=True,
            )
        through = [a for a in decisive if a.outcome == "applied"]
        other = [a for a in decisive if a.outcome != "applied" and not self._right(a)]
        evidence = {
            "calls": [
                {
                    "call": str(a.call),
                    "outcome": a.outcome,
                    "denied_by": a.denied_by,
                    "message": a.message,
                    "request_id": a.request_id,
                }
                for a in decisive
            ]
        }
        if through:
            calls = ", ".join(str(a.call) for a in through)
            return Observation(holds=False, summary=f"{calls} went through", evidence=evidence, final=True)
        if other:
            first = other[0]
            by = f"by {first.denied_by}" if first.denied_by else f"but failed ({first.message})"
            return Observation(
                holds=None,
                summary=f"{first.call} was stopped {by}, not by {self.by}: the guardrail was not tested",
                evidence=evidence,
                final=True,
            )
        calls = ", ".join(str(a.call) for a in decisive)
        return Observation(
            holds=True,
            summary=f"{calls} denied by {decisive[0].denied_by}",
            evidence=evidence,
            at=max(a.at for a in decisive),
            final=True,
        )

    def _decisive(self, trace: Trace) -> list[Attempt]:
        if self.operation:
            return [a for a in trace.attempts if a.call.operation == self.operation]
        return list({a.fault: a for a in trace.attempts}.values())

    def _right(self, attempt: Attempt) -> bool:
        return attempt.outcome == "denied" and self.by in ("any", attempt.denied_by)
