"""What the documentation tells to do, done: by the stopwatch, block by block, and with two workers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chaoskit.embedded import Sandboxes
from tests.documents import ROOT, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.documents import Block

BIN = Path(sys.executable).parent
# The tutorial is done as a whole, from nothing; the README's blocks are overviews.
PAGES = [
    ROOT / "docs" / name for name in ("on-aws.md", "detections.md", "schedules.md", "reports.md", "ci.md")
]
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


@pytest.mark.parametrize("block", [each for each in blocks("sh", pages=PAGES) if each.runs], ids=str)
def test_every_command_of_a_page_does_what_it_says(work: tuple[Path, dict[str, str]], block: Block) -> None:
    folder, env = work
    # All experiments are run by `make run` and by their own tests.
    text = re.sub(r"^pytest .*$", "", block.text, flags=re.MULTILINE)
    done = subprocess.run(
        ["bash", "-euc", text],  # noqa: S607 - whichever bash there is
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    wanted = int(block.note.removeprefix("exit=")) if block.note.startswith("exit=") else 0
    assert done.returncode == wanted, done.stdout + done.stderr


@pytest.mark.parametrize(
    "block",
    [each for each in blocks("python", pages=[*PAGES, ROOT / "README.md"]) if each.runs],
    ids=str,
)
def test_every_python_block_runs(work: tuple[Path, dict[str, str]], block: Block) -> None:
    folder, env = work
    done = subprocess.run(
        [sys.executable, "-c", block.text], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


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
    assert [path.name for path in (home / "sandboxes").glob("run-*")] == []
