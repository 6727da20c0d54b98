"""Compliance evidence: for each control, the runs that speak for or against it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.knowledge import catalog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Run:
    """One run as evidence.

    Attributes:
        experiment: Its id.
        verdict: What came of it.
        trace_id: What it can be found by, in CloudTrail and in the history.
    """

    experiment: str
    verdict: str
    trace_id: str


@dataclass(frozen=True, slots=True)
class Control:
    """A control with its runs.

    Attributes:
        id: As in `maps: {compliance: [...]}`.
        name: What it is about.
        successors: Its ids in a later edition of the same standard.
        runs: The runs of the experiments that are mapped to it.
    """

    id: str
    name: str
    successors: tuple[str, ...]
    runs: tuple[Run, ...]

    @property
    def holds(self) -> bool | None:
        """True when all its runs PASSED, False when one FAILED, None when it can't be told."""
        verdicts = {run.verdict for run in self.runs}
        if "FAILED" in verdicts:
            return False
        return True if verdicts == {"PASSED"} else None


def controls(results: Sequence[Mapping[str, Any]]) -> tuple[Control, ...]:
    """The controls that these results speak of, by id."""
    runs: dict[str, list[Run]] = defaultdict(list)
    known = catalog("compliance")
    for result in results:
        for wanted in result["maps"].get("compliance", ()):
            entry = known.find(wanted)
            name = entry.id if entry else wanted
            runs[name].append(Run(result["experiment"], result["verdict"], result["trace_id"]))
    return tuple(_control(name, tuple(own)) for name, own in sorted(runs.items()))


def _control(wanted: str, runs: tuple[Run, ...]) -> Control:
    entry = catalog("compliance").find(wanted)
    return Control(wanted, entry.name if entry else "", entry.successors if entry else (), runs)
