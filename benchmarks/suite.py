"""What proving all of it takes, and where the time goes: experiments, tests, every control taken away.

Each is a command of the Makefile's kind, run as a person would; wall and processor time are of it and all its
children. `--mutations yes` takes the controls away too, which takes half an hour and more.

Run: `python -m benchmarks.suite [--jobs N] [--mutations yes]`, on a machine that does nothing else.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from benchmarks.lab import ROOT
from benchmarks.measure import Figure, options, reporting, tell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.measure import Report

_SLOWEST: Final = 12
_CHAOSKIT: Final = (sys.executable, "-m", "chaoskit")
_DURATION: Final = re.compile(r"^([\d.]+)s (call|setup|teardown) +(\S+?)::")


def main(jobs: int = 8, mutations: str = "no", tests: str = "yes") -> None:
    """Print the figures."""
    with reporting("suite") as report, tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        _timed(
            report,
            f"all experiments, -j {jobs}",
            [*_CHAOSKIT, "run", "experiments", "-j", str(jobs), "--json", str(out)],
        )
        _phases(report, json.loads(out.read_text("utf-8")))
        if tests == "yes":
            _files(report, _timed(report, "the tests, `make test`", ["make", "test"]))
        if mutations == "yes":
            told = Path(folder) / "mutation.json"
            asked = [*_CHAOSKIT, "mutate", "experiments", "-j", "2", "--json", str(told)]
            _timed(report, "every control taken away, -j 2", asked)


def _timed(report: Report, what: str, command: Sequence[str]) -> str:
    def children() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    began, worked = perf_counter(), children()
    asked = {**os.environ, "PYTEST_ADDOPTS": "-q --durations 0"}
    ended = subprocess.run(command, cwd=ROOT, env=asked, capture_output=True, text=True, check=False)
    report.add(Figure(what, "chaoskit", "s", [perf_counter() - began], [children() - worked]))
    last = (ended.stdout.strip().splitlines() or ["nothing was printed"])[-1]
    report.note(f"it ended with {ended.returncode}: {last}")
    return ended.stdout


def _phases(report: Report, document: Mapping[str, Any]) -> None:
    """Where experiments spend their time, added up over all of them, and which take longest."""
    spent: dict[str, float] = defaultdict(float)
    whole = {}
    for result in document["results"]:
        moments = [(datetime.fromisoformat(each["at"]), each["event"]) for each in result["timeline"]]
        before = datetime.fromisoformat(result["started"])
        for at, event in moments:
            spent[event] += (at - before).total_seconds()
            before = at
        whole[result["experiment"]] = (
            moments[-1][0] - datetime.fromisoformat(result["started"])
        ).total_seconds()
    report.note("seconds until each kind of event, over all experiments: " + _largest(spent))
    report.note("slowest experiments, s: " + _largest(whole))


def _files(report: Report, said: str) -> None:
    """Which test files take longest."""
    spent: dict[str, float] = defaultdict(float)
    for line in said.splitlines():
        if found := _DURATION.match(line.strip()):
            spent[found[3]] += float(found[1])
    report.note("slowest test files, s: " + _largest(spent))
    tell(f"  {len(spent)} files told their time, {sum(spent.values()):.0f} s together")


def _largest(of: Mapping[str, float]) -> str:
    most = sorted(of.items(), key=lambda each: -each[1])[:_SLOWEST]
    return ", ".join(f"{name} {seconds:.1f}" for name, seconds in most)


if __name__ == "__main__":
    chosen = options(__doc__, jobs=8, mutations="no", tests="yes")
    main(chosen.jobs, chosen.mutations, chosen.tests)
