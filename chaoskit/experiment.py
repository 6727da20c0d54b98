"""An experiment as a value: what will be done, what must hold, what is expected, and the limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from chaoskit.slo import Duration  # noqa: TC001 - the spec reader reads these annotations

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from chaoskit.contract import Fault, Layer, Probe
    from chaoskit.schedules import Schedule


class Role(StrEnum):
    """What a probe is for in an expectation."""

    GUARDRAIL = "guardrail"
    DETECTION = "detection"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """The limits of a run; each is enforced."""

    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    max_duration: Duration
    max_changes: int


@dataclass(frozen=True, slots=True)
class Expectation:
    """What should come of the faults.

    Attributes:
        role: guardrail, detection or response.
        probe: What to look at.
        within: The SLO, counted from the moment the fault was sent. A guardrail has none.
        runbook: For a response, what must have done it: an SSM Automation document, `state_machine: NAME` or
            `function: NAME`.
        repaired_by: The probe that sees its execution.
    """

    role: Role
    probe: Probe
    within: Duration | None = None
    runbook: str | None = None
    repaired_by: Probe | None = None


RUNBOOK_PROBE: Final = "ssm.runbook-succeeded"
"""The probe behind `runbook: NAME`; it takes the document's name as `document`."""
RESPONDER_PROBES: Final = {
    "state_machine": "stepfunctions.execution-succeeded",
    "function": "lambda.responder-succeeded",
}
"""The probes behind `runbook: {state_machine: NAME}` and `runbook: {function: NAME}`."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment file, checked and with every `${...}` filled in."""

    id: str
    title: str
    owner: str
    layer: Layer
    hypothesis: str
    blast_radius: BlastRadius
    faults: tuple[Fault, ...]
    expect: tuple[Expectation, ...]
    path: Path
    steady_state: tuple[Probe, ...] = ()
    stop_conditions: tuple[Probe, ...] = ()
    maps: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    schedule: Schedule | None = None

    def expects(self, role: Role) -> bool:
        """Whether any expectation is of this role."""
        return any(expectation.role is role for expectation in self.expect)
