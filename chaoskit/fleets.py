"""A fleet as a value: which experiments run in which accounts, how many at once, and what ends it early."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from chaoskit.slo import Duration

if TYPE_CHECKING:
    from pathlib import Path

    from chaoskit.experiment import Experiment

MOST_AT_ONCE: Final = 10_000
"""Child executions of one Map Run (Step Functions Developer Guide, "Map state in Distributed mode")."""
_HEARTBEAT: Final = Duration(300)
_TIMEOUT: Final = Duration(6 * 3600)


@dataclass(frozen=True, slots=True)
class Roles:
    """The names of the roles that each member account has for chaoskit.

    Attributes:
        inject: Makes the changes; an SCP keeps it within the sandbox accounts.
        undo: Puts them back, and is what the dead-man's switch acts as.
        read: Guards and probes look with it.
    """

    inject: str = "chaoskit-fleet-inject"
    undo: str = "chaoskit-fleet-undo"
    read: str = "chaoskit-fleet-read"


@dataclass(frozen=True, slots=True)
class Fleet:
    """One fleet file, checked, with its experiments.

    Attributes:
        id: The file's name.
        region: Where the experiments run.
        accounts: Their ids; empty where `unit` says which.
        unit: An organizational unit, `ou-...`, or the root, `r-...`, whose accounts are meant, with those of
            the units in it.
        canary: How many accounts go first; the others only when none of them failed.
        concurrency: In how many accounts experiments run at once; in one account it is always one.
        tolerated: In how many of a hundred accounts runs may fail before no further account is begun.
        heartbeat: A task whose worker says nothing for so long is given to another.
        timeout: How long a task may take, with its time in the queue.
        dead_letters: The name of each account's queue for what its dead-man's switch could not undo.
    """

    id: str
    title: str
    owner: str
    region: str
    experiments: tuple[Experiment, ...]
    path: Path
    accounts: tuple[str, ...] = ()
    unit: str = ""
    canary: int = 1
    concurrency: int = 10
    tolerated: int = 5
    heartbeat: Duration = _HEARTBEAT
    timeout: Duration = _TIMEOUT
    roles: Roles = field(default_factory=Roles)
    dead_letters: str = "chaoskit-fleet-undo-dead-letters"
