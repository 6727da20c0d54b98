from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from chaoskit.assess import Answer, assess, look_at
from chaoskit.assess.posture import graded
from chaoskit.contract import About, Observation, Probe
from chaoskit.errors import AwsError
from chaoskit.posture import Group, Item
from tests.assess.documents import result

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NOBODY: Any = None


@dataclass(frozen=True)
class Told(Probe):
    """Says what it was told to say."""

    holds: bool | None
    error: str = ""

    about: ClassVar[About] = About("tests.told")

    def look(self, aws: Reader, trace: Trace) -> Observation:
        del aws, trace
        if self.error:
            raise AwsError("iam:GetRole", "AccessDenied", self.error)
        return Observation(self.holds, f"it is {self.holds}")


def item(*probes: Probe, experiments: tuple[str, ...] = ()) -> Item:
    return Item("an-item", "Is it so?", "a guide", probes, experiments)


def answered(asked: Item, *results: dict[str, Any]) -> bool | None:
    group = Group("a group", (asked,))
    return graded(group, results, look_at([group], NOBODY, NOW)).items[0].holds


@pytest.mark.parametrize("holds", [True, False, None])
def test_an_item_holds_as_its_probe_says(holds: bool | None) -> None:
    assert answered(item(Told(holds))) is holds


def test_an_item_holds_only_when_all_its_answers_are_yes() -> None:
    assert answered(item(Told(True), Told(None))) is None
    assert answered(item(Told(True), Told(None), Told(False))) is False


def test_a_probe_that_cant_read_leaves_the_item_open_and_says_why() -> None:
    group = Group("a group", (item(Told(True, "access denied")),))
    seen = look_at([group], NOBODY, NOW)
    assert list(seen.values()) == [
        Answer("tests.told", None, "iam:GetRole failed: AccessDenied: access denied")
    ]


@pytest.mark.parametrize(
    ("verdicts", "holds"),
    [
        ([], None),
        (["PASSED"], True),
        (["PASSED", "FAILED"], False),
        (["INCONCLUSIVE"], None),
        (["PASSED", "ERROR"], None),
    ],
)
def test_an_experiment_answers_by_all_its_verdicts(verdicts: list[str], holds: bool | None) -> None:
    assert answered(item(experiments=("one",)), *(result("one", each) for each in verdicts)) is holds


def levels(*held: bool | None) -> list[Group]:
    return [Group(f"level {n}", (item(Told(each)),)) for n, each in enumerate(held, 1)]


@pytest.mark.parametrize(
    ("held", "level"),
    [((False, True), 0), ((True, False), 1), ((True, None, True), 1), ((True, True), 2), ((), 0)],
)
def test_a_level_is_reached_only_with_all_below_it(held: tuple[bool | None, ...], level: int) -> None:
    groups = levels(*held)
    assert assess([], groups, [], look_at(groups, NOBODY, NOW)).level == level


def test_what_is_missing_is_of_the_next_level_only() -> None:
    groups = levels(True, None, False)
    assessment = assess([], groups, [], look_at(groups, NOBODY, NOW))
    assert [answer.holds for each in assessment.missing() for answer in each.answers] == [None]
    assert assessment.dump()["maturity"]["missing"] == ["an-item"]
