"""A worker: takes tasks from the queue, one at a time in each of its threads, until it is told to stop.

Told so it takes no more; what it is at is stopped and rolled back, answered, and only then it ends.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from chaoskit import spec
from chaoskit.aws import Budget
from chaoskit.engine import Stop
from chaoskit.errors import AwsError, ChaoskitError
from chaoskit.fleet.attempt import Attempt, Bench, BusyError
from chaoskit.fleet.members import Members
from chaoskit.fleet.messages import ForeignMessageError, NobodyWaitsError, Queue
from chaoskit.fleet.plan import Plan, plan_key
from chaoskit.fleet.pulse import Pulse
from chaoskit.fleet.tasks import Task, Tasks
from chaoskit.journal.store import Store
from chaoskit.log import Logger
from chaoskit.result import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chaoskit.aws import Aws
    from chaoskit.fleet.messages import Message
    from chaoskit.fleet.outcomes import Outcome
    from chaoskit.fleet.tooling import Tooling

_MOST_RECEIVES: Final = 5
"""So often a task is tried anew whose faults can't be undone; the queue must not give it up before."""
_LATER_S: Final = 15.0
_PAUSE_S: Final = 5.0
_ERRORS: Final = {Verdict.ABORTED: "Chaoskit.Aborted", Verdict.ERROR: "Chaoskit.Error"}


class Drain(Stop):
    """A request to take no more tasks, which asks the runs that go on to stop too."""

    def __init__(self) -> None:
        """Nothing is asked yet."""
        super().__init__()
        self._lock = threading.Lock()
        self._runs: tuple[Stop, ...] = ()

    def request(self, reason: str) -> None:
        """See `Stop`. A signal's handler calls it, so it waits for no lock."""
        super().request(reason)
        for run in self._runs:
            run.request(reason)

    def stop_of_a_run(self) -> Stop:
        """What stops one run; give it to `over` at its end."""
        stop = Stop()
        with self._lock:
            self._runs = (*self._runs, stop)
        if self.requested:
            stop.request(self.reason)
        return stop

    def over(self, stop: Stop) -> None:
        """A run has ended."""
        with self._lock:
            self._runs = tuple(each for each in self._runs if each is not stop)


@dataclass(frozen=True, slots=True)
class Worked:
    """What came of a message; `outcome` is None when it was dropped or left for later."""

    task: Task
    outcome: Outcome | None
    note: str


class Worker:
    """Works tasks off."""

    def __init__(
        self,
        tooling: Tooling,
        experiments: list[Path],
        drain: Drain,
        *,
        told: Callable[[Worked], None] | None = None,
        idle_s: float | None = None,
        workers: int = 1,
    ) -> None:
        """Take nothing yet.

        Args:
            tooling: The fleet's tooling account.
            experiments: Files and folders of experiments.
            drain: Ends it.
            told: Is told of each message, from the thread that worked on it.
            idle_s: End once no task has come for so long; None waits for ever.
            workers: How many processes share what the tooling account may ask of AWS in a second.

        Raises:
            SpecError: Something is wrong in the files.
        """
        self._tooling = tooling
        files = {each.id: each.path for each in spec.load(experiments)}
        spending = replace(tooling.connection, budget=Budget(workers))
        self._bench = Bench(
            tooling, Members(spending), Tasks(Store(tooling.table, tooling.connection)), files
        )
        self._drain = drain
        self._told = told or (lambda _: None)
        self._idle_s = idle_s
        self._plans: dict[str, Plan] = {}
        self._planned: dict[str, frozenset[Task]] = {}

    def work(self, jobs: int = 1) -> None:
        """Work until it is drained, or idle for long enough.

        Raises:
            ChaoskitError: The queue can't be used at all.
        """
        with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="fleet-worker") as pool:
            for each in [pool.submit(self._work) for _ in range(jobs)]:
                each.result()

    def _work(self) -> None:
        aws = self._tooling.open()
        queue = Queue(aws, self._tooling.queue)
        idle_s = 0.0
        while not self._drain.requested:
            try:
                message = queue.receive()
            except ForeignMessageError as error:
                Logger().warning("message", reason=str(error))
                continue
            except ChaoskitError as error:
                if not isinstance(error, AwsError) or not error.transient:
                    self._drain.request(str(error))
                    raise
                Logger().warning("queue", reason=str(error))
                self._drain.event.wait(_PAUSE_S)
                continue
            if message is None:
                idle_s += queue.wait_s
                if self._idle_s is not None and idle_s >= self._idle_s:
                    return
                continue
            idle_s = 0.0
            self._told(self._worked(message, queue, aws))

    def _worked(self, message: Message, queue: Queue, aws: Aws) -> Worked:
        stop = self._drain.stop_of_a_run()
        try:
            return self._answered(message, queue, aws, stop)
        except ChaoskitError as error:
            # What is not answered comes again, to this worker or another.
            self._later(message, queue)
            return Worked(message.task, None, f"left for later: {error}")
        finally:
            self._drain.over(stop)

    def _answered(self, message: Message, queue: Queue, aws: Aws, stop: Stop) -> Worked:
        """Come to an outcome and answer with it; the message is deleted last.

        Raises:
            BusyError: It can't be come to now, or nobody planned the task.
            JournalError: The table can't be used.
            AwsError: Nor can the bucket or the queue.
        """
        plan = self._plan(message.task.run, aws)
        if message.task not in self._planned[plan.run]:
            raise BusyError("it is not of this run's plan")
        with Pulse(self._tooling, message, plan.heartbeat, stop) as pulse:
            attempt = Attempt(self._bench, plan, message.task, stop, aws)
            outcome = attempt.outcome(pulse, last=message.receives >= _MOST_RECEIVES)
        note = self._tell(message, queue, outcome) if outcome else "dropped: nobody waits for it any more"
        queue.delete(message)
        return Worked(message.task, outcome, note)

    def _tell(self, message: Message, queue: Queue, outcome: Outcome) -> str:
        said = f"{outcome.verdict}: {outcome.reason}"
        try:
            if outcome.failed:
                queue.fail(message, _ERRORS.get(outcome.verdict, _ERRORS[Verdict.ERROR]), outcome.reason)
            else:
                told = {"verdict": outcome.verdict.value, "restored": True, "failed": False}
                queue.succeed(message, told)
        except NobodyWaitsError:
            return f"{said} (nobody waits for it any more)"
        return said

    def _plan(self, run: str, aws: Aws) -> Plan:
        if run not in self._plans:
            text = self._tooling.read(aws, plan_key(run))
            if text is None:
                raise BusyError(f"the plan of run {run} is not in the bucket {self._tooling.bucket}")
            plan = Plan.load(text)
            self._planned[run] = frozenset(Task(run, *each) for each in plan.tasks)
            self._plans[run] = plan
        return self._plans[run]

    def _later(self, message: Message, queue: Queue) -> None:
        try:
            queue.hide(message, 0 if self._drain.requested else _LATER_S)
        except AwsError as error:
            Logger().warning("message", reason=str(error))
