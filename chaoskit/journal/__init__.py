"""The durable record of undo: written before a change is sent, closed only when it is undone."""

from chaoskit.journal.port import Entry, Journal, Record, Rows, Status
from chaoskit.journal.sqlite import JournalBusyError, SqliteJournal
from chaoskit.journal.where import Where, every_journal, open_journal, this_journal

__all__ = [
    "Entry",
    "Journal",
    "JournalBusyError",
    "Record",
    "Rows",
    "SqliteJournal",
    "Status",
    "Where",
    "every_journal",
    "open_journal",
    "this_journal",
]
