"""What came of taking one control away."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chaoskit.result import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.mutate.control import Control
    from chaoskit.result import Result


class Outcome(StrEnum):
    """What came of taking a control away."""

    KILLED = "killed"
    """An experiment turned FAILED."""
    NOTICED = "noticed"
    """One turned INCONCLUSIVE, ABORTED or ERROR: somebody would look, but no weakness is told."""
    SURVIVED = "survived"
    """Every experiment that relies on it still passed."""
    UNUSED = "unused"
    """No experiment relies on it."""
    KEPT = "kept"
    """It could not be taken away."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What an experiment said without the control.

    Attributes:
        experiment: Its id.
        verdict: What it came to.
        reason: Why.
        noticed_by: The rules that match a call of its fault, where nothing that it expects came to be; None
            where something did, or nothing got in.
    """

    experiment: str
    verdict: Verdict
    reason: str = ""
    noticed_by: tuple[str, ...] | None = None

    @classmethod
    def of(cls, result: Result, noticed_by: tuple[str, ...] | None = None) -> Trial:
        """From what the run found."""
        return cls(result.experiment.id, result.verdict, result.reason, noticed_by)

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Trial:
        """From what `dump` wrote."""
        by = data["noticed_by"]
        noticed_by = None if by is None else tuple(by)
        return cls(data["experiment"], Verdict(data["verdict"]), data["reason"], noticed_by)

    @property
    def unnoticed(self) -> bool:
        """Whether the fault was in and nobody saw it: neither this experiment's controls nor another rule."""
        return self.verdict is Verdict.FAILED and self.noticed_by == ()

    def dump(self) -> dict[str, Any]:
        """The JSON of the mutation schema."""
        return {
            "experiment": self.experiment,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "unnoticed": self.unnoticed,
            "noticed_by": None if self.noticed_by is None else list(self.noticed_by),
        }


@dataclass(frozen=True, slots=True)
class Baseline:
    """What an experiment said with every control in place.

    Attributes:
        experiment: Its id.
        verdict: What it came to.
        reason: Why.
        relies_on: The ids of the controls that it relied on; none unless it passed.
    """

    experiment: str
    verdict: Verdict
    reason: str = ""
    relies_on: frozenset[str] = frozenset()

    @classmethod
    def of(cls, result: Result, relies_on: frozenset[str] = frozenset()) -> Baseline:
        """From what the run found."""
        return cls(result.experiment.id, result.verdict, result.reason, relies_on)

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Baseline:
        """From what `dump` wrote."""
        relies_on = frozenset(data["relies_on"])
        return cls(data["experiment"], Verdict(data["verdict"]), data["reason"], relies_on)

    def dump(self) -> dict[str, Any]:
        """The JSON of the mutation schema."""
        return {
            "experiment": self.experiment,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "relies_on": sorted(self.relies_on),
        }


@dataclass(frozen=True, slots=True)
class Mutant:
    """A control that was taken away, and what the experiments that rely on it said.

    Attributes:
        trials: One for each of them.
        excuse: Its reason in `survivors.toml`, or None.
        trouble: Why it could not be taken away; empty when it was.
    """

    control: Control
    trials: tuple[Trial, ...] = ()
    excuse: str | None = None
    trouble: str = ""

    @property
    def outcome(self) -> Outcome:
        """What came of it."""
        if self.trouble:
            return Outcome.KEPT
        verdicts = {each.verdict for each in self.trials}
        if Verdict.FAILED in verdicts:
            return Outcome.KILLED
        if not verdicts:
            return Outcome.UNUSED
        return Outcome.SURVIVED if verdicts == {Verdict.PASSED} else Outcome.NOTICED

    @property
    def single_point(self) -> bool:
        """Whether its loss alone turns a fault that was prevented or detected into an unnoticed one."""
        return any(each.unnoticed for each in self.trials)

    def dump(self) -> dict[str, Any]:
        """The JSON of the mutation schema."""
        return {
            "control": self.control.id,
            "kind": self.control.kind,
            "name": self.control.name,
            "outcome": self.outcome.value,
            "single_point_of_failure": self.single_point,
            "reason": self.excuse,
            "trouble": self.trouble,
            "experiments": [each.dump() for each in self.trials],
            "away": [call.dump() for call in self.control.away],
            "back": [call.dump() for call in self.control.back],
        }
