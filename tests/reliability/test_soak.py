"""Many experiments in one process: it holds no more at the end than it did at the beginning."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

from tests.reliability.world import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.reliability.conftest import Figures, Scale
    from tests.reliability.ledger import Ledger
    from tests.reliability.world import World

SET: Final = 25
MANY: Final = 200
"""From this many experiments on, the memory of a process tells something."""
GROWTH: Final = 1.1
FAULT: Final = """\
id: soak-NUMBER
title: A policy is attached, again and again
owner: tests
layer: identity
hypothesis: It is put back each time.
blast_radius:
  {accounts: ["${sandbox.account}"], regions: ["${sandbox.region}"], max_duration: 5m, max_changes: 1}
faults:
  - iam.attach-role-policy:
      {role: "${workload.training_role}", policy: arn:aws:iam::aws:policy/ReadOnlyAccess}
expect: [{guardrail: {call.denied: {by: any}}}]
"""


def soaked(place: World, folder: Path, sets: int, size: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run so many sets of so many experiments in one process: what it held after a third, and at the end."""
    for number in range(size):
        (folder / f"soak-{number}.yaml").write_text(FAULT.replace("NUMBER", str(number)))
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "CHAOSKIT_", "PYTEST_"))}
    with place.quiet():
        done = subprocess.run(
            [sys.executable, "-m", "tests.reliability.soak", str(folder), str(sets)],
            env={**clean, "CHAOSKIT_HOME": str(place.home), "AWS_EC2_METADATA_DISABLED": "true"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert (place.open_faults(), place.differences()) == ([], [])
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == sets
    assert all(each["verdicts"] == ["FAILED"] * size and each["restored"] for each in told)
    return told[sets // 3], told[-1]


def test_a_process_that_runs_many_experiments_does_not_grow(
    place: World, tmp_path: Path, scale: Scale, figures: Figures, ledger: Ledger
) -> None:
    runs = scale(6, 2000)
    size = min(SET, runs // 3)
    for key in ledger.left([f"{runs // size * size} experiments"]):
        first, last = soaked(place, tmp_path, runs // size, size)
        told = f"{first} became {last}"
        growth = last["memory"] / first["memory"]
        wrong = [f"it holds more {what}: {told}" for what in ("files", "threads") if last[what] > first[what]]
        if runs >= MANY and growth > GROWTH:
            wrong.append(f"it grows: {told}")
        held = {"files_held": last["files"], "threads": last["threads"], "memory": last["memory"]}
        ledger.add(key, wrong, experiments=runs // size * size, **held, growth=growth)
    figures(
        f"soak: {ledger.total('experiments')} experiments in one process: "
        f"{ledger.most('files_held'):.0f} files, {ledger.most('threads'):.0f} threads, "
        f"{ledger.most('memory') / 1e6:.0f} MB, "
        f"{ledger.most('growth'):.3f} of what it was after a third of them; 0 open"
    )
    assert ledger.wrong() == []
