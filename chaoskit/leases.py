"""Leases: one run changes a resource at a time, and a holder that comes too late is known by its epoch.

A journal grants them. Every grant has an epoch higher than all before it, and whoever records a change says
the lease that it makes it under: a run that was away while its lease ended (a machine that slept, a process
that hung) is refused once somebody else was granted any of its resources.

Here are the rows of the SQLite journal; `chaoskit.journal.grants` does the same in DynamoDB.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from chaoskit.errors import JournalError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

TABLES: Final = """
CREATE TABLE IF NOT EXISTS leases (
    resource TEXT PRIMARY KEY, holder TEXT NOT NULL, epoch INTEGER NOT NULL, until TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS epochs (epoch INTEGER PRIMARY KEY AUTOINCREMENT);
"""


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


def drop(db: sqlite3.Connection) -> None:
    """Drop every lease: who opens the file to write has proof that all holders are dead. Epochs go on."""
    db.execute("DELETE FROM leases")


def take(db: sqlite3.Connection, resources: Collection[str], holder: str, lasting_s: float) -> Lease:
    """Take all of the resources or none; see `chaoskit.journal.Journal.hold`."""
    now = datetime.now(UTC)
    for resource in sorted(resources):
        row = db.execute("SELECT holder, until FROM leases WHERE resource = ?", (resource,)).fetchone()
        if row and row["holder"] != holder and datetime.fromisoformat(row["until"]) > now:
            raise LeaseHeldError(f"Run {row['holder']} is changing {resource} until {row['until']}.")
    epoch = int(db.execute("INSERT INTO epochs DEFAULT VALUES").lastrowid or 0)
    db.execute("DELETE FROM epochs")  # the number is never given again
    until = (now + timedelta(seconds=lasting_s)).isoformat()
    db.executemany(
        "INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?)",
        [(resource, holder, epoch, until) for resource in resources],
    )
    return Lease(holder, epoch, frozenset(resources))


def give_back(db: sqlite3.Connection, holder: str) -> None:
    """Free all that a run holds."""
    db.execute("DELETE FROM leases WHERE holder = ?", (holder,))


def check(db: sqlite3.Connection, lease: Lease) -> None:
    """Refuse a lease that is not the latest of its resources.

    Raises:
        LeaseLostError: As it says.
    """
    for resource in sorted(lease.resources):
        row = db.execute("SELECT holder, epoch FROM leases WHERE resource = ?", (resource,)).fetchone()
        if row is None or row["epoch"] != lease.epoch:
            now = f"run {row['holder']} has it now" if row else "it was given back"
            raise LeaseLostError(
                f"Run {lease.holder} has lost its lease on {resource}, and {now}: it changes nothing more."
            )
