"""What would keep reports from being written or told is said before anything is injected."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from chaoskit import api
from chaoskit.cli import main
from chaoskit.cli.ahead import check_file
from chaoskit.report.formats import FORMATS
from tests.samples import SHIPPED

ONE = SHIPPED / "identity" / "permissive-policy-on-training-role.yaml"
DAY = SHIPPED.parent / "gamedays" / "leaked-key-and-open-data.yaml"


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a test's files are; nothing may be run."""

    def begun(*_: object, **__: object) -> Any:
        pytest.fail("something was run")

    monkeypatch.setattr(api, "run", begun)
    monkeypatch.setattr(api, "opened", begun)
    monkeypatch.setattr("chaoskit.cli.mutate.stage", begun)
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    return tmp_path


def chaoskit(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[object, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(map(str, arguments)))
    return ended.value.code, capsys.readouterr().err


@pytest.mark.parametrize("name", ["html", *(each.name for each in FORMATS)])
def test_a_report_that_can_not_be_written_keeps_a_run_from_being_begun(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, told = chaoskit(capsys, "run", ONE, f"--{name}", "file/report")
    assert status == 2
    assert "Error: file/report can't be written: Not a directory. Nothing was run." in told


@pytest.mark.parametrize("due", [(), ("--due",)])
def test_also_where_nothing_may_be_due(due: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    status, told = chaoskit(capsys, "run", ONE, *due, "--json", ".")
    assert status == 2
    assert "Error: . can't be written: it is a folder. Nothing was run." in told


@pytest.mark.parametrize("option", ["--html", "--markdown"])
def test_a_game_day_whose_report_can_not_be_written_is_not_played(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, told = chaoskit(capsys, "gameday", "run", DAY, option, "file/report")
    assert status == 2
    assert "Error: file/report can't be written: Not a directory. Nothing was run." in told


def test_controls_are_not_taken_away_for_a_report_that_can_not_be_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, told = chaoskit(capsys, "mutate", ONE, "--json", "file/m.json")
    assert status == 2
    assert "Error: file/m.json can't be written: Not a directory. Nothing was run." in told


@pytest.mark.parametrize("where", ["file/beat.prom", "missing/beat.prom"])
def test_a_heartbeat_that_can_not_be_written_is_told_first(
    where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, told = chaoskit(capsys, "run", ONE, "--due", "--heartbeat", where)
    assert status == 2
    assert f"{where} can't be written: " in told


@pytest.mark.parametrize("command", [("run", ONE), ("gameday", "run", DAY)], ids=["run", "gameday"])
def test_html_without_jinja2_is_told_first(
    command: tuple[object, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    status, told = chaoskit(capsys, *command, "--html", "report.html")
    assert status == 2
    assert "HTML reports need jinja2: pip install 'chaoskit[report]'. Nothing was run." in told


def test_traces_without_opentelemetry_are_told_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace.export", None)
    status, told = chaoskit(capsys, "run", ONE, "--publish", "otlp")
    assert status == 2
    assert "Traces need OpenTelemetry: pip install 'chaoskit[otel]'. Nothing was run." in told


@pytest.mark.parametrize("address", ["", "hooks.example.com/secret", "https:///secret", "https://[secret"])
@pytest.mark.parametrize("name", ["slack", "teams"])
def test_a_webhook_that_is_none_is_told_first_and_is_not_shown(
    name: str, address: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = f"CHAOSKIT_{name.upper()}_WEBHOOK"
    monkeypatch.setenv(variable, address)
    status, told = chaoskit(capsys, "run", ONE, "--publish", name)
    assert status == 2
    assert f"Set {variable} to the webhook's address, which begins with https://. Nothing was run." in told
    assert "secret" not in told


def test_what_can_be_written_is_looked_at_without_a_trace(files: Path) -> None:
    before = sorted(files.rglob("*"))
    for name in ("new.json", "new/folder/new.json", "file", "/dev/stdout", "/dev/null"):
        check_file(Path(name))
    assert sorted(files.rglob("*")) == before
    assert Path("file").read_text() == ""


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/proc/self").exists(), reason="needs a read-only folder")
def test_a_folder_in_which_nobody_can_write_is_noticed() -> None:
    folder = Path("/proc/self") if os.geteuid() == 0 else Path("/")
    with pytest.raises(click.UsageError, match="can't be written"):
        check_file(folder / "report.json")


def test_a_link_is_looked_at_where_it_leads_to(files: Path) -> None:
    (files / "latest.json").symlink_to(files / "file" / "report.json")
    with pytest.raises(click.UsageError, match=r"latest\.json can't be written"):
        check_file(files / "latest.json")
