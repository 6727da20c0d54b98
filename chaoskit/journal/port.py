"""What a journal is: a row before each change, closed only when it is undone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    from chaoskit.leases import Lease


class Status(StrEnum):
    """Where a change is. UNDONE is the only end."""

    JOURNALED = "JOURNALED"
    """Written; the call may or may not have been sent."""
    APPLIED = "APPLIED"
    DENIED = "DENIED"
    FAILED = "FAILED"
    """The API answered with an error, or its answer was lost."""
    UNDO_FAILED = "UNDO_FAILED"
    """An undo was tried and did not succeed (yet)."""
    UNDONE = "UNDONE"


@dataclass(frozen=True, slots=True)
class Record:
    """One change, as any later process needs it to put things back. All values are plain JSON.

    Attributes:
        target: Where it is made (account, region, endpoint, profile), without secrets.
        do: The call, without secrets.
        undo: The calls that put it back, in order.
        state: The query whose answer must be `captured` again; None when nothing is left behind.
        listed: For each undo step, the items that were there before, or None when it does not sweep.
    """

    trace_id: str
    experiment: str
    fault: str
    target: Mapping[str, Any]
    do: Mapping[str, Any]
    undo: tuple[Mapping[str, Any], ...]
    state: Mapping[str, Any] | None
    captured: Any
    listed: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A record in the journal, and what became of it.

    Attributes:
        updated: When its status was written last: before that, or just after it, its call was sent last.
        after: The state with the change in, as a tuple of one; empty when it was never seen.
    """

    id: int
    record: Record
    status: Status
    note: str
    created: datetime
    updated: datetime
    after: tuple[Any, ...] = ()


class Rows(Protocol):
    """Where changes are written, each before it is made."""

    def record(self, change: Record, lease: Lease | None = None) -> int:
        """Write a change durably, before it is made; returns its id.

        Raises:
            LeaseLostError: A resource of the lease was released, or granted to somebody later. Nothing is
                written. A lease whose time is over is good until then.
        """
        ...

    def mark(self, entry: int, status: Status, note: str = "") -> bool:
        """Write durably what became of a change; False when it is UNDONE already, and stays so."""
        ...

    def saw(self, entry: int, after: Any) -> None:
        """Write the state that was read when the change was seen to have an effect."""
        ...

    def still(self, lease: Lease | None) -> None:
        """Refuse, without a call, once others may take the lease's holder for dead: asked before each change.

        Raises:
            LeaseLostError: They may.
        """
        ...


class Journal(Rows, Protocol):
    """Where undo is kept: a file of this machine, or a table that a fleet shares."""

    def hold(self, resources: Collection[str], holder: str, lasting_s: float) -> Lease:
        """Hold all of the resources or none, until `release` or for so many seconds.

        The lease's epoch is higher than that of any lease before it, also of a journal's earlier writers.
        Who holds some of them already holds them anew.

        Raises:
            LeaseHeldError: Another holder has one of them, and its time is not over.
        """
        ...

    def release(self, holder: str) -> None:
        """Free all that it holds; nothing happens when it holds nothing."""
        ...

    def open_faults(self, *, left: bool = False) -> list[Entry]:
        """Every change that is not UNDONE, newest first.

        Args:
            left: Only those that nobody seems to be at work on.
        """
        ...

    def abandoned(self, under: Lease | None = None) -> AbstractContextManager[list[Entry]]:
        """Those of them whose run is over for certain; while the block lasts, nobody else undoes them.

        Args:
            under: A lease on an account as a whole, which proves that all who were granted anything in it
                before are dead; then only that account is meant.
        """
        ...

    def broken(self, *, thorough: bool = False) -> list[str]:
        """What shows that somebody else wrote in it: never a reason not to undo.

        Args:
            thorough: Read every row, however many there are.
        """
        ...
