"""Every block of README and docs does what it says: in one sandbox that is up, with a few of the experiments.

A fence may say why its block is not run (`not-run: ...`); single lines that are not, and why, are in NOT_RUN.
The tutorial is done from nothing by tests/experiments.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chaoskit.cli import main
from chaoskit.contract import FAULTS, PROBES
from chaoskit.gameday.board import Board
from chaoskit.gameday.conduct import Conductor, Controls
from chaoskit.gameday.record import Record, Records
from chaoskit.spec import gameday
from tests.documents import ROOT, blocks
from tests.e2e.conftest import lab_in
from tests.e2e.lab import CORE, SHIPPED, up_in

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator
    from datetime import datetime

    from chaoskit.engine import Stop
    from chaoskit.experiment import Experiment
    from chaoskit.result import Result
    from tests.documents import Block
    from tests.e2e.lab import Lab
    from tests.one_sandbox import OneSandbox

pytestmark = pytest.mark.long

NOT_RUN = {
    r"make ": "is this suite, or runs every experiment",
    r"pip install ": "installs what is installed",
    r"chaoskit mutate ": "takes controls away in sandboxes of its own, for minutes: tests/mutate",
    r"chaoskit events ": "starts a sandbox of its own: tests/cli/test_coverage.py",
    r"chaoskit discover": "reads every kind of resource, for ten seconds: tests/e2e/test_discover.py",
    r"chaoskit sandbox down": "the sandbox is this very process; the tutorial does it",
    r"chaoskit sandbox deploy ": "needs an AWS account: tests/e2e/test_on_aws.py",
    r"chaoskit run experiments --target aws": "needs an AWS account",
    r"pytest$": "is run by tests/e2e/test_pytest_fixtures.py, in examples/detection-team",
}
# What is left as it was for the lines that follow.
AFTERWARDS = {"chaoskit halt ": ["halt", "--lift"]}
EXITS = {"chaoskit rollback --accept 7": 5}  # there is no such open fault
# A pytest within pytest forgets the modules it imported, but the registries would remember their classes.
SCANNED = FAULTS.names(), PROBES.names()
SHELL = re.compile(r"[>|$;&]")
# Done as a whole by scripts/tutorial.sh.
TUTORIAL = ROOT / "docs" / "first-experiment.md"
VERDICTS = {"permissive-policy-on-training-role": "PASSED", "stranger-in-trust-policy": "FAILED"}


@dataclass(frozen=True)
class Work:
    """A person's folder with some of the project's files, and the sandbox that is up."""

    folder: Path
    home: Path
    lab: Lab
    done: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def work(one_sandbox: OneSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    folder, home = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("home")
    for name in ("runbooks", "gamedays", "examples"):
        shutil.copytree(ROOT / name, folder / name)
    for file in CORE:
        if file.stem == "leaked-key-on-production-endpoint":  # no page names it
            continue
        (folder / file.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, folder / file.relative_to(ROOT))
    few = folder / "one" / "experiments"  # for pytest, which runs whatever it collects
    few.mkdir(parents=True)
    shutil.copy(SHIPPED / "identity" / "permissive-policy-on-production-role.yaml", few)
    with one_sandbox.deployed() as (served, _), up_in(home, served):
        yield Work(folder, home, lab_in(served))


@pytest.fixture(autouse=True)
def there(work: Work, chaoskit_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert chaoskit_home != work.home
    monkeypatch.setenv("CHAOSKIT_HOME", str(work.home))
    monkeypatch.chdir(work.folder)


def commands(block: Block) -> list[str]:
    """Its lines without their comments."""
    return [
        line
        for each in block.text.replace("\\\n", "").splitlines()
        if (line := each.partition("  #")[0].strip())
    ]


def reason(line: str) -> str | None:
    return next((why for beginning, why in NOT_RUN.items() if re.match(beginning, line)), None)


def do(line: str, inner: pytest.Pytester) -> int:
    """A command of chaoskit or of pytest in this process, anything else in a shell; its exit status."""
    words = shlex.split(line)
    if words[0] == "pytest":
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir("one")
            patch.delenv("PYTEST_XDIST_WORKER", raising=False)
            return int(inner.runpytest_inprocess("-p", "no:cacheprovider", *words[1:]).ret)
    if words[0] == "chaoskit" and not SHELL.search(line):
        with pytest.raises(SystemExit) as ended:
            main(words[1:])
        return int(ended.value.code or 0)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PYTEST_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{clean['PATH']}"
    done = subprocess.run(["bash", "-euc", line], env={**clean, "PATH": path}, check=False)  # noqa: S607 - as above
    return done.returncode


SHELLS = [each for each in blocks("sh") if each.runs and each.page != TUTORIAL]


@pytest.mark.parametrize("block", SHELLS, ids=str)
def test_every_command_does_what_it_says(
    block: Block, work: Work, pytester: pytest.Pytester, capfd: pytest.CaptureFixture[str]
) -> None:
    os.chdir(work.folder)  # pytester has a folder of its own
    for line in commands(block):
        if reason(line) is None and line not in work.done:
            status = do(line, pytester)
            told = capfd.readouterr()
            assert status == EXITS.get(line, 0), f"{line}\n{told.out}{told.err}"
            work.done.add(line)
        for beginning, after in AFTERWARDS.items():
            if line.startswith(beginning):
                do(shlex.join(["chaoskit", *after]), pytester)


def test_every_reason_not_to_run_a_line_is_of_one_that_there_is() -> None:
    lines = [line for block in SHELLS for line in commands(block)]
    assert [each for each in NOT_RUN if not any(re.match(each, line) for line in lines)] == []


@pytest.mark.parametrize(
    "block",  # one of a plug-in's own is run with it, by tests/test_registry.py
    [each for each in blocks("yaml") if "faults:" in each.text and "id:" in each.text and not each.note],
    ids=str,
)
def test_every_experiment_comes_to_what_the_page_says(block: Block, work: Work, journal: Path) -> None:
    found = re.search(r"^id: ([\w-]+)", block.text, re.MULTILINE)
    assert found
    file = work.folder / f"{found[1]}.yaml"
    file.write_text(block.text, "utf-8")
    assert work.lab.run(file, journal).verdict == VERDICTS[found[1]]


@dataclass(frozen=True)
class LeapingClock:
    """The sandbox's time, which leaps over what a day waits for."""

    lab: Lab

    def now(self) -> datetime:
        return self.lab.clock.now()

    def monotonic(self) -> float:
        return self.lab.clock.monotonic()

    def wait(self, seconds: float, wake: threading.Event) -> bool:
        return self.lab.clock.wait(max(seconds, 60.0), wake)


@pytest.mark.parametrize("block", [each for each in blocks("yaml") if "injects:" in each.text], ids=str)
def test_every_game_day_can_be_played(block: Block, work: Work, journal: Path) -> None:
    file = work.folder / "gamedays" / "a-rehearsal.yaml"
    file.write_text(block.text, "utf-8")
    day, clock = gameday.load(file, work.lab.target.variables), LeapingClock(work.lab)
    record = Record.begun(day, "embedded", work.lab.target.account, clock.now(), blind=day.blind)
    board = Board(day, record, Records(work.home / "gamedays"), clock)

    def run(experiment: Experiment, stop: Stop, board: Board) -> Result:
        del stop, board
        return work.lab.run(experiment.path, journal)

    Conductor(day, board, Controls(attended=False), run=run, clock=clock).play()
    assert record.ended == "every inject was played"
    assert [each.result["verdict"] for each in record.injects if each.result] == ["PASSED", "PASSED"]


@pytest.mark.parametrize("block", [each for each in blocks("python") if each.runs], ids=str)
def test_every_python_block_runs(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    for registry in (FAULTS, PROBES):  # what a block defines is no part of the catalog
        monkeypatch.setattr(registry, "_known", dict(vars(registry)["_known"]))
    with suppress(SystemExit):
        exec(compile(block.text, str(block), "exec"), {"__name__": "__main__"})  # noqa: S102 - our own
