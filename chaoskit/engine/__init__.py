"""The run loop and rollback: the only code that executes a fault."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TYPE_CHECKING

from chaoskit.aws import Inboxes
from chaoskit.engine.leases import Leases
from chaoskit.engine.plan import PlannedFault, plan
from chaoskit.engine.recover import PlaceGoneError, Reopen, recover
from chaoskit.engine.rollback import Undone
from chaoskit.engine.run import run_experiment
from chaoskit.engine.stop import Stop
from chaoskit.engine.surroundings import Limits, Lockouts, Surroundings
from chaoskit.engine.sweep import sweep
from chaoskit.engine.timeline import Listener
from chaoskit.result import Results
from chaoskit.slo import SystemClock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future
    from typing import Any

    from chaoskit.experiment import Experiment
    from chaoskit.journal import Journal
    from chaoskit.slo import Clock
    from chaoskit.target import Target

__all__ = [
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
    )
    results = Results(run_id, target.name, started)
    with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="experiment") as pool:
        futures = [
            pool.submit(run_experiment, experiment, f"{run_id}.{number}", around)
            for number, experiment in enumerate(experiments, 1)
        ]
        try:
            results.results = [future.result() for future in futures]
        except BaseException:  # a Ctrl-C in a program that lets it end with an exception
            stop.request("interrupted")
            _roll_back_all(futures)
            raise
    results.finished = clock.now()
    return results


def _roll_back_all(futures: Sequence[Future[Any]]) -> None:
    """Wait for those that have begun, whoever interrupts: the journal must not be closed under them."""
    for future in futures:
        future.cancel()
    while not all(future.done() for future in futures):
        with suppress(KeyboardInterrupt):
            wait(futures)
