"""Fleet runs: started, watched, stopped and started again."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Call, Query
from chaoskit.errors import ChaoskitError
from chaoskit.fleet.plan import RUNS, Plan, items_key, plan_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.fleet.tooling import Tooling

RUNNING: Final = "RUNNING"
_LONGEST_NAME: Final = 80  # Step Functions API Reference, "StartExecution"


@dataclass(frozen=True, slots=True)
class State:
    """How far a run is.

    Attributes:
        executions: The status of each execution that was started for it, by name, the newest first.
        why: Why the newest one failed; empty if it did not.
        results: How many results are there, by account.
        tasks: How many there must be.
    """

    plan: Plan
    executions: Mapping[str, str]
    why: str
    results: Mapping[str, int]
    tasks: int

    @property
    def going(self) -> bool:
        """Whether an execution runs."""
        return RUNNING in self.executions.values()


class Runs:
    """The runs of one tooling account."""

    def __init__(self, tooling: Tooling) -> None:
        """Make no call yet."""
        self._tooling = tooling
        self._aws = tooling.open()

    def start(self, plan: Plan) -> str:
        """Write down what is to be done, then start it; the execution's ARN.

        Raises:
            AwsError: It can't be written or started.
        """
        for wave in plan.waves:
            items = json.dumps(plan.items(wave))
            self._tooling.write(self._aws, items_key(plan.run, wave.name), items)
        self._tooling.write(self._aws, plan_key(plan.run), plan.dump())
        return self._execute(plan, plan.run)

    def again(self, run: str) -> str:
        """Start an execution for what is not answered yet of a run; what is, is answered as it was.

        Raises:
            ChaoskitError: There is no such run, or it goes on.
            AwsError: It can't be started.
        """
        state = self.state(run)
        if state.going:
            raise ChaoskitError(f"Run {run} goes on: nothing has to be started again.")
        return self._execute(state.plan, f"{run}-{len(state.executions) + 1}")

    def stop(self, run: str) -> int:
        """Stop a run: no further task is sent, and workers stop what they are at and roll it back.

        Returns how many executions were stopped.

        Raises:
            AwsError: It can't be stopped.
        """
        going = [arn for name, arn, status in self._executions(run) if status == RUNNING]
        for arn in going:
            self._aws.send(Call("stepfunctions", "StopExecution", executionArn=arn, error="Chaoskit.Stopped"))
        return len(going)

    def names(self) -> list[str]:
        """The runs whose plans are in the bucket.

        Raises:
            AwsError: They can't be listed.
        """
        return sorted(self._tooling.folders(self._aws, f"{RUNS}/"))

    def plan(self, run: str) -> Plan:
        """What a run is to do.

        Raises:
            ChaoskitError: There is no such run.
        """
        text = self._tooling.read(self._aws, plan_key(run))
        if text is None:
            raise ChaoskitError(f"There is no fleet run {run}: `chaoskit fleet status` lists them.")
        return Plan.load(text)

    def state(self, run: str) -> State:
        """How far a run is.

        Raises:
            ChaoskitError: There is no such run.
            AwsError: It can't be told.
        """
        plan = self.plan(run)
        executions = self._executions(run)
        results = Counter(
            key.split("/")[3] for key in self._tooling.keys(self._aws, f"{RUNS}/{run}/results/")
        )
        why = ""
        if executions and executions[0][2] not in (RUNNING, "SUCCEEDED"):
            query = Query(
                "stepfunctions", "DescribeExecution", {"executionArn": executions[0][1]}, "[error, cause]"
            )
            why = ": ".join(filter(None, self._aws.read(query)))
        tasks = sum(1 for _ in plan.tasks)
        return State(plan, {name: status for name, _, status in executions}, why, results, tasks)

    def _execute(self, plan: Plan, name: str) -> str:
        """Names are unique for 90 days, so that a run can't be started twice by mistake."""
        call = Call(
            "stepfunctions",
            "StartExecution",
            stateMachineArn=self._tooling.state_machine,
            name=name[-_LONGEST_NAME:],
            input=json.dumps(plan.input(self._tooling.bucket)),
        )
        return str(self._aws.send(call)["executionArn"])

    def _executions(self, run: str) -> list[tuple[str, str, str]]:
        where: dict[str, Any] = {"stateMachineArn": self._tooling.state_machine}
        query = Query("stepfunctions", "ListExecutions", where, "executions[].[name, executionArn, status]")
        tail = run[-_LONGEST_NAME + 5 :]
        return [
            (str(name), str(arn), str(status))
            for name, arn, status in self._aws.read(query) or ()
            if tail in name
        ]
