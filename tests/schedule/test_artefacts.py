from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from chaoskit.errors import ChaoskitError
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


def test_a_crontab_whose_block_does_not_end_is_left_alone() -> None:
    with pytest.raises(ChaoskitError, match="without"):
        merged(f"{BEGIN}\nold\n0 1 * * * backup\n", "block\n")


def test_systemd_has_time_to_roll_back() -> None:
    service = ARTEFACTS["systemd"](WISH)[Path("chaoskit.service")]
    assert "TimeoutStopSec=30min" in service
    assert 'ExecStart="/opt/chaos kit/chaoskit" run experiments "own folder" --due --target aws' in service
    assert "WorkingDirectory=/srv/100%%" in service


def test_the_workflow_never_runs_twice_at_once() -> None:
    workflow = yaml.safe_load(next(iter(ARTEFACTS["github-actions"](WISH).values())))
    assert workflow["concurrency"] == {"group": "chaoskit", "cancel-in-progress": False}
    steps = workflow["jobs"]["due"]["steps"]
    (call,) = [each["run"] for each in steps if "chaoskit run" in each.get("run", "")]
    assert call == "chaoskit run experiments 'own folder' --due --target aws"


def test_the_workflow_keeps_its_journal_whatever_came_of_the_run() -> None:
    workflow = yaml.safe_load(next(iter(ARTEFACTS["github-actions"](WISH).values())))
    last = workflow["jobs"]["due"]["steps"][-1]
    assert last["if"] == "always()"
    assert last["uses"].startswith("actions/cache/save@")
    assert last["with"]["path"] == ".chaoskit"


def test_the_workflow_names_actions_by_their_commit_and_takes_a_role_on_aws_only() -> None:
    used = {}
    for target in ("aws", "embedded"):
        wish = Wish("chaoskit", Path("/srv"), ("a: b",), target)
        workflow = yaml.safe_load(next(iter(ARTEFACTS["github-actions"](wish).values())))
        used[target] = [each["uses"] for each in workflow["jobs"]["due"]["steps"] if "uses" in each]
        assert all(re.fullmatch(r"[a-z/-]+@[0-9a-f]{40}", each) for each in used[target])
    assert [each.partition("@")[0] for each in used["aws"] if each not in used["embedded"]] == [
        "aws-actions/configure-aws-credentials"
    ]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    wish = Wish(sys.executable, tmp_path, ("own folder", "100%", "$HOME"), "embedded")
    for name, text in ARTEFACTS["systemd"](wish).items():
        (tmp_path / name).write_text(text)
    units = [str(tmp_path / name) for name in ARTEFACTS["systemd"](wish)]
    command = ["systemd-analyze", "verify", "--man=no", *units]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert [line for line in told.stderr.splitlines() if "chaoskit" in line] == []
    assert told.returncode == 0


def test_on_aws_a_schedule_starts_the_build_and_an_alarm_hears_its_silence() -> None:
    template = yaml.load(next(iter(ARTEFACTS["eventbridge"](WISH).values())), Cloud)  # noqa: S506 - a SafeLoader
    resources = template["Resources"]
    assert resources["Due"]["Properties"]["ScheduleExpression"] == "rate(10 minutes)"
    spec = yaml.safe_load(resources["Project"]["Properties"]["Source"]["BuildSpec"])
    assert spec["phases"]["build"]["commands"][-1] == (
        "chaoskit run experiments 'own folder' --due --target aws --heartbeat cloudwatch"
    )
    assert resources["Silent"]["Properties"]["TreatMissingData"] == "breaching"


def test_whoever_deploys_the_schedule_is_told_of_every_parameter_that_has_no_default() -> None:
    template = yaml.load(next(iter(ARTEFACTS["eventbridge"](WISH).values())), Cloud)  # noqa: S506 - a SafeLoader
    needed = {name for name, about in template["Parameters"].items() if "Default" not in about}
    assert set(re.findall(r"(\w+)=", NEXT["eventbridge"])) == needed
    assert {"HarnessRole", "ReadRole", "UndoRole"} < needed
