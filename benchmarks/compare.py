"""Compares the last figures with the kept ones: `python -m benchmarks.compare [--keep]`.

A figure that is more than 25 % worse than the kept one is printed, and the exit status is 1 then. `--keep`
keeps the last ones instead. Processor time is compared where it was taken.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.measure import KEPT, LAST, REGRESSION, described, tell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_SAME = ("processor", "cores", "python")
_MIDDLE = 1  # of the quartiles


@dataclass(frozen=True, slots=True)
class Worse:
    """A figure that got worse: by 0.3 is 30 %."""

    benchmark: str
    what: str
    who: str
    unit: str
    clock: str
    was: float
    is_: float
    by: float

    def __str__(self) -> str:
        return (
            f"{self.benchmark}: {self.what} ({self.who}): {self.was:.4g} -> {self.is_:.4g} {self.unit}, "
            f"{self.clock}, {self.by:.0%} worse"
        )


def regressions(
    kept: Mapping[str, Any], last: Mapping[str, Any], beyond: float = REGRESSION
) -> Iterator[Worse]:
    """The figures of chaoskit that are more than `beyond` worse in `last` than in `kept`.

    A peer's are not: they only tell how much the machine itself differs.
    """
    before = {(each["what"], each["who"]): each for each in kept["figures"]}
    for now in last["figures"]:
        was = before.get((now["what"], now["who"]))
        if was is None or now["better"] == "neither" or not now["who"].startswith("chaoskit"):
            continue
        clock = "processor" if now["processor"] and was["processor"] else "wall"
        old, new = was[clock][_MIDDLE], now[clock][_MIDDLE]
        if old <= 0 or new <= 0:
            continue
        by = (new / old if now["better"] == "less" else old / new) - 1
        if by > beyond:
            yield Worse(last["benchmark"], now["what"], now["who"], now["unit"], clock, old, new, by)


def differs(kept: Mapping[str, Any], last: Mapping[str, Any]) -> bool:
    """Whether the figures were taken on machines that can't be compared."""
    return any(kept["machine"].get(name) != last["machine"].get(name) for name in _SAME)


def _read(folder: Path) -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}


def main(*, keep: bool) -> int:
    """Compare, or keep."""
    if keep:
        KEPT.mkdir(exist_ok=True)
        for path in LAST.glob("*.json"):
            shutil.copy(path, KEPT)
            tell(f"kept {path.stem}")
        return 0
    kept, found = _read(KEPT), 0
    for name, last in _read(LAST).items():
        if name not in kept:
            tell(f"{name}: nothing is kept to compare with; `make bench-keep` keeps the last figures")
            continue
        if differs(kept[name], last):
            tell(f"{name}: kept on another machine ({described(kept[name]['machine'])})")
        for worse in regressions(kept[name], last):
            tell(str(worse))
            found += 1
    tell(f"{found} figures are more than {REGRESSION:.0%} worse than the kept ones")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(keep="--keep" in sys.argv[1:]))
