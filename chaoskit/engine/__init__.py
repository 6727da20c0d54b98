"""The run loop and rollback: the only code that executes a fault."""

from __future__ import annotations

import secrets
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from chaoskit.aws import Inboxes
from chaoskit.engine.hold import Hold
from chaoskit.engine.leases import Leases
from chaoskit.engine.plan import PlannedFault, plan
from chaoskit.engine.recover import PlaceGoneError, Reopen, recover
from chaoskit.engine.rollback import Undone
from chaoskit.engine.run import run_experiment
from chaoskit.engine.stop import Stop
from chaoskit.engine.surroundings import Earlier, Limits, Lockouts, Surroundings
from chaoskit.engine.sweep import sweep
from chaoskit.engine.timeline import Listener
from chaoskit.engine.verdict import NOTHING_EXPECTED
from chaoskit.result import Results
from chaoskit.slo import SystemClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaoskit.experiment import Experiment
    from chaoskit.journal import Journal
    from chaoskit.result import Result
    from chaoskit.slo import Clock
    from chaoskit.target import Target

__all__ = [
    "NOTHING_EXPECTED",
    "Earlier",
    "Hold",
    "Limits",
    "Listener",
    "Lockouts",
    "PlaceGoneError",
    "PlannedFault",
    "Reopen",
    "Stop",
    "Undone",
    "plan",
    "recover",
    "run_experiment",
    "run_set",
    "sweep",
]


def run_set(  # noqa: PLR0913 - each is another thing that a set may have or not
    experiments: Sequence[Experiment],
    target: Target,
    journal: Journal,
    *,
    stop: Stop | None = None,
    listener: Listener | None = None,
    clock: Clock | None = None,
    jobs: int = 1,
    limits: Limits | None = None,
    deadman: bool = True,
    lockouts: Lockouts | None = None,
    hold: Hold | None = None,
    earlier: Earlier | None = None,
) -> Results:
    """Run experiments; the results are in the order given.

    Args:
        experiments: What to run.
        target: Where.
        journal: Held by this process.
        stop: Ends the set early; what has begun is rolled back, what has not is not begun.
        listener: Is told every event, from the threads that run.
        clock: Time; the wall's by default.
        jobs: How many run at the same time.
        limits: What each run's role session is limited to; by default what the role may do.
        deadman: Arm the dead-man's switch before each change; False only when a person says so.
        lockouts: Foresees whether a fault would keep its own undo from being made; None asks nobody.
        hold: Keeps the faults in until it is released, instead of watching for expectations.
        earlier: Tells when evidence came in earlier runs, around which looks are then close together.
    """
    clock = clock or SystemClock()
    stop = Stop() if stop is None else stop
    started = clock.now()
    run_id = f"{started:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    around = Surroundings(
        target,
        journal,
        clock,
        stop,
        Inboxes(f"run/{run_id}"),
        Leases(journal),
        listener,
        limits,
        deadman,
        lockouts,
        hold,
        earlier,
    )
    results, begun = Results(run_id, target.name, started), _Begun()
    with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="experiment") as pool:
        try:
            futures = [
                pool.submit(begun.run, experiment, f"{run_id}.{number}", around)
                for number, experiment in enumerate(experiments, 1)
            ]
            results.results = [future.result() for future in futures]
        except BaseException:  # a Ctrl-C in a program that lets it end with an exception
            begun.end(stop)
            raise
    results.finished = clock.now()
    return results


class _Begun:
    """Counts the runs that go on: the journal must not be closed under them, whoever interrupts whom."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._going = 0
        self._over = False

    def run(self, experiment: Experiment, trace_id: str, around: Surroundings) -> Result:
        """Run an experiment, unless the set is over."""
        with self._changed:
            if self._over:
                raise CancelledError
            self._going += 1
        try:
            return run_experiment(experiment, trace_id, around)
        finally:
            with self._changed:
                self._going -= 1
                self._changed.notify_all()

    def end(self, stop: Stop) -> None:
        """Begin nothing more, and wait until what has begun is rolled back."""
        waiting = True
        while waiting:
            with suppress(KeyboardInterrupt):  # people do it twice
                stop.request("interrupted")
                stop.event.set()  # which another Ctrl-C may have kept `request` from
                with self._changed:
                    self._over = True
                    self._changed.wait_for(lambda: not self._going)
                waiting = False
