"""What a run has recorded, as it knows it itself: the journal may be away when it is time to undo."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chaoskit.errors import JournalError
from chaoskit.journal import Entry, Status
from chaoskit.slo import SystemClock

if TYPE_CHECKING:
    from chaoskit.journal import Journal, Record
    from chaoskit.leases import Lease


class Ledger:
    """One run's part of the journal: written there first, and kept in memory too."""

    def __init__(self, journal: Journal, trace_id: str) -> None:
        """Nothing is recorded yet."""
        self._journal = journal
        self._trace_id = trace_id
        self._clock = SystemClock()  # rows bear the machine's time, whatever time the account has
        self._entries: dict[int, Entry] = {}
        self._anew: dict[int, int] = {}

    def record(self, change: Record, lease: Lease | None = None) -> int:
        """See `Journal.record`."""
        entry = self._journal.record(change, lease)
        now = self._clock.now()
        self._entries[entry] = Entry(entry, change, Status.JOURNALED, "", now, now)
        return entry

    def mark(self, entry: int, status: Status, note: str = "") -> bool:
        """See `Journal.mark`. What goes on although another has closed its row gets a new one.

        A process that was suspended may send a call after others took it for dead and undid what it had
        recorded.
        """
        self._change(entry, status=status, note=note, updated=self._clock.now())
        is_open = self._journal.mark(self._anew.get(entry, entry), status, note)
        if not is_open and status is not Status.UNDONE and entry in self._entries:
            self._anew[entry] = self._journal.record(self._entries[entry].record)
            return self._journal.mark(self._anew[entry], status, note)
        return is_open

    def saw(self, entry: int, after: Any) -> None:
        """See `Journal.saw`."""
        self._change(entry, after=(after,))
        self._journal.saw(self._anew.get(entry, entry), after)

    def still(self, lease: Lease | None) -> None:
        """See `Journal.still`."""
        self._journal.still(lease)

    def open(self) -> list[Entry]:
        """Every change of the run that it has not undone itself, newest first.

        The journal's rows, and those that it does not have or can't tell of.
        """
        found = {number: row for number, row in self._entries.items() if row.status is not Status.UNDONE}
        first_numbers = {new: old for old, new in self._anew.items()}
        with suppress(JournalError):
            for row in self._journal.open_faults():
                if row.record.trace_id == self._trace_id:
                    number = first_numbers.get(row.id, row.id)
                    found[number] = replace(row, id=number)
        return [found[number] for number in sorted(found, reverse=True)]

    def _change(self, entry: int, **becomes: Any) -> None:
        if entry in self._entries:
            self._entries[entry] = replace(self._entries[entry], **becomes)
