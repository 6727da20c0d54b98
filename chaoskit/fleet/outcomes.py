"""Result documents of tasks: of runs, and of tasks that never came to one. None of those is ever PASSED."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from chaoskit import evidence
from chaoskit.experiment import BlastRadius, Experiment
from chaoskit.result import SCHEMA, Event, Result, Results, Verdict
from chaoskit.slo import Duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaoskit.engine import Undone
    from chaoskit.fleet.plan import Plan
    from chaoskit.fleet.tasks import Task

TARGET: Final = "fleet"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task ended.

    Attributes:
        text: The result document, of schema `chaoskit/results/v1`, with one result.
    """

    verdict: Verdict
    restored: bool
    reason: str
    text: str

    @classmethod
    def of(cls, results: Results) -> Self:
        """Of the run of one experiment."""
        result = results.results[0]
        return cls(result.verdict, result.restored, result.reason, json.dumps(results.dump()))

    @classmethod
    def read(cls, text: str) -> Self:
        """Of a document that was written before.

        Raises:
            ValueError: It is none of one result, or somebody edited it.
        """
        document: dict[str, Any] = json.loads(text)
        if document.get("schema") != SCHEMA or len(document["results"]) != 1:
            raise ValueError(f"it is no document of schema {SCHEMA} with one result")
        if troubles := evidence.problems(document):
            raise ValueError("; ".join(troubles))
        only = document["results"][0]
        return cls(Verdict(only["verdict"]), bool(only["restored"]), str(only["reason"]), text)

    @property
    def failed(self) -> bool:
        """Whether it counts as a failure of the account: that a control is weak does not."""
        return not self.restored or self.verdict in (Verdict.ABORTED, Verdict.ERROR)


def ended(
    plan: Plan,
    task: Task,
    verdict: Verdict,
    reason: str,
    *,
    restored: bool,
    begun: datetime | None = None,
    undone: Sequence[Undone] = (),
    experiment: Experiment | None = None,
) -> Outcome:
    """Of a task that came to no result of its own: refused, lost, or begun by a worker that died.

    Raises:
        ValueError: It is to have passed, which nobody saw.
    """
    if verdict is Verdict.PASSED:
        raise ValueError("only a run that saw the evidence passes")
    now = datetime.now(UTC)
    traces = {each.entry.record.trace_id for each in undone}
    result = Result(
        experiment or _nameless(plan, task),
        task.account,
        plan.region,
        trace_id=", ".join(sorted(traces)) or str(task),
        verdict=verdict,
        reason=reason,
        restored=restored,
        started=begun or now,
        finished=now,
    )
    for each in undone:
        said = f"{each.entry.record.fault}: {each.note}"
        result.timeline.append(Event(now, "undone" if each.ok else "open", said))
        result.left_open += [] if each.ok else [said, *each.by_hand]
    result.timeline.append(Event(now, "verdict", f"{verdict}: {reason}"))
    return Outcome.of(Results(task.run, TARGET, result.started or now, now, [result]))


def _nameless(plan: Plan, task: Task) -> Experiment:
    """What can be said of an experiment whose file is not at hand."""
    return Experiment(
        id=task.experiment,
        title=task.experiment,
        owner="unknown",
        layer="application",
        hypothesis="unknown",
        blast_radius=BlastRadius((task.account,), (plan.region,), Duration(1), 1),
        faults=(),
        expect=(),
        path=Path(plan.paths.get(task.experiment, task.experiment)),
    )
