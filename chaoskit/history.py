"""What earlier runs found, kept: each run's document, and its latencies for statistics."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from chaoskit import evidence
from chaoskit.errors import ChaoskitError
from chaoskit.slo import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_SCHEMA_VERSION: Final = 2
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS runs (
    run_id TEXT PRIMARY KEY,
    target TEXT NOT NULL,
    started TEXT NOT NULL,
    document TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS outcomes (
    run_id TEXT NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
    experiment TEXT NOT NULL,
    account TEXT NOT NULL,
    started TEXT NOT NULL,
    verdict TEXT NOT NULL,
    PRIMARY KEY (run_id, experiment, account, started)
);
CREATE INDEX IF NOT EXISTS by_experiment ON outcomes (experiment, started);
CREATE TABLE IF NOT EXISTS latencies (
    run_id TEXT NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
    target TEXT NOT NULL,
    experiment TEXT NOT NULL,
    number INTEGER NOT NULL,
    probe TEXT NOT NULL,
    started TEXT NOT NULL,
    lo REAL NOT NULL,
    hi REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS by_expectation ON latencies (target, experiment, number, probe, started);
CREATE INDEX IF NOT EXISTS by_run ON latencies (run_id);
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One run that is kept.

    Attributes:
        document: Of schema `chaoskit/results/v1`.
    """

    run_id: str
    target: str
    started: datetime
    document: Mapping[str, Any]

    @property
    def results(self) -> list[Mapping[str, Any]]:
        """Its experiments' results."""
        return list(self.document.get("results", ()))

    @property
    def problems(self) -> list[str]:
        """What shows that the document is not as it was written."""
        return evidence.problems(self.document)


class HistoryError(ChaoskitError):
    """The history can't be used, or does not have what was asked for."""


class History:
    """Runs in one SQLite file, which several processes may use at once."""

    def __init__(self, path: Path) -> None:
        """Open or create the file, for its owner only.

        Raises:
            HistoryError: It can't be used.
        """
        self.path = path
        with self._reporting():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            with self._connected() as db:
                version = db.execute("PRAGMA user_version").fetchone()[0]
                if version < _SCHEMA_VERSION:  # the tables of the first format are the same
                    db.executescript(f"{_TABLES} PRAGMA user_version = {_SCHEMA_VERSION};")
        if version > _SCHEMA_VERSION:
            raise HistoryError(
                f"The history {path} was written by a newer chaoskit (format {version}): upgrade."
            )

    def keep(self, document: Mapping[str, Any]) -> None:
        """Keep a run's document; the same run again replaces it.

        Raises:
            HistoryError: It can't be written.
        """
        run_id = document["run_id"]
        outcomes = [
            (run_id, each["experiment"], each["account"], each["started"] or "", each["verdict"])
            for each in document["results"]
        ]
        with self._reporting(), self._connected() as db:
            db.execute("DELETE FROM outcomes WHERE run_id = ?", (run_id,))
            db.execute("DELETE FROM latencies WHERE run_id = ?", (run_id,))
            db.execute(
                "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?)",
                (run_id, document["target"], document["started"], json.dumps(document)),
            )
            db.executemany("INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?)", outcomes)
            db.executemany("INSERT INTO latencies VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _latencies(document))

    def latencies(
        self, target: str, experiment: str, number: int, probe: str, limit: int = 20
    ) -> list[Interval]:
        """Between which looks an expectation was seen in earlier runs, the newest first.

        Args:
            target: Where: a detector takes as long as it takes there.
            experiment: The experiment's id.
            number: Which of its expectations, counted from 0.
            probe: What looked; another one in its place had other latencies.
            limit: At most this many.

        Raises:
            HistoryError: It can't be read.
        """
        query = (
            "SELECT lo, hi FROM latencies WHERE target = ? AND experiment = ? AND number = ? AND probe = ? "
            "ORDER BY started DESC LIMIT ?"
        )
        with self._reporting(), self._connected() as db:
            rows = db.execute(query, (target, experiment, number, probe, limit))
            return [Interval(row["lo"], row["hi"]) for row in rows]

    def runs(
        self, *, since: datetime | None = None, experiment: str | None = None, limit: int = 1000
    ) -> list[Run]:
        """The newest runs first.

        Args:
            since: Only runs that began at this time or later.
            experiment: Only runs with this experiment.
            limit: At most this many.
        """
        where, values = ["1"], list[Any]()
        if since is not None:
            where.append("started >= ?")
            values.append(_written(since))
        if experiment is not None:
            where.append("run_id IN (SELECT run_id FROM outcomes WHERE experiment = ?)")
            values.append(experiment)
        query = f"SELECT * FROM runs WHERE {' AND '.join(where)} ORDER BY started DESC LIMIT ?"  # noqa: S608 - constants only
        with self._reporting(), self._connected() as db:
            return [_run(row) for row in db.execute(query, [*values, limit])]

    def last_begun(self, target: str, until: datetime) -> dict[str, datetime]:
        """When each experiment was last begun on a target, by its id.

        Args:
            target: Where.
            until: What is dated later does not count: a clock was ahead.

        Raises:
            HistoryError: It can't be read.
        """
        query = (
            "SELECT experiment, MAX(outcomes.started) AS last FROM outcomes JOIN runs USING (run_id) "
            "WHERE target = ? AND outcomes.started != '' AND outcomes.started <= ? GROUP BY experiment"
        )
        with self._reporting(), self._connected() as db:
            rows = db.execute(query, (target, _written(until)))
            return {row["experiment"]: datetime.fromisoformat(row["last"]) for row in rows}

    def find(self, name: str) -> Run:
        """The run whose id begins so; `last` is the newest, `last~1` the one before it.

        Raises:
            HistoryError: There is none, or more than one.
        """
        word, _, back = name.partition("~")
        if word == "last" and (not back or back.isdigit()):
            found = self.runs(limit=int(back or 0) + 1)[int(back or 0) :]
        else:
            with self._reporting(), self._connected() as db:
                rows = db.execute("SELECT * FROM runs WHERE substr(run_id, 1, ?) = ?", (len(name), name))
                found = [_run(row) for row in rows]
        if len(found) != 1:
            many = "more than one run begins so" if found else "there is no such run"
            raise HistoryError(f"{name}: {many}; `chaoskit history` lists them.")
        return found[0]

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=30)) as db, db:
            db.row_factory = sqlite3.Row
            yield db

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error, UnicodeDecodeError) as error:
            raise HistoryError(
                f"The history {self.path} can't be used ({error}). Move it away to begin a new one."
            ) from error


def _written(at: datetime) -> str:
    """As the documents of runs say it, so that it compares as a text."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _run(row: sqlite3.Row) -> Run:
    started = datetime.fromisoformat(row["started"])
    return Run(row["run_id"], row["target"], started, json.loads(row["document"]))


def _latencies(document: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    for result in document["results"]:
        for number, seen in enumerate(result.get("expectations", ())):
            if seen["latency_interval_s"]:
                place = document["target"], result["experiment"], number, seen["probe"]
                yield document["run_id"], *place, result["started"] or "", *seen["latency_interval_s"]
