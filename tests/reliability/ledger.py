"""What a proof has tried so far, written as it goes: a full run may be made in slices.

`CHAOSKIT_RELIABILITY_LEDGER=FOLDER` keeps it between runs: what it holds without a failure is not tried
again.
`CHAOSKIT_RELIABILITY_MINUTES=8` ends a slice after that time; the figures are then of all slices so far.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[2]


class Ledger:
    """The rows of one proof, by a key that says what was tried."""

    def __init__(self, name: str) -> None:
        folder, minutes = (
            os.environ.get(f"CHAOSKIT_RELIABILITY_{what}", "") for what in ("LEDGER", "MINUTES")
        )
        self._file = Path(folder) / f"{name}.jsonl" if folder else None
        self._ends = time.monotonic() + 60 * float(minutes) if minutes else None
        self._commit = _commit() if folder else ""
        self._rows: dict[str, dict[str, Any]] = {}
        if self._file and self._file.exists():
            for line in self._file.read_text("utf-8").splitlines():
                row = json.loads(line)
                self._rows[row["key"]] = row

    def left(self, keys: Iterable[str]) -> Iterator[str]:
        """What is still to be tried, as long as there is time."""
        for key in keys:
            if self._ends is not None and time.monotonic() > self._ends:
                return
            if key not in self._rows or self._rows[key]["wrong"]:
                yield key

    def add(self, key: str, wrong: Iterable[str] = (), **counts: Any) -> None:
        """Write down what came of trying it; `wrong` is what a proof must not see."""
        row = {"key": key, "commit": self._commit, "wrong": list(wrong), **counts}
        self._rows[key] = row
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")

    def total(self, count: str) -> int:
        """The sum of a count over all rows."""
        return sum(row.get(count, 0) for row in self._rows.values())

    def most(self, count: str) -> float:
        """The largest of a count."""
        return max((float(row.get(count, 0)) for row in self._rows.values()), default=0.0)

    def tally(self, count: str) -> dict[str, int]:
        """The sum over all rows of a count that is itself a table."""
        summed: dict[str, int] = {}
        for row in self._rows.values():
            for name, number in row.get(count, {}).items():
                summed[name] = summed.get(name, 0) + number
        return dict(sorted(summed.items(), key=lambda item: -item[1]))

    def wrong(self) -> list[str]:
        """Everything that a proof must not see."""
        return [wrong for row in self._rows.values() for wrong in row["wrong"]]

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def __len__(self) -> int:
        return len(self._rows)


def _commit() -> str:
    asked = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
