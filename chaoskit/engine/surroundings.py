"""What every run of a set shares, and what it asks of parts that the engine does not know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaoskit.aws import Inboxes
    from chaoskit.engine.hold import Hold
    from chaoskit.engine.leases import Leases
    from chaoskit.engine.stop import Stop
    from chaoskit.engine.timeline import Listener
    from chaoskit.experiment import Experiment
    from chaoskit.journal import Journal
    from chaoskit.slo import Clock, Interval
    from chaoskit.target import Target


class Limits(Protocol):
    """Tells what a run's role session is limited to."""

    def __call__(self, experiment: Experiment) -> Sequence[str]:
        """Session policies, the narrowest first; see `Connection.assume`.

        Raises:
            ChaoskitError: What the run needs can't be told.
        """
        ...


class Lockouts(Protocol):
    """Foresees whether a fault would keep its own undo from being made."""

    def __call__(self, experiment: Experiment) -> str | None:
        """Why the undo role could not undo it, or None.

        Raises:
            AwsError: The account can't be read.
        """
        ...


class Earlier(Protocol):
    """Tells between which looks evidence came in earlier runs."""

    def __call__(self, experiment: Experiment, number: int) -> Sequence[Interval]:
        """Those of the experiment's expectation of that number, counted from 0; the newest first."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every run of a set shares; safe to share between threads."""

    target: Target
    journal: Journal
    clock: Clock
    stop: Stop
    inboxes: Inboxes
    leases: Leases
    listener: Listener | None = None
    limits: Limits | None = None
    deadman: bool = True
    lockouts: Lockouts | None = None
    hold: Hold | None = None
    earlier: Earlier | None = None
