"""Which techniques a run tried, of those that the faults stand for: what nobody tried is shown too."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from chaoskit.contract import FAULTS
from chaoskit.knowledge import catalog

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chaoskit.knowledge import Kind

_KINDS: Final[tuple[Kind, ...]] = ("attack", "atlas", "owasp_ml")


@dataclass(frozen=True, slots=True)
class Technique:
    """A technique, the experiments that tried it, and the faults that could.

    Attributes:
        runs: Experiment and verdict; empty when nobody tried it.
        faults: The names of the faults that stand for it.
    """

    id: str
    name: str
    url: str
    runs: tuple[tuple[str, str], ...]
    faults: tuple[str, ...]

    @property
    def passed(self) -> int:
        """How many of the runs PASSED."""
        return sum(verdict == "PASSED" for _, verdict in self.runs)

    @property
    def state(self) -> str:
        """`full` when all PASSED, `part` when one FAILED, `gap` when it can't be told, else `untried`."""
        if not self.runs:
            return "untried"
        if any(verdict == "FAILED" for _, verdict in self.runs):
            return "part"
        return "full" if self.passed == len(self.runs) else "gap"


def techniques(results: Sequence[Mapping[str, Any]]) -> dict[str, list[Technique]]:
    """By publisher, those of the results and of all faults there are; what was tried comes first."""
    return {catalog(kind).name: _of(results, kind) for kind in _KINDS}


def _of(results: Sequence[Mapping[str, Any]], kind: Kind) -> list[Technique]:
    runs: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for result in results:
        for wanted in {*result["maps"].get(kind, ()), *_of_faults(result, kind)}:
            runs[_newest(kind, wanted)].append((result["experiment"], result["verdict"]))
    faults: dict[str, list[str]] = defaultdict(list)
    for known in FAULTS:
        for wanted in getattr(known.about, kind):
            faults[_newest(kind, wanted)].append(known.about.name)
    found = []
    for each in sorted({*runs, *faults}, key=lambda each: (each not in runs, each)):
        entry = catalog(kind).find(each)
        told = (entry.name, entry.url) if entry else ("", "")
        found.append(Technique(each, *told, tuple(runs.get(each, ())), tuple(sorted(faults.get(each, ())))))
    return found


def _newest(kind: Kind, wanted: str) -> str:
    entry = catalog(kind).find(wanted)
    return entry.id if entry else wanted


def _of_faults(result: Mapping[str, Any], kind: Kind) -> Iterator[str]:
    for fault in result["faults"]:
        known = FAULTS.get(fault["fault"].partition("#")[0])
        yield from getattr(known.about, kind) if known else ()
