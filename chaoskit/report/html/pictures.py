"""Pictures for the report, as values that the page draws in SVG: nothing here knows of HTML.

Time runs on a logarithmic scale, since a detection takes tenths of a second and its SLO may be an hour.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from chaoskit.slo import Duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chaoskit.trends import Series

LEFT: Final = 130.0
WIDTH: Final = 720.0
_RIGHT: Final = 16.0
_KNEE_S: Final = 0.1
_TICKS_S: Final = (0.1, 0.3, 1, 3, 10, 30, 60, 300, 900, 3600, 14_400, 86_400)
_ROW: Final = 30.0
_LEAST_TICK_GAP: Final = 44.0


@dataclass(frozen=True, slots=True)
class Scale:
    """From seconds since the fault to the picture's x."""

    longest_s: float

    def x(self, seconds: float) -> float:
        """Where a moment lies; before the fault is at the fault."""
        share = math.log1p(max(seconds, 0) / _KNEE_S) / math.log1p(self.longest_s / _KNEE_S)
        return round(LEFT + share * (WIDTH - LEFT - _RIGHT), 1)

    def ticks(self) -> list[tuple[float, str]]:
        """Where to write which time."""
        ticks: list[tuple[float, str]] = [(self.x(0), "0")]
        for seconds in _TICKS_S:
            x = self.x(seconds)
            if seconds <= self.longest_s and x - ticks[-1][0] >= _LEAST_TICK_GAP:
                ticks.append((x, str(Duration(seconds))))
        return ticks


@dataclass(frozen=True, slots=True)
class Mark:
    """A point in time.

    Attributes:
        kind: inject, denied, met, missed or undone: its shape and colour.
        told: What happened, for who points at it and for who can't see it.
    """

    x: float
    kind: str
    told: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a timeline: a name, its SLO as a bar, what is known of the time, and points in it."""

    y: float
    name: str
    slo: tuple[float, float] | None
    span: tuple[float, float] | None
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The picture of one experiment's run."""

    rows: tuple[Row, ...]
    ticks: tuple[tuple[float, str], ...]
    height: float
    told: str


def timeline(result: Mapping[str, Any]) -> Timeline | None:
    """The picture of a result; None when nothing was sent."""
    sent = [
        (change, _moment(change["at"]))
        for fault in result["faults"]
        for change in fault["changes"]
        if change["at"]
    ]
    if not sent:
        return None
    begin = min(at for _, at in sent)
    undone = [
        (event, _moment(event["at"])) for event in result["timeline"] if event["event"] in {"undone", "open"}
    ]
    slos = [each["slo_s"] for each in result["expectations"] if each["slo_s"]]
    lates = [each["latency_s"] for each in result["expectations"] if each["latency_s"]]
    ends = [(at - begin).total_seconds() for _, at in (*sent, *undone)]
    scale = Scale(max([1.0, *slos, *lates, *ends]) * 1.05)
    injected = tuple(
        Mark(
            scale.x((at - begin).total_seconds()),
            "denied" if change["outcome"] == "denied" else "inject",
            f"{change['service']}:{change['operation']} {change['outcome']}",
        )
        for change, at in sent
    )
    rows = [Row(_y(0), "inject", None, None, injected)]
    for number, each in enumerate(result["expectations"], 1):
        rows.append(_expectation(each, scale, _y(number)))
    back = tuple(
        Mark(scale.x((at - begin).total_seconds()), "undone", event["detail"]) for event, at in undone
    )
    rows.append(Row(_y(len(rows)), "rollback", None, None, back))
    told = "; ".join(f"{row.name}: {mark.told}" for row in rows for mark in row.marks)
    return Timeline(tuple(rows), tuple(scale.ticks()), _y(len(rows)) + 8, told)


def _expectation(each: Mapping[str, Any], scale: Scale, y: float) -> Row:
    slo = (scale.x(0), scale.x(each["slo_s"])) if each["slo_s"] else None
    known = each["latency_interval_s"]
    span = (scale.x(known[0]), scale.x(known[1])) if known else None
    marks: tuple[Mark, ...] = ()
    if each["latency_s"] is not None:
        kind = "met" if each["met"] else "missed"
        took = Duration(round(each["latency_s"], 3))
        marks = (Mark(scale.x(each["latency_s"]), kind, f"{each['summary']} after {took}"),)
    return Row(y, each["role"], slo, span, marks)


@dataclass(frozen=True, slots=True)
class Distribution:
    """The latencies of one expectation over runs: a dot a run, median and 95th percentile."""

    dots: tuple[float, ...]
    median: float
    p95: float
    slo: float | None
    ticks: tuple[tuple[float, str], ...]


def distribution(series: Series) -> Distribution | None:
    """The picture of a series; None when nothing was ever seen."""
    median, p95 = series.percentile(0.5), series.percentile(0.95)
    if median is None or p95 is None:
        return None
    scale = Scale(max([1.0, *series.latencies, series.slo_s or 0]) * 1.05)
    slo = scale.x(series.slo_s) if series.slo_s else None
    dots = tuple(scale.x(each) for each in series.latencies)
    return Distribution(dots, scale.x(median.value), scale.x(p95.value), slo, tuple(scale.ticks()))


TREND_WIDTH: Final = 200.0
TREND_HEIGHT: Final = 36.0


def trend(latencies: Sequence[float]) -> str:
    """The points of a line through latencies, oldest first; empty for fewer than two."""
    if len(latencies) < 2:  # noqa: PLR2004 - a line needs two points
        return ""
    most = max(latencies) or 1.0
    step = TREND_WIDTH / (len(latencies) - 1)
    points = (
        f"{number * step:.1f},{TREND_HEIGHT - 3 - each / most * (TREND_HEIGHT - 6):.1f}"
        for number, each in enumerate(latencies)
    )
    return " ".join(points)


def _y(row: int) -> float:
    return 34 + row * _ROW


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
