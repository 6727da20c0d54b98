"""Whoever names an AWS account is not told PASSED of a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chaoskit.cli import main
from chaoskit.home import home
from chaoskit.report.formats import as_json
from chaoskit.result import Results
from chaoskit.switches import STOP_FILE
from tests.samples import NOW

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = [
    "run experiments",
    "plan experiments",
    "predict experiments",
    "discover",
    "assess out.json",
    "policy harness experiments",
    "gameday run day.yaml",
    "report render last --json out.json",
    "halt",
]
OPTIONS = [
    ("--profile", "prod"),
    ("--region", "eu-west-1"),
    ("--allow-account", "123456789012"),
    ("--role", "arn:aws:iam::123456789012:role/harness"),
    ("--stack", "workload"),
    ("--management-profile", "org"),
]


def chaoskit(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str]:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code, capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_options_of_an_account_are_refused_where_the_sandbox_would_ignore_them(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [word for option in OPTIONS for word in option]
    status, told = chaoskit(capsys, *command.split(), *given)
    assert status == 2
    names = ", ".join(name for name, _ in OPTIONS)
    assert f"{names} would be ignored in the embedded sandbox: is --target aws meant?" in told
    assert not (home() / STOP_FILE).exists()


@pytest.mark.parametrize("option", OPTIONS, ids=[name for name, _ in OPTIONS])
def test_each_option_of_an_account_is_refused_alone(
    option: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    status, told = chaoskit(capsys, "run", "experiments", "--target", "embedded", *option)
    assert status == 2
    assert f"{option[0]} would be ignored" in told


def test_what_chaoskit_toml_and_the_environment_say_of_an_account_is_no_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chaoskit.toml").write_text('[aws]\nprofile = "prod"\naccounts = ["123456789012"]\n')
    monkeypatch.setenv("AWS_PROFILE", "prod")
    (tmp_path / "in.json").write_text(as_json(Results("mine", "embedded", NOW, NOW).dump()))
    assert chaoskit(capsys, "report", "render", "in.json", "--markdown", "out.md") == (0, "")
    assert (tmp_path / "out.md").exists()
