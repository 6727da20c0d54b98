from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chaoskit import spec
from chaoskit.errors import SpecError
from chaoskit.spec import fleet, gameday
from tests.samples import ROOT, SHIPPED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EXPERIMENT = SHIPPED / "identity" / "permissive-policy-on-training-role.yaml"
GAME_DAY = ROOT / "gamedays" / "leaked-key-and-open-data.yaml"
FLEET = ROOT / "examples" / "fleet.yaml"


def _experiment(path: Path) -> object:
    return spec.load([path])


@pytest.mark.parametrize(
    ("load", "path", "told"),
    [
        (_experiment, GAME_DAY, "this is a game day: chaoskit gameday run"),
        (_experiment, FLEET, "this is a fleet: chaoskit fleet run"),
        (gameday.load, EXPERIMENT, "this is an experiment: chaoskit run"),
        (gameday.load, FLEET, "this is a fleet: chaoskit fleet run"),
        (fleet.load, EXPERIMENT, "this is an experiment: chaoskit run"),
        (fleet.load, GAME_DAY, "this is a game day: chaoskit gameday run"),
    ],
)
def test_a_file_of_another_kind_is_told_its_command_and_nothing_else(
    load: Callable[[Path], object], path: Path, told: str
) -> None:
    with pytest.raises(SpecError) as raised:
        load(path)
    (problem,) = raised.value.problems
    assert problem.message == f"{told} {path}"


def test_a_file_with_the_keys_of_two_kinds_is_read_as_it_was_given(tmp_path: Path) -> None:
    both = tmp_path / f"{EXPERIMENT.name}"
    both.write_text(EXPERIMENT.read_text("utf-8") + "injects: []\n", "utf-8")
    with pytest.raises(SpecError, match="an experiment has no 'injects'"):
        spec.load([both])
