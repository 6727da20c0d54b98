"""A command that a person stops says so, and is neither a success nor a defect."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from chaoskit.cli import main
from chaoskit.home import home, journal_path
from chaoskit.journal import Record, SqliteJournal
from chaoskit.mutate import Campaign
from chaoskit.switches import STOP_FILE
from tests.samples import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ONE = str(SHIPPED / "identity" / "permissive-policy-on-training-role.yaml")
# Whoever runs the tests may ignore the signal, which processes inherit.
DISCOVER = """
import signal
from chaoskit.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
main(["discover"])
"""
# An account that can't be found again, so it stays open.
OPEN = Record("t.1", "experiment", "iam.attach-role-policy", {"kind": "nowhere"}, {}, (), None, 1, ())


def chaoskit(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    told = capsys.readouterr()
    return ended.value.code, told.out, told.err


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Has Ctrl-C pressed when a callable is reached."""

    def at(name: str) -> None:
        def reached(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(name, reached)

    return at


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["discover"], "chaoskit.api.open_target"),
        (["plan", ONE], "chaoskit.spec.load"),
        (["predict", ONE], "chaoskit.spec.load"),
        (["run", ONE], "chaoskit.spec.load"),
        (["sandbox", "up"], "chaoskit.embedded.Sandboxes.up"),
    ],
)
def test_what_a_person_stops_is_aborted(
    command: list[str], name: str, interrupted: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted(name)
    assert chaoskit(capsys, *command) == (3, "", "\nchaoskit: stopped\n")


def test_what_is_open_outranks_that_a_person_stopped_the_command(
    interrupted: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with SqliteJournal(journal_path()) as journal:
        journal.record(OPEN)
    interrupted("chaoskit.spec.load")
    status, _, told = chaoskit(capsys, "plan", ONE)
    assert (status, told.endswith("chaoskit: stopped\n")) == (5, True)


def test_a_process_that_waits_for_its_sandbox_is_stopped_by_ctrl_c() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", DISCOVER],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not list(home().glob("sandboxes/*")):
            assert process.poll() is None
            threading.Event().wait(0.01)
        process.send_signal(signal.SIGINT)
        out, told = process.communicate(timeout=60)
    assert (process.returncode, out, told.strip()) == (3, "", "chaoskit: stopped")


def test_what_was_not_halted_can_not_be_lifted(capsys: pytest.CaptureFixture[str]) -> None:
    file = home() / STOP_FILE
    chaoskit(capsys, "halt")
    assert chaoskit(capsys, "halt", "--lift") == (0, f"removed {file}\n", "")
    assert chaoskit(capsys, "halt", "--lift") == (0, f"nothing to lift: there is no {file}\n", "")


@pytest.mark.parametrize("command", [["halt"], ["halt", "--lift"], ["run", ONE, "--due"], ["run", ONE]])
def test_a_home_that_is_a_file_is_told_in_a_sentence(
    command: list[str], chaoskit_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chaoskit_home.touch()
    status, _, told = chaoskit(capsys, *command)
    assert (status, told.count("\n")) == (5, 1)
    assert str(chaoskit_home) in told
    assert "Traceback" not in told


def test_a_report_that_could_not_be_written_is_not_said_to_be_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "folder" / "m.json"

    def mutate(*_: object, told: Callable[[object, None], None], **__: object) -> None:
        file.parent.touch()  # what was to become a folder
        told(Campaign([], [], left=2), None)

    monkeypatch.setattr("chaoskit.cli.mutate.stage", lambda _: nullcontext())
    monkeypatch.setattr("chaoskit.cli.mutate.mutate", mutate)
    status, _, said = chaoskit(capsys, "mutate", ONE, "--json", str(file))
    assert (status, said) == (5, f"chaoskit: {file} can't be written: File exists.\n")
