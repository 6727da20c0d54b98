"""Which techniques a run tried, of those that the faults stand for: by tactic, with what nobody tried."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from chaoskit.contract import FAULTS
from chaoskit.knowledge import Entry, catalog

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chaoskit.knowledge import Kind

_KINDS: Final[tuple[Kind, ...]] = ("attack", "atlas", "owasp_ml")
_ELSEWHERE: Final = "Without a tactic"


@dataclass(frozen=True, slots=True)
class Run:
    """An experiment that tried a technique, and where it stands on the page."""

    experiment: str
    verdict: str
    anchor: str


def anchor(number: int, result: Mapping[str, Any]) -> str:
    """Where a result stands on the page; the same experiment may have been run more than once."""
    return f"run-{number}-{result['experiment']}"


@dataclass(frozen=True, slots=True)
class Technique:
    """A technique, the experiments that tried it, and the faults that could.

    Attributes:
        runs: Empty when nobody tried it.
        faults: The names of the faults that stand for it.
        tactics: The columns that it stands in.
    """

    id: str
    name: str
    url: str
    runs: tuple[Run, ...]
    faults: tuple[str, ...]
    tactics: tuple[str, ...] = ()

    @property
    def passed(self) -> int:
        """How many of the runs PASSED."""
        return sum(run.verdict == "PASSED" for run in self.runs)

    @property
    def state(self) -> str:
        """`full` when all PASSED, `part` when one FAILED, `gap` when it can't be told, else `untried`."""
        if not self.runs:
            return "untried"
        if any(run.verdict == "FAILED" for run in self.runs):
            return "part"
        return "full" if self.passed == len(self.runs) else "gap"


@dataclass(frozen=True, slots=True)
class Matrix:
    """The techniques of one publisher.

    Attributes:
        name: Whose they are.
        version: Of which version its ids are.
        techniques: All of them, what was tried first.
        columns: Those of each tactic, in the publisher's order; a publisher without tactics has none.
    """

    name: str
    version: str
    techniques: tuple[Technique, ...]
    columns: Mapping[str, tuple[Technique, ...]] = field(default_factory=dict)

    @property
    def tried(self) -> int:
        """How many techniques an experiment tried."""
        return sum(bool(each.runs) for each in self.techniques)

    @property
    def tactics_tried(self) -> int:
        """In how many columns an experiment tried something."""
        return sum(any(each.runs for each in column) for column in self.columns.values())


def techniques(results: Sequence[Mapping[str, Any]]) -> list[Matrix]:
    """A matrix for each publisher: the techniques of the results and of all faults there are.

    Args:
        results: Those of a document of schema `chaoskit/results/v1`, in its order.
    """
    return [_matrix(kind, tuple(_of(results, kind))) for kind in _KINDS]


def _matrix(kind: Kind, every: tuple[Technique, ...]) -> Matrix:
    known = catalog(kind)
    columns = {tactic: tuple(each for each in every if tactic in each.tactics) for tactic in known.tactics}
    if columns and (rest := tuple(each for each in every if not each.tactics)):
        columns[_ELSEWHERE] = rest
    return Matrix(known.name, known.version, every, columns)


def _of(results: Sequence[Mapping[str, Any]], kind: Kind) -> Iterator[Technique]:
    runs: dict[str, list[Run]] = defaultdict(list)
    for number, result in enumerate(results, 1):
        run = Run(result["experiment"], result["verdict"], anchor(number, result))
        for wanted in {
            _newest(kind, each) for each in (*result["maps"].get(kind, ()), *_of_faults(result, kind))
        }:
            runs[wanted].append(run)
    faults: dict[str, list[str]] = defaultdict(list)
    for known in FAULTS:
        for wanted in getattr(known.about, kind):
            faults[_newest(kind, wanted)].append(known.about.name)
    for each in sorted({*runs, *faults}, key=lambda each: (each not in runs, each)):
        entry = catalog(kind).find(each) or Entry(each, "")
        yield Technique(
            each,
            entry.name,
            entry.url,
            tuple(runs.get(each, ())),
            tuple(sorted(faults.get(each, ()))),
            entry.tactics,
        )


def _newest(kind: Kind, wanted: str) -> str:
    entry = catalog(kind).find(wanted)
    return entry.id if entry else wanted


def _of_faults(result: Mapping[str, Any], kind: Kind) -> Iterator[str]:
    for fault in result["faults"]:
        known = FAULTS.get(fault["fault"].partition("#")[0])
        yield from getattr(known.about, kind) if known else ()
