"""Many experiments in one process: it holds no more at the end than it did at the beginning."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.reliability.world import ROOT

if TYPE_CHECKING:
    from tests.reliability.conftest import Figures, Scale
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


def test_a_process_that_runs_many_experiments_does_not_grow(
    place: World, tmp_path: Path, scale: Scale, figures: Figures
) -> None:
    runs = scale(6, 2000)
    size = min(SET, runs // 3)
    sets = runs // size
    for number in range(size):
        (tmp_path / f"soak-{number}.yaml").write_text(FAULT.replace("NUMBER", str(number)))
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "CHAOSKIT_", "PYTEST_"))}
    log = Path(os.environ.get("CHAOSKIT_RELIABILITY_LEDGER", tmp_path)) / "soak.log"  # partial sums
    with place.quiet(), log.open("w") as out:
        done = subprocess.run(
            [sys.executable, "-m", "tests.reliability.soak", str(tmp_path), str(sets)],
            env={**clean, "CHAOSKIT_HOME": str(place.home), "AWS_EC2_METADATA_DISABLED": "true"},
            cwd=ROOT,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert (place.open_faults(), place.differences()) == ([], [])
    told = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(told) == sets
    assert all(each["verdicts"] == ["FAILED"] * size and each["restored"] for each in told)
    first, last = told[sets // 3], told[-1]
    assert last["files"] <= first["files"], f"{first} became {last}"
    assert last["threads"] <= first["threads"], f"{first} became {last}"
    growth = last["memory"] / first["memory"]
    if runs >= MANY:
        assert growth <= GROWTH, f"{first} became {last}"
    figures(
        f"soak: {sets * size} experiments in one process: {last['files']} files, {last['threads']} threads, "
        f"{last['memory'] / 1e6:.0f} MB, {growth:.3f} of what it was after a third of them; 0 open"
    )
