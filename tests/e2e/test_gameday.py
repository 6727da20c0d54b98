"""A game day in a real terminal, by real keys and signals, in a sandbox that is up."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from chaoskit.embedded import Instance
from chaoskit.gameday.room import Address, serve
from chaoskit.places import target_in
from tests.e2e.lab import ENDLESS, up_in
from tests.e2e.terminal import terminal
from tests.gameday.days import Stage, day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.one_sandbox import OneSandbox

_WITHIN_S = 60.0
DAY = """\
id: a-day
title: A rehearsal
max_duration: 30m
roles: {facilitator: Ada, blue: [Dana]}
injects:
  - experiment: endless.yaml
    pause: true
  - experiment: endless.yaml
"""


@dataclass(frozen=True)
class Town:
    """A home folder, the sandbox that is up in it, and a game day whose first inject has to be ended."""

    home: Path
    file: Path
    iam: Any
    role: str

    def chaoskit(self, *arguments: str) -> list[str]:
        """The command line that runs it there."""
        clean = [f"CHAOSKIT_HOME={self.home}", "AWS_EC2_METADATA_DISABLED=true", "PYTEST_XDIST_WORKER="]
        # GNU readline, which pytest may import, exports the size of the terminal that pytest runs in.
        size = ("-u", "COLUMNS", "-u", "LINES")
        return ["env", *size, *clean, sys.executable, "-m", "chaoskit", *arguments]

    def attached(self) -> list[str]:
        policies = self.iam.list_attached_role_policies(RoleName=self.role)["AttachedPolicies"]
        return [policy["PolicyArn"] for policy in policies]

    def last(self) -> dict[str, Any]:
        """The record of the newest day."""
        newest = max((self.home / "gamedays").glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        record: dict[str, Any] = json.loads(newest.read_text("utf-8"))
        return record


@pytest.fixture(scope="module")
def town(one_sandbox: OneSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("files")
    (folder / "endless.yaml").write_text(ENDLESS)
    (folder / "a-day.yaml").write_text(DAY)
    with one_sandbox.deployed() as (served, _), up_in(home, served) as about:
        key = served.credentials["admin"]
        session = boto3.Session(key.access_key_id, key.secret_access_key, region_name=served.cloud.region)
        iam = session.client("iam", endpoint_url=served.url)
        role = target_in(Instance.load(about)).variables["workload.training_role"]
        yield Town(home, folder / "a-day.yaml", iam, role)


def test_keys_a_new_size_and_ctrl_c_at_the_view_of_a_day(town: Town) -> None:
    before = town.attached()
    with terminal(town.chaoskit("gameday", "run", str(town.file))) as view:
        view.shows("A rehearsal  paused", "facilitator: Ada", "s stop and roll back")
        view.press("?")
        view.shows("write a note")
        view.press("?", "n")
        view.press("-l", "Dana has coffee, still")
        view.shows("note: Dana has coffee, still")
        view.press("Enter")
        view.shows("note: Dana has coffee, still", "s stop and roll back")
        view.press("p")
        screen = view.shows(
            "injected iam.attach-role-policy", "left detection eventbridge.matched", "applied"
        )
        assert any("█" in line for line in screen.splitlines())
        assert town.attached() != before
        view.tmux("resize-window", "-t", "view", "-x", "60", "-y", "20")
        view.shows("A rehearsal  running", "s stop and roll back")
        assert max(map(len, view.screen.splitlines())) <= 60
        view.press("C-c")
        view.shows("ended 3", "\nicanon", "\necho")
    assert town.attached() == before
    record = town.last()
    assert record["ended"] == "stopped by SIGINT"
    assert [each["progress"] for each in record["injects"]] == ["done", "skipped"]
    assert record["injects"][0]["result"]["restored"]
    assert "Dana has coffee, still" in [entry["detail"] for entry in record["entries"]]


def test_a_terminal_that_is_gone_stops_the_day_and_rolls_back(town: Town) -> None:
    before = town.attached()
    with terminal(town.chaoskit("gameday", "run", str(town.file))) as view:
        view.shows("paused")
        view.press("p")
        view.shows("applied")
        assert town.attached() != before
        view.tmux("kill-session", "-t", "view")
    until = time.monotonic() + _WITHIN_S
    while town.last()["finished"] is None:
        assert time.monotonic() < until, "the day never ended"
        time.sleep(0.1)
    record = town.last()
    assert record["ended"] == "stopped by SIGHUP"
    assert record["injects"][0]["result"]["restored"]
    assert town.attached() == before


def test_a_second_window_follows_the_day_over_an_interruption_until_ctrl_c_ends_it(
    town: Town, tmp_path: Path
) -> None:
    stage = Stage(day(tmp_path))
    stage.board.begin(1, stage.day.injects[0])
    with ExitStack() as served, ExitStack() as after:
        url = served.enter_context(serve(stage.board, Address()))
        view = after.enter_context(terminal(town.chaoskit("gameday", "watch", url)))
        view.shows("The hidden leak  running", "waiting detection", "Ctrl-C ends watching")
        stage.board.tell("note", "Dana has found it")
        view.shows("note: Dana has found it")
        served.close()
        view.shows("CONNECTION LOST", "note: Dana has found it")
        served.enter_context(serve(stage.board, Address(), url))
        view.shows("Ctrl-C ends watching")
        stage.board.tell("note", "and Eli has seen it go on")
        view.shows("note: and Eli has seen it go on")
        view.press("C-c")
        view.shows("ended 0", "\nicanon", "\necho")


@contextmanager
def lines(town: Town) -> Iterator[subprocess.Popen[str]]:
    """The day without a terminal, from when a fault is in."""
    with subprocess.Popen(
        town.chaoskit("gameday", "run", str(town.file)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert any("applied" in line for line in process.stdout), "the fault was never injected"
            yield process
        finally:
            process.kill()


def test_a_day_that_was_killed_is_rolled_back_and_goes_on_where_it_was(town: Town) -> None:
    before = town.attached()
    with lines(town) as process:
        process.kill()
    assert town.attached() != before
    killed = town.last()
    assert [each["progress"] for each in killed["injects"]] == ["running", "waits"]
    with lines(town) as process:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=_WITHIN_S)
    assert process.returncode == 3
    assert "rolled back: iam.attach-role-policy" in err
    assert "| 1 | A run that watches for a detection that never comes | ABORTED |" in out
    assert "Traceback" not in err
    assert town.attached() == before
    record = town.last()
    assert record["day"] == killed["day"]
    told = [entry["kind"] for entry in record["entries"]]
    assert told.index("resumes") < told.index("again") < told.index("ends")
