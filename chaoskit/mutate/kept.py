"""What an earlier report found and still holds, so that a campaign goes on where it was stopped."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from chaoskit.embedded import shipped_runbooks
from chaoskit.mutate.mutant import Baseline, Trial
from chaoskit.result import Verdict
from chaoskit.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chaoskit.experiment import Experiment

_TEMPLATES: Final = Path(__file__).parents[1] / "sandbox" / "templates"
_STANDS: Final = frozenset({Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE})
"""Verdicts that a run comes to by itself; others may be another time."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a campaign was found of, as SHA-256 in hexadecimal.

    Attributes:
        workload: Of chaoskit's version, and of the templates, functions and runbooks that are deployed.
        experiments: By experiment: of its file, and of the modules of its faults and probes.
    """

    workload: str
    experiments: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, experiments: Iterable[Experiment]) -> Basis:
        """Of these experiments, in the workload that would be deployed now."""
        folders = (_TEMPLATES, shipped_runbooks())
        files = [each for folder in folders for each in sorted(folder.rglob("*")) if each.suffix != ".pyc"]
        deployed = _hash(__version__.encode(), *(each.read_bytes() for each in files if each.is_file()))
        return cls(deployed, {each.id: _of_experiment(each) for each in experiments})

    def dump(self) -> dict[str, Any]:
        """The JSON of the mutation schema."""
        return {"workload": self.workload, "experiments": dict(self.experiments)}


@dataclass(frozen=True, slots=True)
class Kept:
    """What was found.

    Attributes:
        basis: Of what; None when nothing was.
        baseline: By experiment.
        trials: By control and experiment.
    """

    basis: Basis | None = None
    baseline: Mapping[str, Baseline] = field(default_factory=dict)
    trials: Mapping[tuple[str, str], Trial] = field(default_factory=dict)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Kept:
        """From a document of schema `chaoskit/mutation/v1`; one without a basis says nothing."""
        if not (basis := document.get("basis")):
            return cls()
        before = [Baseline.load(each) for each in document["baseline"]]
        trials = {
            (one["control"], each["experiment"]): Trial.load(each)
            for one in document["controls"]
            if not one["trouble"]
            for each in one["experiments"]
        }
        return cls(Basis(**basis), {each.experiment: each for each in before}, trials)

    def still(self, basis: Basis) -> Kept:
        """What holds now: nothing in another workload, and nothing of an experiment that is another."""
        if self.basis is None or self.basis.workload != basis.workload:
            return Kept()
        then, now = self.basis.experiments, basis.experiments
        same = {name for name, hashed in now.items() if then.get(name) == hashed}
        return Kept(
            basis,
            {k: v for k, v in self.baseline.items() if k in same and v.verdict is Verdict.PASSED},
            {k: v for k, v in self.trials.items() if k[1] in same and v.verdict in _STANDS},
        )


def _of_experiment(experiment: Experiment) -> str:
    probes = [each.probe for each in experiment.expect]
    parts = (*experiment.faults, *probes, *experiment.steady_state)
    modules = sorted({type(each).__module__ for each in parts})
    sources = [Path(file) for name in modules if (file := sys.modules[name].__file__)]
    return _hash(*(each.read_bytes() for each in (Path(experiment.path), *sources)))


def _hash(*contents: bytes) -> str:
    """Of contents one after the other; each by its own hash, so that none runs into the next."""
    return hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in contents)).hexdigest()
