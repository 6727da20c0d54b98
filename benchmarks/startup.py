"""Measures what a command costs before it does anything: `--help`, `validate`, `catalog`, beside bare Python.

Run: `python -m benchmarks.startup [--rounds N]`. Prints only; nothing is asserted here. What such a command
may import is held by `tests/cli/test_startup.py`.
"""

from __future__ import annotations

import resource
import subprocess
import sys

from benchmarks.lab import ROOT
from benchmarks.measure import Figure, median, options, reporting, timed

COMMANDS = {"--help": 0.25, "validate experiments": 0.6, "catalog": 0.6}
"""And within how many seconds each should be done."""


def children() -> float:
    """Seconds of processor time that ended processes took, user and system."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def main() -> None:
    """Time each command as a whole process."""
    asked = options(__doc__, rounds=7)
    with reporting("startup") as report:
        for command, goal in {"": None, **COMMANDS}.items():
            line = (
                [sys.executable, "-m", "chaoskit", *command.split()]
                if command
                else [sys.executable, "-c", ""]
            )

            def work(line: list[str] = line) -> None:
                subprocess.run(line, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)

            work()  # compiles what is not compiled yet
            wall, spent = timed(work, asked.rounds, scale=1.0, processor=children)
            who = f"chaoskit {command}" if command else "python -c ''"
            report.add(Figure("a whole process", who, "s", wall, spent))
            if goal is not None:
                report.goal(f"{who}, processor time at most {goal} s", median(spent), most=goal)


if __name__ == "__main__":
    main()
