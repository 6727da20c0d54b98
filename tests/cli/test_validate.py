from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from chaoskit.cli import main
from tests.samples import SHIPPED, SMALL

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, "utf-8")
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    return ended.value.code, told.out, told.err


def test_valid_experiments_are_listed_with_their_titles(
    capsys: pytest.CaptureFixture[str], small: Path
) -> None:
    assert run(capsys, "validate", small) == (
        0,
        f"{small}: A small experiment\n1 experiment valid\n",
        "",
    )


def test_the_shipped_experiments_are_valid(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "validate", SHIPPED)
    assert (status, err) == (0, "")
    assert out.splitlines()[-1] == f"{len(list(SHIPPED.rglob('*.yaml')))} experiments valid"


def test_everything_that_is_wrong_is_listed_and_the_status_is_2(
    capsys: pytest.CaptureFixture[str], small: Path, tmp_path: Path
) -> None:
    small.write_text(SMALL.replace("owner: tests", "ovner: tests"), "utf-8")
    other = tmp_path / "zebra.yaml"
    other.write_text("", "utf-8")
    status, out, err = run(capsys, "validate", tmp_path)
    assert (status, out) == (2, "")
    assert err.splitlines() == [
        f"{small}:1:1: an experiment lacks owner",
        f"{small}:3:1: an experiment has no 'ovner'; did you mean owner?",
        f"{other}:1:1: the file is empty; an experiment starts with `id:`",
    ]


def test_a_path_that_is_not_there_is_told_and_the_status_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "validate", "nosuch.yaml") == (
        2,
        "",
        "chaoskit: nosuch.yaml:1:1: there is no such file\n",
    )


def test_validating_needs_no_aws_credentials_and_makes_no_journal(
    capsys: pytest.CaptureFixture[str], small: Path, chaoskit_home: Path
) -> None:
    assert run(capsys, "validate", small)[0] == 0
    assert not chaoskit_home.exists()


def test_without_a_path_the_usage_is_shown_and_the_status_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "validate")
    assert status == 2
    assert "Usage: chaoskit validate [OPTIONS] PATHS..." in err


def test_a_mistyped_command_is_told_with_the_one_that_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "validat", "x.yaml")
    assert status == 2
    assert "No such command 'validat'. Did you mean validate?" in err


def test_a_reader_that_goes_away_is_no_crash(small: Path) -> None:
    for number in range(400):
        name = f"{small.stem}-{number}"
        small.with_name(f"{name}.yaml").write_text(SMALL.replace("id: small", f"id: {name}"), "utf-8")
    command = [sys.executable, "-m", "chaoskit", "validate", str(small.parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0  # all of them are valid


def test_experiments_and_game_days_are_checked_together(
    capsys: pytest.CaptureFixture[str], small: Path, tmp_path: Path
) -> None:
    day = tmp_path / "a-day.yaml"
    text = "id: a-day\ntitle: A day\nmax_duration: 1h\nroles: {facilitator: Ada}\ninjects: [small.yaml]\n"
    day.write_text(text, "utf-8")
    assert run(capsys, "validate", tmp_path) == (
        0,
        f"{small}: A small experiment\n{day}: A day\n1 experiment, 1 game day valid\n",
        "",
    )
    day.write_text(text.replace("1h", "long"), "utf-8")
    small.write_text(SMALL.replace("owner:", "ovner:"), "utf-8")
    status, _, err = run(capsys, "validate", tmp_path)
    assert status == 2
    assert [line.partition(": ")[0] for line in err.splitlines()] == [
        f"{day}:3:15",
        f"{small}:1:1",
        f"{small}:3:1",
    ]
