from __future__ import annotations

from pathlib import Path

import pytest

import chaoskit
from chaoskit.errors import SpecError
from chaoskit.posture import Group, Item
from chaoskit.probes.events_rule_enabled import RuleEnabled
from chaoskit.spec import load
from chaoskit.spec.posture import groups
from tests.samples import SHIPPED

KNOWLEDGE = Path(chaoskit.__file__).parent / "knowledge"
SMALL = """\
groups:
  - name: detection
    items:
      - id: armed
        question: Is the rule enabled?
        source: a guide
        probes:
          - events.rule-enabled: {rule: a-rule}
        experiments: [one, two]
"""


def read(folder: Path, text: str) -> list[Group]:
    (folder / "posture.yaml").write_text(text)
    return groups(folder / "posture.yaml")


def test_a_file_is_read_into_groups_of_items(tmp_path: Path) -> None:
    item = Item("armed", "Is the rule enabled?", "a guide", (RuleEnabled(rule="a-rule"),), ("one", "two"))
    assert read(tmp_path, SMALL) == [Group("detection", (item,))]


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        (SMALL.replace("rule-enabled", "rule-enable"), r"8:13: there is no probe 'events.rule-enable'; did"),
        (SMALL.replace("question:", "questions:"), r"5:9: an item has no 'questions'; did you mean question"),
        (SMALL.partition("        probes")[0], r"4:9: an item needs `probes` or `experiments`"),
        ("groups: nothing\n", r"1:9: groups must be a list"),
        ("- groups\n", r"1:1: the file must be"),
    ],
)
def test_a_mistake_is_told_where_it_is(tmp_path: Path, wrong: str, place: str) -> None:
    with pytest.raises(SpecError, match=place):
        read(tmp_path, wrong)


@pytest.mark.parametrize("name", ["maturity", "readiness"])
def test_what_is_shipped_names_experiments_that_are_shipped(name: str) -> None:
    ids = {experiment.id for experiment in load([SHIPPED])}
    named = {
        each
        for group in groups(KNOWLEDGE / f"{name}.yaml")
        for item in group.items
        for each in item.experiments
    }
    assert named - ids == set()


def test_there_are_four_levels_of_maturity() -> None:
    assert [level.name for level in groups(KNOWLEDGE / "maturity.yaml")] == [
        "foundation",
        "structured",
        "proactive",
        "optimized",
    ]
