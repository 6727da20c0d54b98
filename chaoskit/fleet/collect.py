"""The results of a fleet run as one document. A task without a result that proves itself is an ERROR."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from chaoskit.evidence import sealed
from chaoskit.fleet.outcomes import TARGET, Outcome, ended
from chaoskit.fleet.plan import RUNS, result_key
from chaoskit.fleet.tasks import Task
from chaoskit.result import SCHEMA, Verdict, stamp, worst

if TYPE_CHECKING:
    from chaoskit.errors import ExitCode
    from chaoskit.fleet.plan import Plan
    from chaoskit.fleet.tasks import Tasks
    from chaoskit.fleet.tooling import Tooling

_NEVER_BEGAN: Final = "no result came; it never began, so nothing was injected"
_NEVER_ENDED: Final = "no result came, though it began: whether everything was put back is not known"


@dataclass(frozen=True, slots=True)
class Collected:
    """The results of a run.

    Attributes:
        document: Of schema `chaoskit/results/v1`: a result for each task that was planned.
        missing: What is wrong with the tasks that have no result of their own; each is an ERROR.
    """

    document: dict[str, Any]
    missing: tuple[str, ...]

    @property
    def exit_code(self) -> ExitCode:
        """The worst verdict's."""
        return worst(Verdict(each["verdict"]) for each in self.document["results"])


def collect(tooling: Tooling, plan: Plan, tasks: Tasks) -> Collected:
    """Collect the results of a run from the bucket.

    Raises:
        AwsError: The bucket can't be read.
        JournalError: The table can't be read.
    """
    aws = tooling.open()
    there = set(tooling.keys(aws, f"{RUNS}/{plan.run}/results/"))
    found: list[dict[str, Any]] = []
    missing: list[str] = []
    for account, experiment in plan.tasks:
        task = Task(plan.run, account, experiment)
        key = result_key(plan.run, account, experiment)
        text = tooling.read(aws, key) if key in there else None
        trouble = _trouble(task, tasks, text) if text is not None else ""
        if text is None or trouble:
            instead = _instead(plan, task, tasks, trouble)
            missing.append(f"{task}: {instead.reason}")
            text = instead.text
        found.append(json.loads(text))
    results = [each["results"][0] for each in found]
    document = {
        "schema": SCHEMA,
        "run_id": plan.run,
        "target": TARGET,
        "started": stamp(datetime.fromisoformat(plan.created)),
        "finished": max((each["finished"] for each in results if each["finished"]), default=None),
        "results": results,
        "disagreements": [finding for each in found for finding in each["disagreements"]],
    }
    return Collected(sealed(document), tuple(missing))


def _trouble(task: Task, tasks: Tasks, text: str) -> str:
    """Why a document is no proof of this task's result; empty when it is."""
    try:
        outcome = Outcome.read(text)
        only = json.loads(text)["results"][0]
        if (only["experiment"], only["account"]) != (task.experiment, task.account):
            return "it is another task's"
        if not outcome.failed and tasks.known(task) is None:
            return "nobody began this task"
    except (ValueError, KeyError, TypeError) as error:
        return str(error) or type(error).__name__
    return ""


def _instead(plan: Plan, task: Task, tasks: Tasks, trouble: str) -> Outcome:
    """What stands for a result that is not there, or proves nothing."""
    known = tasks.known(task)
    begun = datetime.fromisoformat(known.begun) if known and known.begun else None
    reason = f"its result proves nothing: {trouble}" if trouble else _NEVER_ENDED if known else _NEVER_BEGAN
    return ended(plan, task, Verdict.ERROR, reason, restored=known is None and not trouble, begun=begun)
