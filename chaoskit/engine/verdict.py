"""From what was seen to a verdict and its reason. Anything short of evidence is not a pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaoskit.experiment import Role
from chaoskit.result import Verdict

if TYPE_CHECKING:
    from chaoskit.contract import Trace
    from chaoskit.result import Result

NOTHING_EXPECTED: Final = "nothing was expected of it"
"""The reason of a run that kept its faults in, and took them out again, for somebody else to look."""


def judge(result: Result, trace: Trace) -> tuple[Verdict, str]:
    """The verdict of a run that went through and was restored.

    Args:
        result: With its expectations as they were seen.
        trace: The faults' calls.
    """
    missed = [e for e in result.expectations if e.met is False]
    # A call that a guardrail let through is a weakness, whether or not somebody repaired it at once.
    breached = any(e.expectation.role is Role.GUARDRAIL for e in missed)
    why = without_effect(result, trace)
    if why and not breached:
        return Verdict.INCONCLUSIVE, why
    if missed:
        return Verdict.FAILED, "; ".join(f"{e.expectation.role}: {e.summary}" for e in missed)
    unknown = [e for e in result.expectations if e.met is None]
    if not result.expectations:
        return Verdict.INCONCLUSIVE, NOTHING_EXPECTED
    if unknown:
        return Verdict.INCONCLUSIVE, "; ".join(f"{e.expectation.role}: {e.summary}" for e in unknown)
    return Verdict.PASSED, "; ".join(f"{e.expectation.role}: {e.summary}" for e in result.expectations)


def without_effect(result: Result, trace: Trace) -> str | None:
    """Why the faults prove nothing, or None when they do."""
    if not trace.attempts:
        return "no fault was injected: what it would change is so already"
    idle = ", ".join(fault.name for fault in result.faults if not fault.changes)
    if idle:
        return f"{idle} was not injected: what it would change is so already"
    guarded = result.experiment.expects(Role.GUARDRAIL)
    # A responder may be quicker than the look for the effect: what it repaired had been broken, late or not.
    repaired = {name for e in result.expectations for name in e.evidence.get("repaired", ())}
    for attempt in trace.attempts:
        if attempt.outcome == "failed":
            return f"the fault could not be injected: {attempt.message}"
        if attempt.outcome == "denied" and not guarded:
            return f"the fault had no effect: {attempt.call} was denied by {attempt.denied_by}"
        if attempt.effect is False and not attempt.touched() & repaired:
            return f"the fault had no effect: {attempt.call} was answered, but the state did not change"
    return None
