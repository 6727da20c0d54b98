"""Answering what an account must show: from the verdicts of runs, and from probes that look once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.contract import Trace
from chaoskit.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from chaoskit.aws import Reader
    from chaoskit.contract import Probe
    from chaoskit.posture import Group, Item


@dataclass(frozen=True, slots=True)
class Answer:
    """What one probe or one experiment says.

    Attributes:
        by: The probe's name or the experiment's id.
        holds: True, False, or None when it can't be told.
        why: One sentence.
    """

    by: str
    holds: bool | None
    why: str


@dataclass(frozen=True, slots=True)
class Answered:
    """An item with its answers."""

    id: str
    question: str
    source: str
    answers: tuple[Answer, ...]

    @property
    def holds(self) -> bool | None:
        """False when one answer is no; True only when all are yes."""
        given = {answer.holds for answer in self.answers}
        if False in given:
            return False
        return True if given == {True} else None


@dataclass(frozen=True, slots=True)
class Graded:
    """A group with its items answered."""

    name: str
    items: tuple[Answered, ...]

    @property
    def holds(self) -> bool:
        """Whether every item does; what can't be told does not."""
        return all(item.holds is True for item in self.items)

    def missing(self) -> tuple[Answered, ...]:
        """The items that keep it from holding."""
        return tuple(item for item in self.items if item.holds is not True)


def look_at(groups: Sequence[Group], aws: Reader, now: datetime) -> dict[Probe, Answer]:
    """What the groups' probes see in an account; each looks once."""
    trace = Trace("assess", now)
    probes = {probe for group in groups for item in group.items for probe in item.probes}
    return {probe: _looked(probe, aws, trace) for probe in sorted(probes, key=repr)}


def graded(group: Group, results: Sequence[Mapping[str, Any]], seen: Mapping[Probe, Answer]) -> Graded:
    """A group with each item answered; a probe that did not look says that it can't tell."""
    verdicts: dict[str, list[str]] = {}
    for result in results:
        verdicts.setdefault(result["experiment"], []).append(result["verdict"])
    return Graded(group.name, tuple(_answered(item, verdicts, seen) for item in group.items))


def _answered(item: Item, verdicts: Mapping[str, list[str]], seen: Mapping[Probe, Answer]) -> Answered:
    answers = [seen.get(probe) or Answer(probe.about.name, None, "did not look") for probe in item.probes]
    answers += [_verdict(name, verdicts.get(name, [])) for name in item.experiments]
    return Answered(item.id, item.question, item.source, tuple(answers))


def _verdict(experiment: str, verdicts: Sequence[str]) -> Answer:
    if not verdicts:
        return Answer(experiment, None, "was not run")
    if "FAILED" in verdicts:
        return Answer(experiment, False, "FAILED")
    worst = next((verdict for verdict in verdicts if verdict != "PASSED"), "PASSED")
    return Answer(experiment, True if worst == "PASSED" else None, worst)


def _looked(probe: Probe, aws: Reader, trace: Trace) -> Answer:
    name = probe.about.name
    try:
        observation = probe.look(aws, trace)
    except AwsError as error:
        return Answer(name, None, str(error))
    return Answer(name, observation.holds, observation.summary)
