"""Latency percentiles, SLO attainment and error budgets for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from chaoskit.slo import Duration
from chaoskit.trends import OBJECTIVE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chaoskit.trends import Estimate, Series


def slo_table(found: Iterable[Series], title: str, objective: float = OBJECTIVE) -> Table:
    """A row for each expectation of each experiment."""
    table = Table(title=title, title_justify="left")
    table.add_column("experiment", no_wrap=True)
    for column in ("expectation", "SLO", "median", "95th percentile", "attained", "budget left"):
        table.add_column(column)
    for each in found:
        table.add_row(*_row(each, objective))
    return table


def _row(each: Series, objective: float) -> list[str]:
    attained, left = each.attainment, each.budget_left(objective)
    told = f"{attained:.1%} of {each.met + each.missed}" if attained is not None else "-"
    return [
        each.experiment,
        f"{each.role} {each.probe}",
        str(Duration(each.slo_s)) if each.slo_s is not None else "-",
        _told(each.percentile(0.5)),
        _told(each.percentile(0.95)),
        told,
        f"{left:.0%}" if left is not None else "-",
    ]


def _told(estimate: Estimate | None) -> str:
    if estimate is None:
        return "-"
    low, high = (Duration(round(value, 3)) for value in (estimate.lo, estimate.hi))
    few = "" if estimate.confident else ", too few runs to be sure"
    return f"{Duration(round(estimate.value, 3))} ({low} to {high}{few})"
