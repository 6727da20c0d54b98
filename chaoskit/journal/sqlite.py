"""The journal in one SQLite file.

One process writes at a time; the lock is the kernel's (flock), so it is free the moment that process
is gone, however it went. A row that is open while the lock can be had is a fault that somebody left.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

from chaoskit import leases, seals
from chaoskit.errors import JournalError
from chaoskit.journal.port import Status
from chaoskit.journal.rows import JSON_COLUMNS, TEXT_COLUMNS, entry_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from chaoskit.journal.port import Entry, Record
    from chaoskit.leases import Lease

# SQLite quotes a damaged schema in its message, which Python can't decode then.
_BROKEN: Final = (sqlite3.Error, UnicodeDecodeError)
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    trace_id TEXT NOT NULL,
    experiment TEXT NOT NULL,
    fault TEXT NOT NULL,
    target TEXT NOT NULL,
    do TEXT NOT NULL,
    undo TEXT NOT NULL,
    state TEXT NOT NULL,
    captured TEXT NOT NULL,
    listed TEXT NOT NULL,
    status TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    created TEXT NOT NULL,
    updated TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS open_changes ON changes (id) WHERE status <> 'UNDONE';
"""
# Beside the first table, so that versions that know nothing of it can still roll back.
_EFFECTS: Final = "CREATE TABLE IF NOT EXISTS effects (change INTEGER PRIMARY KEY, state TEXT NOT NULL);"


class SqliteJournal:
    """A journal in one SQLite file, safe against a crash of the process or the machine.

    Use it as a context manager; `writer` is the process id that holds the lock when it is not us.
    """

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        """Open or create the file.

        Raises:
            JournalError: It can't be used; `JournalBusyError` when another process writes.
        """
        self.path = path
        self._mutex = threading.Lock()
        self._lock_fd: int | None = None
        self._empty = False
        try:
            if not readonly:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._take_lock()
            self._db = self._connect(readonly=readonly)
        except (OSError, *_BROKEN) as error:
            self._release()
            raise JournalError(
                f"The journal {path} can't be used ({error}). Nothing is injected without it: "
                "make it writable, or set CHAOSKIT_HOME to another directory."
            ) from error
        except JournalError:
            self._release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file and the lock."""
        self._db.close()
        self._release()

    def hold(self, resources: Collection[str], holder: str, lasting_s: float) -> Lease:
        """See `Journal`."""
        with self._mutex:
            return self._granted.take(resources, holder, lasting_s)

    def release(self, holder: str) -> None:
        """See `Journal`."""
        with self._mutex:
            self._granted.give_back(holder)

    def record(self, change: Record, lease: Lease | None = None) -> int:
        """See `Journal`."""
        values = [getattr(change, name) for name in TEXT_COLUMNS]
        values += [json.dumps(getattr(change, name)) for name in JSON_COLUMNS]
        columns = (*TEXT_COLUMNS, *JSON_COLUMNS, "status", "created", "updated")
        now = _now()
        with self._writing() as db:
            if lease:
                self._granted.check(lease)
            cursor = db.execute(
                f"INSERT INTO changes ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",  # noqa: S608 - constants only
                [*values, Status.JOURNALED, now, now],
            )
            return seals.chain(db, int(cursor.lastrowid or 0))

    def mark(self, entry: int, status: Status, note: str = "") -> bool:
        """See `Journal`. An UNDONE row stays as it is."""
        now = _now()
        with self._writing() as db:
            seal = seals.seal(db, entry, status=status, note=note, updated=now)
            columns = "status = ?, note = ?, updated = ?, seal = ?"
            values = (status, note, now, seal, entry, Status.UNDONE)
            done = db.execute(f"UPDATE changes SET {columns} WHERE id = ? AND status <> ?", values)  # noqa: S608 - constants only
            return bool(done.rowcount)

    def saw(self, entry: int, after: Any) -> None:
        """See `Journal`."""
        with self._writing() as db:
            seal = seals.seal(db, entry, effect=json.dumps(after))
            db.execute("INSERT OR REPLACE INTO effects VALUES (?, ?)", (entry, json.dumps(after)))
            db.execute("UPDATE changes SET seal = ? WHERE id = ?", (seal, entry))

    def open_faults(self, *, left: bool = False) -> list[Entry]:
        """See `Journal`; here nobody can tell but who has the lock, and then it is all of them."""
        del left
        if self._empty:
            return []
        with self._mutex, self._reporting():
            rows = self._db.execute(
                "SELECT * FROM changes WHERE status <> ? ORDER BY id DESC", (Status.UNDONE,)
            ).fetchall()
            # Only who can undo needs them, and an older version's file has them once it was opened to write.
            effects = self._lock_fd is not None and self._db.execute("SELECT change, state FROM effects")
            seen = dict(map(tuple, effects or ()))
        return [entry_of(row, seen.get(row["id"])) for row in rows]

    @contextmanager
    def abandoned(self, under: Lease | None = None) -> Iterator[list[Entry]]:
        """See `Journal`: who has the lock has proof that every holder is dead."""
        del under
        yield self.open_faults()

    def still(self, lease: Lease | None) -> None:
        """See `Journal`: the lock is the kernel's, and nobody else has it while this process is there."""

    def broken(self, *, thorough: bool = False) -> list[str]:
        """See `Journal`. It always reads every row."""
        del thorough
        with self._mutex, self._reporting():
            return [] if self._empty else seals.broken(self._db)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._mutex, self._reporting(), self._db:
            yield self._db

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except _BROKEN as error:
            raise JournalError(
                f"The journal {self.path} failed: {error}. If it is damaged, look over the account, then "
                "move the file away."
            ) from error

    def _connect(self, *, readonly: bool) -> sqlite3.Connection:
        if readonly:
            # Not mode=ro: a writer killed within a commit left SQLite's own journal to be rolled back.
            where = f"{self.path.absolute().as_uri()}?mode=rw"
            db = sqlite3.connect(where, uri=True, check_same_thread=False)
            db.execute("PRAGMA query_only = ON")
            self._empty = self._is_new(db)
        else:
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            db = sqlite3.connect(self.path, check_same_thread=False)
            # Not FULL: a power failure may bring back SQLite's own journal, deleted a moment ago, which would
            # take back the last row, of a change that was sent (SQLite, "PRAGMA synchronous").
            db.execute("PRAGMA synchronous = EXTRA")
            if self._is_new(db):
                db.executescript(f"{_TABLES} PRAGMA user_version = 1;")
            db.executescript(_EFFECTS)
        db.row_factory = sqlite3.Row
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > seals.SINCE:
            db.close()
            raise JournalError(
                f"The journal {self.path} was written by a newer chaoskit (format {version}): upgrade."
            )
        if not readonly:
            seals.migrate(db)
            db.executescript(leases.EPOCHS)
            with db:
                self._granted = leases.Granted(db)
        return db

    def _is_new(self, db: sqlite3.Connection) -> bool:
        """Whether nothing was recorded: a process that died while it made the file left it without tables.

        Raises:
            JournalError: It is not, but SQLite takes what is left of it for an empty one.
            sqlite3.Error: It can't be read.
        """
        if db.execute("PRAGMA user_version").fetchone()[0]:
            return False
        if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] and self.path.stat().st_size:
            db.close()
            raise JournalError(
                f"The journal {self.path} is cut short: look over the account, then move it away."
            )
        return True

    def _take_lock(self) -> None:
        self._lock_fd = os.open(self.path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._lock_fd, 32, 0).decode().strip() or "unknown"
            raise JournalBusyError(self.path, holder) from error
        os.ftruncate(self._lock_fd, 0)
        os.pwrite(self._lock_fd, f"{os.getpid()}\n".encode(), 0)

    def _release(self) -> None:
        if self._lock_fd is not None:
            with suppress(OSError):
                os.close(self._lock_fd)
            self._lock_fd = None


class JournalBusyError(JournalError):
    """Another chaoskit process is writing."""

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(
            f"Another chaoskit run (process {holder}) is using the journal {path}: wait for it to end, "
            "or set CHAOSKIT_HOME to run beside it."
        )
        self.holder = holder


def _now() -> str:
    return datetime.now(UTC).isoformat()
