"""What a run found. A result begins as ERROR and must earn anything better."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from html import escape
from typing import TYPE_CHECKING, Any, Final

from chaoskit.errors import ExitCode
from chaoskit.evidence import sealed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from chaoskit.experiment import Expectation, Experiment
    from chaoskit.slo import Interval

SCHEMA: Final = "chaoskit/results/v1"
# AWS's messages call a key policy a resource-based policy.
_AS_NAMED: Final = {"kms": "resource"}


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


class Foreseen(StrEnum):
    """What a prediction says of a call."""

    STOPPED = "stopped"
    NOT_STOPPED = "not stopped"
    DEPENDS = "depends"


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the account's policies say will become of a call, before it is made.

    Attributes:
        effect: Stopped, not stopped, or depends on what can't be known beforehand.
        layer: For a stopped call, who stops it: a layer as in `chaoskit.errors.DeniedError`, or
            `ownership` for a bucket that has ACLs disabled.
        policy: The policy that does, by name or ARN; empty when nothing allows the call.
        sid: Its statement.
        depends_on: The condition keys that would settle it, and what could not be read.
        action: The IAM action that decides, one of those the call needs.
        resource: What it acts on.
        certain: False when something that can't be known may stop the call before `layer` does.
    """

    effect: Foreseen
    layer: str | None = None
    policy: str = ""
    sid: str = ""
    depends_on: tuple[str, ...] = ()
    action: str = ""
    resource: str = ""
    certain: bool = True

    def __str__(self) -> str:
        if self.effect is Foreseen.NOT_STOPPED:
            return "not stopped"
        if self.effect is Foreseen.DEPENDS:
            return f"depends on {', '.join(self.depends_on)}"
        by = " ".join(filter(None, (self.layer, self.policy)))
        if self.sid:
            return f"stopped by {by}, Sid {self.sid}"
        return f"stopped by {by}" + ("" if self.policy else f": nothing allows {self.action}")

    def dump(self) -> dict[str, Any]:
        """The JSON of the results schema."""
        return {
            "effect": self.effect.value,
            "summary": str(self),
            "layer": self.layer,
            "policy": self.policy or None,
            "sid": self.sid or None,
            "depends_on": list(self.depends_on),
            "action": self.action,
            "resource": self.resource,
        }


@dataclass(slots=True)
class ChangeResult:
    """What came of one change; `outcome` is applied, denied or failed, `entry` its row in the journal.

    `predicted` is what the policies said beforehand, when they were asked.
    """

    service: str
    operation: str
    outcome: str
    denied_by: str | None = None
    message: str = ""
    request_id: str = ""
    at: datetime | None = None
    undone: bool = False
    entry: int | None = None
    predicted: Prediction | None = None

    @property
    def disagreement(self) -> str | None:
        """In what the prediction was wrong, or None: then the policies are not what they seem."""
        foreseen, happened = self.predicted, self.outcome
        if foreseen is None or foreseen.effect is Foreseen.DEPENDS:
            return None
        stopped = foreseen.effect is Foreseen.STOPPED
        if happened == "applied":
            return f"predicted {foreseen}, but it went through" if stopped else None
        if happened != "denied":  # it failed for a reason that no policy gives
            return None
        by = f"denied by {self.denied_by}" if self.denied_by not in (None, "unknown") else "denied"
        if not stopped:
            return f"predicted not stopped, but it was {by}"
        named = _AS_NAMED.get(foreseen.layer or "", foreseen.layer)
        if foreseen.certain and self.denied_by not in (None, "unknown", named):
            return f"predicted {foreseen}, but it was {by}"
        return None


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
            # Durations are numbers too, and written as texts.
            "parameters": {
                name: str(value) if isinstance(value, float) else value
                for name, value in vars(self.expectation.probe).items()
            },
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

    def disagreements(self) -> list[dict[str, Any]]:
        """Where prediction and outcome differ: a finding of its own."""
        return [
            {
                "experiment": self.experiment.id,
                "fault": fault.name,
                "call": f"{change.service}:{change.operation}",
                "predicted": str(change.predicted),
                "outcome": change.outcome,
                "denied_by": change.denied_by,
                "finding": finding,
            }
            for fault in self.faults
            for change in fault.changes
            if (finding := change.disagreement)
        ]

    def dump(self) -> dict[str, Any]:
        """The JSON of the results schema."""
        return {
            "experiment": self.experiment.id,
            "title": self.experiment.title,
            "layer": self.experiment.layer,
            "owner": self.experiment.owner,
            "hypothesis": " ".join(self.experiment.hypothesis.split()),
            "maps": {name: list(ids) for name, ids in self.experiment.maps.items()},
            "path": str(self.experiment.path),
            "account": self.account,
            "region": self.region,
            "trace_id": self.trace_id,
            "started": stamp(self.started),
            "finished": stamp(self.finished),
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
                {"at": stamp(event.at), "event": event.event, "detail": event.detail}
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

    def _repr_html_(self) -> str:
        """What a notebook shows: a row for each experiment."""
        rows = (
            f"<tr><td>{escape(each.experiment.id)}</td><td>{each.verdict}</td>"
            f"<td style='text-align:left'>{escape(each.reason)}</td>"
            f"<td>{'yes' if each.restored else '<b>NO</b>'}</td></tr>"
            for each in self.results
        )
        head = "<tr><th>experiment</th><th>verdict</th><th>why</th><th>restored</th></tr>"
        return f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"

    def disagreements(self) -> list[dict[str, Any]]:
        """Those of all experiments."""
        return [finding for result in self.results for finding in result.disagreements()]

    def dump(self) -> dict[str, Any]:
        """The document that `run --json` writes, with its chain of evidence."""
        return sealed(
            {
                "schema": SCHEMA,
                "run_id": self.run_id,
                "target": self.target,
                "started": stamp(self.started),
                "finished": stamp(self.finished),
                "results": [result.dump() for result in self.results],
                "disagreements": self.disagreements(),
            }
        )


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
        "at": stamp(change.at),
        "undone": change.undone,
        "predicted": change.predicted.dump() if change.predicted else None,
    }


def stamp(at: datetime | None) -> str | None:
    """A time as the documents tell it: ISO 8601 in UTC, to the millisecond."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None
