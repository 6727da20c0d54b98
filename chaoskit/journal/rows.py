"""From a row to an entry, whatever has become of the row."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from chaoskit.journal.port import Entry, Record, Status

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    Row = sqlite3.Row | Mapping[str, Any]

TEXT_COLUMNS: Final = ("trace_id", "experiment", "fault")
JSON_COLUMNS: Final = ("target", "do", "undo", "state", "captured", "listed")


def entry_of(row: Row, after: str | None) -> Entry:
    """The row; a damaged one becomes an entry that can't be undone, so that the others still can."""
    try:
        return _whole(row, after)
    except (ValueError, TypeError, AttributeError):
        record = Record(
            trace_id=str(row["trace_id"]),
            experiment=str(row["experiment"]),
            fault=str(row["fault"]),
            target={},
            do={},
            undo=({"damaged": str(row["undo"])},),
            state=None,
            captured=None,
            listed=(None,),
        )
        note = f"row {row['id']} of the journal is damaged"
        now = datetime.now(UTC)
        return Entry(row["id"], record, Status.UNDO_FAILED, note, now, now)


def _whole(row: Row, after: str | None) -> Entry:
    fields: dict[str, Any] = {name: str(row[name]) for name in TEXT_COLUMNS}
    fields |= {name: json.loads(row[name]) for name in JSON_COLUMNS}
    if not isinstance(fields["target"], dict) or not isinstance(fields["do"], dict):
        raise TypeError("no place, or no call")
    fields |= {"undo": tuple(fields["undo"]), "listed": tuple(fields["listed"])}
    return Entry(
        id=row["id"],
        record=Record(**fields),
        status=_status(row["status"]),
        note=str(row["note"]),
        created=_moment(row["created"]),
        updated=_moment(row["updated"]),
        after=() if after is None else (json.loads(after),),
    )


def _status(text: Any) -> Status:
    """One that is damaged, or another version's, tells nothing: then the call may be in, or yet to land."""
    return Status(text) if text in set(Status) else Status.JOURNALED


def _moment(text: Any) -> datetime:
    """One that is damaged may have been just now."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
