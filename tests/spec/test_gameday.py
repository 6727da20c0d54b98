from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chaoskit.errors import SpecError
from chaoskit.probes.cloudwatch_alarm import Alarm
from chaoskit.slo import Duration
from chaoskit.spec.gameday import is_gameday, load
from tests.samples import ROOT, SMALL

if TYPE_CHECKING:
    from chaoskit.gamedays import GameDay

SHIPPED = sorted((ROOT / "gamedays").glob("*.yaml"))
DAY = """\
id: a-day
title: A day
max_duration: 90m
roles:
  facilitator: Ada
  blue: [Dana, Eli]
abort:
  verdicts: [FAILED]
  conditions:
    - cloudwatch.alarm: {name: an-alarm}
  people: [A user complains.]
injects:
  - small
  - experiment: ../other/second.yaml
    at: 10m
    pause: true
    brief: Watch closely.
"""


def read(folder: Path, text: str, small: str = SMALL) -> GameDay:
    for name, content in {
        "experiments/identity/small.yaml": small,
        "other/second.yaml": SMALL.replace("id: small", "id: second"),
        "gamedays/a-day.yaml": text,
    }.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, "utf-8")
    return load(folder / "gamedays" / "a-day.yaml")


def test_a_file_is_read_into_a_game_day_with_its_experiments(tmp_path: Path) -> None:
    day = read(tmp_path, DAY)
    assert (day.id, day.title, day.max_duration, day.blind) == ("a-day", "A day", Duration(5400), False)
    assert day.roles == {"facilitator": ("Ada",), "blue": ("Dana", "Eli")}
    told = [(each.experiment.id, each.at, each.pause, each.brief, each.begins) for each in day.injects]
    assert told == [
        ("small", Duration(0), False, "", "at once"),
        ("second", Duration(600), True, "Watch closely.", "at 10m after a pause"),
    ]
    assert (day.abort.verdicts, day.abort.people) == (("FAILED",), ("A user complains.",))
    assert [day.ends_with(word) for word in ("PASSED", "FAILED", "ERROR")] == [False, True, True]


def test_the_days_conditions_stop_every_experiment_and_none_twice(tmp_path: Path) -> None:
    own = SMALL + "stop_conditions:\n  - cloudwatch.alarm: {name: an-alarm}\n"
    day = read(tmp_path, DAY, small=own)
    assert [each.experiment.stop_conditions for each in day.injects] == [(Alarm(name="an-alarm"),)] * 2


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        (DAY.replace("injects:", "inject:"), r"a-day.yaml:12:1: a game day has no 'inject'; did you mean in"),
        (DAY.replace("injects:", "inject:"), r"a-day.yaml:1:1: a game day lacks injects"),
        (DAY.replace("- small", "- smal"), r"13:5: there is no experiment 'smal'; did you mean small\?"),
        (DAY.replace("second.yaml", "third.yaml"), r"14:17: there is no file '../other/third.yaml'"),
        (DAY.replace("facilitator", "fascilitator"), r"5:3: roles has no 'fascilitator'; did you mean fac"),
        (DAY.replace("facilitator: Ada", "red: Ada"), r"5:3: roles lacks facilitator"),
        (DAY.replace("[Dana, Eli]", "[]"), r"6:9: roles.blue must name at least one"),
        (DAY.replace("[FAILED]", "[PASSED]"), r"8:14: an item of abort.verdicts can't be 'PASSED'"),
        (DAY.replace("cloudwatch.alarm", "cloudwatch.alrm"), r"10:7: there is no probe 'cloudwatch.alrm'; d"),
        (DAY.replace("at: 10m", "at: soon"), r"15:9: at must be a duration such as 60s or 1h30m"),
        (DAY.replace("at: 10m", "at: 2h"), r"14:5: second is at 2h, after max_duration 1h30m"),
        (DAY.replace("pause: true", "pause: maybe"), r"16:12: pause must be true or false"),
        (DAY.replace("id: a-day", "id: day"), r"1:5: id 'day' must be the file's name, a-day"),
        (
            DAY.replace("- small\n", "- experiment: small\n    at: 11m\n"),
            r"15:5: second is at 10m, before the inj",
        ),
        ("- small\n", r"1:1: a game day must be a mapping"),
        (DAY.partition("injects:")[0] + "injects: []\n", r"12:10: injects must name at least one experiment"),
    ],
)
def test_a_mistake_is_told_where_it_is(tmp_path: Path, wrong: str, place: str) -> None:
    with pytest.raises(SpecError, match=place):
        read(tmp_path, wrong)


def test_everything_that_is_wrong_is_told_at_once_and_in_the_experiments_too(tmp_path: Path) -> None:
    wrong = DAY.replace("90m", "long").replace("- small", "- small\n  - small")
    with pytest.raises(SpecError) as error:
        read(tmp_path, wrong, small=SMALL.replace("owner:", "ovner:"))
    told = [f"{Path(each.path).name}:{each.line}:{each.column}" for each in error.value.problems]
    assert told == ["small.yaml:1:1", "small.yaml:3:1", "a-day.yaml:3:15"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_day_is_valid_and_says_who_does_what(path: Path) -> None:
    day = load(path)
    assert {"facilitator", "scribe", "red", "blue"} <= set(day.roles)
    assert day.abort.people


def test_the_day_in_the_documentation_is_valid(tmp_path: Path) -> None:
    (tmp_path / "experiments").symlink_to(ROOT / "experiments")
    page = (ROOT / "docs" / "gameday.md").read_text("utf-8")
    (told,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    file = tmp_path / "gamedays" / "a-rehearsal.yaml"
    file.parent.mkdir()
    file.write_text(told, "utf-8")
    assert [each.begins for each in load(file).injects] == ["at once", "at 20m after a pause"]


def test_a_file_is_a_game_day_by_its_folder_or_by_its_injects(tmp_path: Path) -> None:
    read(tmp_path, DAY)
    (tmp_path / "gamedays" / "a-day.yaml").write_text("")
    assert is_gameday(tmp_path / "gamedays" / "a-day.yaml")
    assert not is_gameday(tmp_path / "other" / "second.yaml")
    (tmp_path / "elsewhere.yaml").write_text(DAY)
    assert is_gameday(tmp_path / "elsewhere.yaml")
    assert not is_gameday(tmp_path / "missing.yaml")
