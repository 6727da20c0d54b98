"""What a proof has tried so far, written as it goes: a full run may be made in slices.

`CHAOSKIT_RELIABILITY_LEDGER=FOLDER` keeps it between runs: what it holds without a failure is not tried
again.
`CHAOSKIT_RELIABILITY_MINUTES=8` ends a slice after that time; the figures are then of all slices so far.

`python -m tests.reliability.ledger` (`make reliability-kept`) prints what the kept rows say; it ends with 1
when something was left.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT: Final = Path(__file__).parents[2]
KEPT: Final = Path(__file__).with_name("kept")
_LARGEST: Final = frozenset({"slowest", "seconds", "files_held", "threads", "memory", "growth"})


class Ledger:
    """The rows of one proof, by a key that says what was tried."""

    def __init__(self, name: str, folder: str | None = None) -> None:
        """Read what is kept; in a folder of its own, or where the environment says."""
        kept, minutes = (os.environ.get(f"CHAOSKIT_RELIABILITY_{what}", "") for what in ("LEDGER", "MINUTES"))
        folder = kept if folder is None else folder
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

    def has_failed(self, key: str) -> bool:
        """Whether something was wrong when it was tried."""
        return bool(self._rows.get(key, {}).get("wrong"))

    def wrong(self) -> list[str]:
        """Everything that a proof must not see."""
        return [wrong for row in self._rows.values() for wrong in row["wrong"]]

    def summary(self) -> str:
        """Everything that its rows count, in a line: sums, or the largest of what is no count."""
        names = dict.fromkeys(name for row in self._rows.values() for name in row)
        found = {name: self._summed(name) for name in names if name not in ("key", "commit", "wrong")}
        told = ", ".join(f"{name} {value}" for name, value in found.items())
        commits = dict.fromkeys(row["commit"] for row in self._rows.values())
        return f"{len(self)} rows: {told}; {len(self.wrong())} wrong (tried on {', '.join(commits)})"

    def _summed(self, name: str) -> Any:
        if any(isinstance(row.get(name), dict) for row in self._rows.values()):
            return self.tally(name)
        return f"up to {self.most(name):.3g}" if name in _LARGEST else self.total(name)

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def __len__(self) -> int:
        return len(self._rows)


def _commit() -> str:
    asked = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def main() -> int:
    """Print what each proof has found."""
    ledgers = {file.stem: Ledger(file.stem, str(KEPT)) for file in sorted(KEPT.glob("*.jsonl"))}
    for name, ledger in ledgers.items():
        sys.stdout.write(f"{name.removeprefix('test_').replace('_', ' ')}\n    {ledger.summary()}\n")
    return int(any(ledger.wrong() for ledger in ledgers.values()))


if __name__ == "__main__":
    sys.exit(main())
