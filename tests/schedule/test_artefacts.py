from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import yaml

from chaoskit.schedule.artefacts import ARTEFACTS, BEGIN, END, FOLDERS, NEXT, Wish, merged

WISH = Wish("/opt/chaos kit/chaoskit", Path("/srv/100%"), ("experiments", "own folder"), "aws", 10)


class Cloud(yaml.SafeLoader):
    """Reads CloudFormation's short functions as their names and arguments."""


Cloud.add_multi_constructor("!", lambda loader, tag, node: (tag, loader.construct_scalar(node)))


@pytest.mark.parametrize("kind", ARTEFACTS)
def test_the_same_wish_is_the_same_text(kind: str) -> None:
    assert ARTEFACTS[kind](WISH) == ARTEFACTS[kind](WISH)
    assert all(text.startswith(BEGIN) for text in ARTEFACTS[kind](WISH).values())


@pytest.mark.parametrize("kind", ARTEFACTS)
def test_everything_that_can_be_installed_has_a_place_and_a_next_step(kind: str) -> None:
    assert NEXT[kind]
    assert kind == "cron" or kind in FOLDERS


def test_cron_calls_it_in_its_folder_with_every_word_quoted() -> None:
    (text,) = ARTEFACTS["cron"](WISH).values()
    (line,) = [each for each in text.splitlines() if not each.startswith("#")]
    assert line.startswith("*/10 * * * * cd /srv/100\\% && ")
    words = shlex.split(line.partition("&& ")[2])
    assert words == [
        "/opt/chaos kit/chaoskit",
        "run",
        "experiments",
        "own folder",
        "--due",
        "--target",
        "aws",
    ]


def test_a_crontab_keeps_what_is_not_ours_and_has_us_once() -> None:
    mine, block = "0 1 * * * backup\n", f"{BEGIN}\nnew\n{END}\n"
    once = merged(mine, block)
    assert once == mine + block
    assert merged(once, block) == once
    assert merged(f"{BEGIN}\nold\n{END}\n{mine}", block) == block + mine


def test_a_crontab_without_a_last_line_break_gets_one() -> None:
    assert merged("0 1 * * * backup", "block\n") == "0 1 * * * backup\nblock\n"


def test_systemd_has_time_to_roll_back() -> None:
    service = ARTEFACTS["systemd"](WISH)[Path("chaoskit.service")]
    assert "TimeoutStopSec=30min" in service
    assert 'ExecStart="/opt/chaos kit/chaoskit" run experiments "own folder" --due --target aws' in service
    assert "WorkingDirectory=/srv/100%%" in service


def test_the_workflow_never_runs_twice_at_once() -> None:
    workflow = yaml.safe_load(next(iter(ARTEFACTS["github-actions"](WISH).values())))
    assert workflow["concurrency"] == {"group": "chaoskit", "cancel-in-progress": False}
    steps = workflow["jobs"]["due"]["steps"]
    assert steps[-1]["run"] == "chaoskit run experiments 'own folder' --due --target aws"


def test_on_aws_a_schedule_starts_the_build_and_an_alarm_hears_its_silence() -> None:
    template = yaml.load(next(iter(ARTEFACTS["eventbridge"](WISH).values())), Cloud)  # noqa: S506 - a SafeLoader
    resources = template["Resources"]
    assert resources["Due"]["Properties"]["ScheduleExpression"] == "rate(10 minutes)"
    spec = yaml.safe_load(resources["Project"]["Properties"]["Source"]["BuildSpec"])
    assert spec["phases"]["build"]["commands"][-1] == (
        "chaoskit run experiments 'own folder' --due --target aws --heartbeat cloudwatch"
    )
    assert resources["Silent"]["Properties"]["TreatMissingData"] == "breaching"
