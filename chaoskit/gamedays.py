"""A game day as a value: which experiments are played and when, who plays what, and what ends it early."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from chaoskit.slo import Duration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from chaoskit.contract import Probe
    from chaoskit.experiment import Experiment

ROLES: Final = ("facilitator", "scribe", "red", "blue", "observer")
"""Who takes part: leads, writes, attacks, defends, looks on."""
_AT_ONCE: Final = Duration(0)
_ALWAYS_LAST: Final = "ERROR"


@dataclass(frozen=True, slots=True)
class Inject:
    """One experiment of a game day.

    Attributes:
        experiment: What is run, with the day's own conditions among its stop conditions.
        at: It is not begun before, counted from the beginning of the day.
        pause: Whether it waits for the facilitator.
        brief: What the facilitator says or does meanwhile.
    """

    experiment: Experiment
    at: Duration = _AT_ONCE
    pause: bool = False
    brief: str = ""

    @property
    def begins(self) -> str:
        """When, in words."""
        parts = [f"at {self.at}"] if self.at else []
        return " ".join([*parts, "after a pause"] if self.pause else parts) or "at once"


@dataclass(frozen=True, slots=True)
class Abort:
    """What ends a game day early.

    Attributes:
        verdicts: An inject with one of them is the last. ERROR always is: something may be left behind.
        conditions: True or unreadable: the inject that runs is stopped and rolled back.
        people: What a person looks out for, and then presses `s`.
    """

    verdicts: tuple[str, ...] = ()
    conditions: tuple[Probe, ...] = ()
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GameDay:
    """One game-day file, checked, with its experiments.

    Attributes:
        id: The file's name.
        max_duration: Counted from its beginning; no inject begins later.
        roles: The people, by one of `ROLES`.
        blind: What is injected is hidden until the end.
        objective: What the day is to show.
    """

    id: str
    title: str
    max_duration: Duration
    roles: Mapping[str, tuple[str, ...]]
    injects: tuple[Inject, ...]
    path: Path
    objective: str = ""
    abort: Abort = field(default_factory=Abort)
    blind: bool = False

    def ends_with(self, verdict: str) -> bool:
        """Whether an inject with this verdict is the day's last."""
        return verdict in (_ALWAYS_LAST, *self.abort.verdicts)


def guarded(experiment: Experiment, abort: Abort) -> Experiment:
    """The experiment, stopped by the day's conditions too: the engine looks at them as at its own."""
    more = (each for each in abort.conditions if each not in experiment.stop_conditions)
    return replace(experiment, stop_conditions=(*experiment.stop_conditions, *more))
