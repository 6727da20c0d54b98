"""How the journal notices that somebody else wrote in it: hashes in its rows, chained from row to row.

What was written of a change before it was made lasts, and its `hash` follows that of the row before. What
becomes of the change goes on, so a `seal` of its own covers it.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Final

from chaoskit.evidence import GENESIS, link

if TYPE_CHECKING:
    from collections.abc import Mapping

    _Row = Mapping[str, Any] | sqlite3.Row

SINCE: Final = 2
"""The first version of the journal's schema that has them."""
_LASTING: Final = (
    "id", "trace_id", "experiment", "fault", "target", "do", "undo", "state", "captured", "listed", "created",
)  # fmt: skip
_CHANGING: Final = ("hash", "status", "note", "updated", "effect")
_ROWS: Final = "SELECT changes.*, effects.state AS effect FROM changes LEFT JOIN effects ON change = id"


def chain(db: sqlite3.Connection, entry: int) -> int:
    """Hash a new row together with the one before it, and seal it; the row's id again."""
    before = db.execute("SELECT hash FROM changes WHERE id < ? ORDER BY id DESC LIMIT 1", (entry,)).fetchone()
    row = dict(db.execute(f"{_ROWS} WHERE id = ?", (entry,)).fetchone())
    row["hash"] = chained(before["hash"] if before else GENESIS, row)
    values = (row["hash"], sealed(row), entry)
    db.execute("UPDATE changes SET hash = ?, seal = ? WHERE id = ?", values)
    return entry


def seal(db: sqlite3.Connection, entry: int, **becomes: str) -> str:
    """The seal of a row once these columns say what is given; empty for a row that can't be read.

    It never fails: a damaged row must not keep its change from being undone.
    """
    try:
        row = db.execute(f"{_ROWS} WHERE id = ?", (entry,)).fetchone()
        return sealed({**dict(row), **becomes}) if row else ""
    except (sqlite3.Error, KeyError, TypeError, ValueError):
        return ""


def broken(db: sqlite3.Connection) -> list[str]:
    """What shows that somebody else wrote in the journal; empty when nothing does.

    Raises:
        sqlite3.Error: It can't be read.
    """
    if db.execute("PRAGMA user_version").fetchone()[0] < SINCE:
        return []
    rows = db.execute(f"{_ROWS} ORDER BY id").fetchall()
    last = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'changes'").fetchone()
    found, before = [], GENESIS
    for row in rows:
        if row["hash"] != chained(before, row):
            found.append(f"row {row['id']}, or one before it, is not as it was written")
        elif row["seal"] != sealed(row):
            found.append(f"what became of row {row['id']} is not as it was written")
        before = row["hash"]
    if last and last[0] != (rows[-1]["id"] if rows else 0):
        found.append(f"its last row, number {last[0]}, is gone")
    return found


def migrate(db: sqlite3.Connection) -> None:
    """Give an older version's journal its hashes, all or none: its rows are taken as they are.

    Raises:
        sqlite3.Error: It can't be written.
    """
    if db.execute("PRAGMA user_version").fetchone()[0] >= SINCE:
        return
    with db:
        db.execute("BEGIN IMMEDIATE")
        for column in ("hash", "seal"):
            db.execute(f"ALTER TABLE changes ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
        for row in db.execute("SELECT id FROM changes ORDER BY id").fetchall():
            chain(db, row["id"])
        db.execute(f"PRAGMA user_version = {SINCE}")


def chained(before: str, row: _Row) -> str:
    """The hash of a row that follows the one with the hash `before`."""
    return link(before, [row[name] for name in _LASTING])


def sealed(row: _Row) -> str:
    """The seal of a row as it stands."""
    return link(row["hash"], [row[name] for name in _CHANGING])
