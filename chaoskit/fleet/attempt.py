"""One attempt at a task, in an account that nobody else works in meanwhile.

What an earlier attempt left open is undone first, whoever made it. A task that began before is not begun
again: it is answered with the result that is there, or as aborted. What the state machine and the queue say
is only ever a reason to undo and to answer, never to inject twice.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from chaoskit import spec
from chaoskit.api import Lab
from chaoskit.engine import recover
from chaoskit.errors import ChaoskitError, GuardError, SpecError
from chaoskit.fleet.outcomes import Outcome, ended
from chaoskit.fleet.plan import digest, result_key
from chaoskit.journal.dynamodb import DynamoJournal
from chaoskit.journal.grants import BEAT_S
from chaoskit.journal.table import whole
from chaoskit.leases import LeaseHeldError
from chaoskit.log import Logger
from chaoskit.result import Verdict
from chaoskit.slo import SystemClock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from chaoskit.aws import Aws
    from chaoskit.engine import Stop, Undone
    from chaoskit.experiment import Experiment
    from chaoskit.fleet.members import Members
    from chaoskit.fleet.plan import Plan
    from chaoskit.fleet.pulse import Pulse
    from chaoskit.fleet.tasks import Known, Task, Tasks
    from chaoskit.fleet.tooling import Tooling
    from chaoskit.leases import Lease

_LOOK_EVERY_S: Final = 0.5


class BusyError(ChaoskitError):
    """Somebody else works in the account, or what is open there can't be undone now: try again later."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a worker works with.

    Attributes:
        experiments: The experiment files at hand, by id.
    """

    tooling: Tooling
    members: Members
    tasks: Tasks
    experiments: Mapping[str, Path]


class Attempt:
    """An attempt at one task."""

    def __init__(self, bench: Bench, plan: Plan, task: Task, stop: Stop, aws: Aws) -> None:
        """Touch nothing yet; `stop` ends the run early, and `aws` is the tooling account."""
        self._bench = bench
        self._plan = plan
        self._task = task
        self._stop = stop
        self._aws = aws
        self._id = f"{task.run} {secrets.token_hex(6)}"
        self._log = Logger(run_id=task.run, account=task.account, experiment=task.experiment)

    def outcome(self, pulse: Pulse, *, last: bool) -> Outcome | None:
        """How the task ended, now or before; None when it never began and nobody waits for it any more.

        Args:
            pulse: Tells whether somebody waits.
            last: Settle for an error where faults stay open, since the task won't come again.

        Raises:
            BusyError: It can't be told now.
            JournalError: The table can't be used.
            AwsError: The bucket can't be used.
        """
        if found := self._told_before():
            return found
        beat_s = min(BEAT_S, self._plan.heartbeat / 2)
        connection = self._bench.tooling.connection
        with DynamoJournal(
            self._bench.tooling.table,
            connection,
            account=self._task.account,
            beat_s=beat_s,
            skew_s=min(5.0, beat_s),
        ) as journal:
            lease = self._alone(journal, pulse)
            try:
                return self._alone_in_it(journal, lease, pulse, last=last)
            finally:
                journal.release(self._id)

    def _alone(self, journal: DynamoJournal, pulse: Pulse) -> Lease:
        """The lease of the account as a whole, once whoever had it is done or dead.

        A task that nobody waits for is not given up here: what its worker left must be undone.
        """
        clock, never = SystemClock(), threading.Event()
        patience = clock.monotonic() + 2 * self._plan.heartbeat
        while True:
            try:
                return journal.hold({whole(self._task.account)}, self._id, self._plan.timeout)
            except LeaseHeldError as held:
                if clock.monotonic() > patience or (self._stop.requested and pulse.wanted):
                    raise BusyError(str(held)) from held
                clock.wait(_LOOK_EVERY_S, never)

    def _alone_in_it(
        self, journal: DynamoJournal, lease: Lease, pulse: Pulse, *, last: bool
    ) -> Outcome | None:
        undone = self._recovered(journal, lease)
        left = [each for each in undone if not each.ok]
        if left and not last:
            raise BusyError(f"{len(left)} changes in account {self._task.account} could not be undone yet")
        known = self._bench.tasks.known(self._task)
        if known is not None:
            if found := self._told_before():
                return found
            outcome = self._aborted(known, undone)
        elif left:
            why = "what an earlier run left open here could not be undone, so nothing was injected"
            outcome = self._ended(Verdict.ERROR, why, undone=undone, restored=False)
        elif not pulse.wanted:
            return None
        elif self._stop.requested:
            raise BusyError(self._stop.reason)
        else:
            outcome = self._run(journal)
        journal.still(lease)  # who was away so long that others took over has nothing to tell any more
        return self._kept(outcome)

    def _recovered(self, journal: DynamoJournal, lease: Lease) -> list[Undone]:
        """What came of undoing what earlier attempts left open in the account: the lease proves them dead."""
        return recover(journal, self._bench.members.reopen, SystemClock(), lease)

    def _aborted(self, known: Known, undone: list[Undone]) -> Outcome:
        """Of a task whose worker died in it."""
        left = [each for each in undone if not each.ok]
        said = f"{len(undone) - len(left)} changes were undone" if undone else "it had left nothing open"
        if left:
            said += f", and {len(left)} are STILL OPEN"
        return self._ended(
            Verdict.ERROR if left else Verdict.ABORTED,
            f"the worker that began this task at {known.begun} died in it; {said}",
            undone=undone,
            restored=not left,
            begun=datetime.fromisoformat(known.begun),
        )

    def _run(self, journal: DynamoJournal) -> Outcome:
        """Run the experiment; what keeps it from being begun is an outcome too."""
        try:
            place = self._bench.members.target(self._plan, self._task.account)
            experiment = self._experiment(place.variables)
        except GuardError as error:
            return self._ended(Verdict.ABORTED, f"nothing was injected: {error}", restored=True)
        except (SpecError, ChaoskitError) as error:
            return self._ended(Verdict.ERROR, f"nothing was injected: {error}", restored=True)
        if not self._bench.tasks.begin(self._task, self._id):
            raise BusyError("somebody else has just begun this task")
        return Outcome.of(Lab(place, journal).run([experiment], stop=self._stop))

    def _experiment(self, variables: Mapping[str, str]) -> Experiment:
        """The experiment as it was planned.

        Raises:
            ChaoskitError: It is not at hand, or is another version.
            SpecError: It can't be read.
        """
        path = self._bench.experiments.get(self._task.experiment)
        if path is None:
            raise ChaoskitError(f"this worker has no experiment {self._task.experiment}")
        if digest(path) != self._plan.experiments.get(self._task.experiment):
            raise ChaoskitError(f"{path} of this worker is not the version that was planned")
        return spec.load([path], variables)[0]

    def _told_before(self) -> Outcome | None:
        """The outcome that was written before, and is told again."""
        key = result_key(self._task.run, self._task.account, self._task.experiment)
        text = self._bench.tooling.read(self._aws, key)
        if text is None:
            return None
        try:
            found = Outcome.read(text)
        except (ValueError, KeyError, TypeError) as error:
            raise BusyError(f"{key} is no result of this task: {error}") from error
        if not found.failed and self._bench.tasks.known(self._task) is None:
            raise BusyError(f"{key} is no result of this task: nobody began it")
        self._finish(found)
        return found

    def _kept(self, outcome: Outcome) -> Outcome:
        """Keep an outcome, before anybody is told of it."""
        key = result_key(self._task.run, self._task.account, self._task.experiment)
        self._bench.tooling.write(self._aws, key, outcome.text)
        self._finish(outcome)
        return outcome

    def _finish(self, outcome: Outcome) -> None:
        self._bench.tasks.finish(
            self._task, outcome.verdict.value, restored=outcome.restored, reason=outcome.reason
        )

    def _ended(
        self,
        verdict: Verdict,
        reason: str,
        *,
        restored: bool,
        undone: list[Undone] | None = None,
        begun: datetime | None = None,
    ) -> Outcome:
        path = self._bench.experiments.get(self._task.experiment)
        try:
            experiment = spec.load([path])[0] if path else None
        except SpecError:
            experiment = None
        return ended(
            self._plan,
            self._task,
            verdict,
            reason,
            restored=restored,
            undone=undone or (),
            begun=begun,
            experiment=experiment,
        )
