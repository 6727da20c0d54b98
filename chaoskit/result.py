"""What a run found. A result begins as ERROR and must earn anything better."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from chaoskit.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from chaoskit.experiment import Expectation, Experiment
    from chaoskit.slo import Interval

SCHEMA: Final = "chaoskit/results/v1"


class Verdict(StrEnum):
    """The outcome of one experiment."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    ABORTED = "ABORTED"
    INCONCLUSIVE = "INCONCLUSIVE"
    ERROR = "ERROR"

    @property
    def exit_code(self) -> ExitCode:
        """The exit status that stands for this verdict; a higher one is worse."""
        return ExitCode[self.value]


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a run's timeline."""

    at: datetime
    event: str
    detail: str


@dataclass(slots=True)
class ChangeResult:
    """What came of one change; `outcome` is applied, denied or failed, `entry` its row in the journal."""

    service: str
    operation: str
    outcome: str
    denied_by: str | None = None
    message: str = ""
    request_id: str = ""
    at: datetime | None = None
    undone: bool = False
    entry: int | None = None


@dataclass(slots=True)
class FaultResult:
    """What came of one fault."""

    name: str
    changes: list[ChangeResult] = field(default_factory=list)


@dataclass(slots=True)
class ExpectationResult:
    """What was seen of one expectation.

    Attributes:
        met: True, False, or None when it could not be told.
        latency_s: From the sending of the fault to the evidence's own timestamp (or the first look
            that saw it, where the evidence carries none), in seconds.
        latency_interval: Between the last look without the evidence and the first with it.
        evidence: What proved it.
    """

    expectation: Expectation
    met: bool | None = None
    latency_s: float | None = None
    latency_interval: Interval | None = None
    summary: str = "was not looked at"
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def dump(self) -> dict[str, Any]:
        """The JSON of the results schema."""
        within, interval = self.expectation.within, self.latency_interval
        return {
            "role": self.expectation.role.value,
            "probe": self.expectation.probe.about.name,
            "runbook": self.expectation.runbook,
            "met": self.met,
            "slo_s": float(within) if within is not None else None,
            "latency_s": None if self.latency_s is None else round(self.latency_s, 6),
            "latency_interval_s": [round(interval.lo, 6), round(interval.hi, 6)] if interval else None,
            "summary": self.summary,
            "evidence": dict(self.evidence),
        }


@dataclass(slots=True)
class Result:
    """One experiment's outcome."""

    experiment: Experiment
    account: str
    region: str
    trace_id: str
    verdict: Verdict = Verdict.ERROR
    reason: str = "the run did not come to an end"
    restored: bool = False
    started: datetime | None = None
    finished: datetime | None = None
    faults: list[FaultResult] = field(default_factory=list)
    expectations: list[ExpectationResult] = field(default_factory=list)
    timeline: list[Event] = field(default_factory=list)
    left_open: list[str] = field(default_factory=list)

    def dump(self) -> dict[str, Any]:
        """The JSON of the results schema."""
        return {
            "experiment": self.experiment.id,
            "title": self.experiment.title,
            "path": str(self.experiment.path),
            "account": self.account,
            "region": self.region,
            "trace_id": self.trace_id,
            "started": _stamp(self.started),
            "finished": _stamp(self.finished),
            "verdict": self.verdict.value,
            "reason": self.reason,
            "restored": self.restored,
            "left_open": self.left_open,
            "faults": [
                {"fault": fault.name, "changes": [_change(change) for change in fault.changes]}
                for fault in self.faults
            ],
            "expectations": [expectation.dump() for expectation in self.expectations],
            "timeline": [
                {"at": _stamp(event.at), "event": event.event, "detail": event.detail}
                for event in self.timeline
            ],
        }


@dataclass(slots=True)
class Results:
    """The outcome of a set of experiments."""

    run_id: str
    target: str
    started: datetime
    finished: datetime | None = None
    results: list[Result] = field(default_factory=list)

    @property
    def exit_code(self) -> ExitCode:
        """The worst verdict's; ERROR when nothing ran."""
        return worst(result.verdict for result in self.results)

    def dump(self) -> dict[str, Any]:
        """The document that `run --json` writes."""
        return {
            "schema": SCHEMA,
            "run_id": self.run_id,
            "target": self.target,
            "started": _stamp(self.started),
            "finished": _stamp(self.finished),
            "results": [result.dump() for result in self.results],
        }


def worst(verdicts: Iterable[Verdict]) -> ExitCode:
    """The exit code of a set of verdicts."""
    return max((verdict.exit_code for verdict in verdicts), default=ExitCode.ERROR)


def _change(change: ChangeResult) -> dict[str, Any]:
    return {
        "service": change.service,
        "operation": change.operation,
        "outcome": change.outcome,
        "denied_by": change.denied_by,
        "message": change.message,
        "request_id": change.request_id,
        "at": _stamp(change.at),
        "undone": change.undone,
    }


def _stamp(at: datetime | None) -> str | None:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None
