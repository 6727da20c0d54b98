"""The tutorial done from nothing, by the stopwatch; and the example with two workers. Blocks: tests/e2e."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chaoskit.embedded import Sandboxes
from tests.documents import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

BIN = Path(sys.executable).parent
ROUTES = ("experiments", "runbooks", "examples")


def environment(home: Path) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "CHAOSKIT_", "PYTEST_"))}
    return {**clean, "CHAOSKIT_HOME": str(home), "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


@contextmanager
def sandbox(home: Path) -> Iterator[None]:
    keeper = Sandboxes(home / "sandboxes")
    keeper.up()
    try:
        assert keeper.with_workload()
        yield
    finally:
        keeper.down()


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """A folder with the project's files, and the environment of a person with a sandbox that is up."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("work")
    for name in ROUTES:
        shutil.copytree(ROOT / name, folder / name)
    with sandbox(home):
        yield folder, environment(home)


def test_the_tutorial_takes_a_new_user_eleven_commands(capsys: pytest.CaptureFixture[str]) -> None:
    done = subprocess.run(
        [ROOT / "scripts" / "tutorial.sh", BIN], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with capsys.disabled():
        sys.stdout.write(f"\n{done.stdout}")
    told = re.search(r"(\d+) commands and one file", done.stdout)
    assert told is not None
    assert int(told[1]) <= 12


def test_a_pull_requests_policies_are_deployed_before_they_are_asked(tmp_path: Path) -> None:
    report, deployed = tmp_path / "chaoskit.md", tmp_path / "deployed"
    experiment = ROOT / "experiments" / "identity" / "permissive-policy-on-production-role.yaml"
    done = subprocess.run(
        [ROOT / "ci" / "predict.sh", report, experiment],
        cwd=tmp_path,
        env={
            **environment(tmp_path / "home"),
            "CHAOSKIT_DEPLOY": f'echo "$AWS_ENDPOINT_URL" > {deployed}',
            "CHAOSKIT_DEPLOY_AS": "management",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert deployed.read_text("utf-8").startswith("http://127.0.0.1:")
    assert "permissive-policy-on-production-role" in report.read_text("utf-8")
    assert [path.name for path in (tmp_path / "home" / "sandboxes").glob("*.json")] == []


def test_each_worker_of_xdist_has_a_sandbox_and_a_journal_of_its_own(
    work: tuple[Path, dict[str, str]],
) -> None:
    folder, env = work
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "2", "-p", "no:cacheprovider"],
        cwd=folder / "examples" / "detection-team",
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 passed" in done.stdout, done.stdout
    home = Path(env["CHAOSKIT_HOME"])
    assert {"journal-gw0.sqlite", "journal-gw1.sqlite"} <= {path.name for path in home.iterdir()}
    # On a busy machine pytest-xdist waits for no worker to remove its files; the sandbox ends all the same.
    keeper = Sandboxes(home / "sandboxes")
    left = {path.stem for path in keeper.folder.glob("run-*")}
    for _ in range(100):
        if all(map(keeper.is_gone, left)):
            break
        threading.Event().wait(0.1)
    assert all(map(keeper.is_gone, left))
