"""Leases: one run changes a resource at a time, and a holder that comes too late is known by its epoch.

A journal grants them. Every grant has an epoch higher than all before it, and whoever records a change says
the lease that it makes it under: a run that was away while its lease ended (a machine that slept, a process
that hung) is refused once somebody else was granted any of its resources.

Here are those of the SQLite journal; `chaoskit.journal.grants` does the same in DynamoDB.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chaoskit.errors import JournalError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

EPOCHS: Final = "CREATE TABLE IF NOT EXISTS epochs (epoch INTEGER PRIMARY KEY AUTOINCREMENT);"
_A_WRITER: Final = 1 << 32
"""So many epochs has each process that opens the file to write."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Some resources, held by a run.

    Attributes:
        holder: Who holds them: a run's trace id.
        epoch: Higher than that of any lease granted before.
        resources: What is held, by any names that all runs agree on.
    """

    holder: str
    epoch: int
    resources: frozenset[str] = frozenset()


class LeaseHeldError(JournalError):
    """Another run holds one of the resources; it may be free later."""


class LeaseLostError(JournalError):
    """The lease has ended, and somebody else was granted a resource of it, or it was given back."""


class Granted:
    """The leases of the one process that writes a SQLite journal; not for many threads at once.

    They need no file: whoever has the kernel's lock has proof that all earlier holders are dead. Only that
    epochs go on does.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        """Grant nothing yet; all epochs are higher than those of the file's earlier writers."""
        writer = int(db.execute("INSERT INTO epochs DEFAULT VALUES").lastrowid or 0)
        db.execute("DELETE FROM epochs")  # the number is never given again
        self._epochs = itertools.count(writer * _A_WRITER)
        self._held: dict[str, tuple[str, int, float]] = {}

    def take(self, resources: Collection[str], holder: str, lasting_s: float) -> Lease:
        """Take all of the resources or none; see `chaoskit.journal.Journal.hold`."""
        now = time.monotonic()
        for resource in sorted(resources):
            by, _, until = self._held.get(resource, (holder, 0, now))
            if by != holder and until > now:
                raise LeaseHeldError(f"Run {by} is changing {resource}, for {until - now:.0f} s at most.")
        epoch = next(self._epochs)
        self._held |= dict.fromkeys(resources, (holder, epoch, now + lasting_s))
        return Lease(holder, epoch, frozenset(resources))

    def give_back(self, holder: str) -> None:
        """Free all that a run holds."""
        self._held = {resource: held for resource, held in self._held.items() if held[0] != holder}

    def check(self, lease: Lease) -> None:
        """Refuse a lease that is not the latest of its resources.

        Raises:
            LeaseLostError: As it says.
        """
        for resource in sorted(lease.resources):
            held = self._held.get(resource)
            if held is None or held[1] != lease.epoch:
                now = f"run {held[0]} has it now" if held else "it was given back"
                lost = f"Run {lease.holder} has lost its lease on {resource}, and {now}"
                raise LeaseLostError(f"{lost}: it changes nothing more.")
