"""What the benchmarks share: how a figure is taken, told, kept and compared.

A figure is many samples, told as their median and quartiles. Beside the wall's time stands processor time,
which other processes on a shared machine disturb less; a comparison uses it where there is one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

SCHEMA: Final = "chaoskit/benchmark/v1"
LAST: Final = Path(__file__).parent / "last"
KEPT: Final = Path(__file__).parent / "kept"
REGRESSION: Final = 0.25
Better = Literal["less", "more", "neither"]


def machine() -> dict[str, Any]:
    """What the figures were taken on, without a name that would tell whose it is."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


def described(of: Mapping[str, Any]) -> str:
    """The machine in one line; the load is what others made it do as the benchmark began."""
    return (
        f"{of['processor']}, {of['cores']} cores, {of['memory_gb']} GB, {of['system']}, "
        f"Python {of['python']}, load {of['load']}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


@dataclass(frozen=True, slots=True)
class Figure:
    """Samples of one thing.

    Attributes:
        what: The work; figures of the same work stand together.
        who: Who did it: `chaoskit`, or a peer.
        unit: Of every sample.
        samples: By the wall's clock, or counted.
        processor: The same by the processor's clock; empty where it says nothing.
        better: Which way is an improvement; `neither` is told but not compared.
    """

    what: str
    who: str
    unit: str
    samples: Sequence[float]
    processor: Sequence[float] = ()
    better: Better = "less"

    def dump(self) -> dict[str, Any]:
        """As kept: medians and quartiles, not the samples."""
        return {
            "what": self.what,
            "who": self.who,
            "unit": self.unit,
            "better": self.better,
            "count": len(self.samples),
            "wall": spread(self.samples),
            "processor": spread(self.processor) if self.processor else None,
        }


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure should be at most, or at least, and what it is."""

    text: str
    value: float
    met: bool


@dataclass(slots=True)
class Report:
    """The figures of one benchmark, told as they come."""

    name: str
    figures: list[Figure] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    machine: dict[str, Any] = field(default_factory=machine)
    _told: str = ""

    def add(self, figure: Figure) -> Figure:
        """Take in a figure and print it."""
        if figure.what != self._told:
            tell(f"\n{figure.what}")
            self._told = figure.what
        low, middle, high = spread(figure.samples)
        line = f"  {figure.who:<34} {short(middle):>10} {figure.unit:<8} ({short(low)} to {short(high)})"
        if figure.processor:
            line += f"   processor {short(spread(figure.processor)[1])}"
        tell(line)
        self.figures.append(figure)
        return figure

    def goal(self, text: str, value: float, *, most: float | None = None, least: float | None = None) -> None:
        """Judge a value by the goal that the project set itself, and print it."""
        met = (most is None or value <= most) and (least is None or value >= least)
        tell(f"  goal {'met   ' if met else 'MISSED'}: {text}: {short(value)}")
        self.goals.append(Goal(text, value, met))

    def note(self, text: str) -> None:
        """Say something beside the figures; it is kept with them."""
        tell(f"  {text}")
        self.notes.append(text)

    def dump(self) -> dict[str, Any]:
        """The document that is kept."""
        return {
            "schema": SCHEMA,
            "benchmark": self.name,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": self.machine,
            "figures": [figure.dump() for figure in self.figures],
            "goals": [{"text": goal.text, "value": goal.value, "met": goal.met} for goal in self.goals],
            "notes": self.notes,
        }


@contextmanager
def reporting(name: str) -> Iterator[Report]:
    """A report that is written to `benchmarks/last` when the benchmark has come to its end."""
    report = Report(name)
    tell(f"== {name}: {described(report.machine)}")
    yield report
    LAST.mkdir(exist_ok=True)
    (LAST / f"{name}.json").write_text(json.dumps(report.dump(), indent=1) + "\n", "utf-8")


def tell(text: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def options(about: str | None, **defaults: Any) -> argparse.Namespace:
    """The command line: an option for each default, of the default's own kind."""
    parser = argparse.ArgumentParser(description=(about or "").partition("\n")[0])
    for name, value in defaults.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    return parser.parse_args()


def spread(samples: Sequence[float]) -> tuple[float, float, float]:
    """Lower quartile, median, upper quartile."""
    if len(samples) == 1:
        return samples[0], samples[0], samples[0]
    low, middle, high = statistics.quantiles(samples, n=4, method="inclusive")
    return low, middle, high


def median(samples: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(samples)


def timed(
    work: Callable[[], object],
    rounds: int,
    *,
    each: int = 1,
    scale: float = 1000.0,
    processor: Callable[[], float] = process_time,
) -> tuple[list[float], list[float]]:
    """Wall and processor time of one call of `work`, in each of some rounds.

    Args:
        work: What is timed.
        rounds: How many samples are taken.
        each: How many calls make one sample, for what is over too fast to be timed alone.
        scale: 1000 gives milliseconds.
        processor: The clock of processor time, in seconds.
    """
    wall, spent = [], []
    for _ in range(rounds):
        began, worked = perf_counter(), processor()
        for _ in range(each):
            work()
        wall.append((perf_counter() - began) * scale / each)
        spent.append((processor() - worked) * scale / each)
    return wall, spent


def rates(work: Callable[[], object], rounds: int, seconds: float, each: int = 50) -> list[float]:
    """How many calls of `work` a second of this process's processor makes, in each of some rounds."""
    found = []
    for _ in range(rounds):
        count, began = 0, process_time()
        while (spent := process_time() - began) < seconds:
            for _ in range(each):
                work()
            count += each
        found.append(count / spent)
    return found


def spent_by(pid: int) -> float:
    """Seconds of processor time, user and system, that a process has taken; proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int) -> float:
    """MB that a process holds; proc(5)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def short(value: float) -> str:
    """Three digits that count."""
    if value == 0 or abs(value) >= 100:  # noqa: PLR2004 - three digits
        return f"{value:,.0f}"
    return f"{value:.3g}"
