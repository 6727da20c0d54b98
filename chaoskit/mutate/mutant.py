"""What came of taking one control away."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chaoskit.result import Verdict

if TYPE_CHECKING:
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
        noticed_by: The rules that match a call of its fault, where nothing that it expects came to be; None
            where something did, or nothing got in.
    """

    result: Result
    noticed_by: tuple[str, ...] | None = None

    @property
    def unnoticed(self) -> bool:
        """Whether the fault was in and nobody saw it: neither this experiment's controls nor another rule."""
        return self.result.verdict is Verdict.FAILED and self.noticed_by == ()

    def dump(self) -> dict[str, Any]:
        """The JSON of the mutation schema."""
        return {
            "experiment": self.result.experiment.id,
            "verdict": self.result.verdict.value,
            "reason": self.result.reason,
            "unnoticed": self.unnoticed,
            "noticed_by": None if self.noticed_by is None else list(self.noticed_by),
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
    def results(self) -> tuple[Result, ...]:
        """The trials' results."""
        return tuple(each.result for each in self.trials)

    @property
    def outcome(self) -> Outcome:
        """What came of it."""
        if self.trouble:
            return Outcome.KEPT
        verdicts = {result.verdict for result in self.results}
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
