"""Results for a terminal: the summary table, and one experiment told in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.markup import escape
from rich.table import Table

from chaoskit.result import Verdict
from chaoskit.slo import Duration

if TYPE_CHECKING:
    from chaoskit.result import ExpectationResult, Result, Results

STYLES: Final = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "bold red",
    Verdict.ABORTED: "yellow",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.ERROR: "bold red",
}
_MARKS: Final = {True: "met", False: "missed", None: "unknown"}


def summary(results: Results) -> Table:
    """A row an experiment."""
    table = Table(title=f"Run {results.run_id} on {results.target}", title_justify="left")
    table.add_column("experiment", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("expectations", overflow="fold")
    table.add_column("restored", no_wrap=True)
    for result in results.results:
        style = STYLES[result.verdict]
        table.add_row(
            escape(result.experiment.id),
            f"[{style}]{result.verdict}[/]",
            escape("\n".join(map(line, result.expectations)))
            if result.verdict is Verdict.PASSED
            else escape(result.reason),
            "yes" if result.restored else "[bold red]NO[/]",
        )
    return table


def line(item: ExpectationResult) -> str:
    """One expectation: role, what came of it, and latency against SLO."""
    return outcome(item.expectation.role, item.met, item.latency_s, item.expectation.within)


def outcome(role: str, met: bool | None, latency_s: float | None, slo_s: float | None) -> str:
    """What came of an expectation, the same in every report; without an SLO no time matters."""
    told = f"{role} {_MARKS[met]}"
    if slo_s is None:
        return told
    if latency_s is None:
        return f"{told} within {Duration(slo_s)}"
    return f"{told} in {Duration(round(latency_s, 3))} of {Duration(slo_s)}"


def disagreements(results: Results) -> list[str]:
    """A line for each change of which the account's policies said something else than what came of it."""
    return [
        f"prediction and outcome disagree: {found['experiment']}, {found['call']}: {found['finding']}"
        for found in results.disagreements()
    ]


def story(result: Result) -> str:
    """What a person needs to understand one result: hypothesis, expectations, evidence, timeline."""
    lines = [
        f"{result.verdict}: {result.reason}",
        "",
        f"hypothesis: {' '.join(result.experiment.hypothesis.split())}",
    ]
    for item in result.expectations:
        lines += ["", f"{line(item)}: {item.expectation.probe.about.name}: {item.summary}"]
        if item.latency_interval:
            lines.append(f"  first seen {item.latency_interval} after the fault")
        lines += [f"  {key}: {value}" for key, value in item.evidence.items()]
    lines += _predictions(result)
    lines += ["", "timeline:"]
    lines += [f"  {event.at:%H:%M:%S.%f} {event.event}: {event.detail}" for event in result.timeline]
    if result.left_open:
        lines += ["", "NOT RESTORED. By hand:", *(f"  {call}" for call in result.left_open)]
    return "\n".join(lines)


def _predictions(result: Result) -> list[str]:
    """What was predicted of each change, beside what came of it."""
    lines = []
    for change in (change for fault in result.faults for change in fault.changes):
        if change.predicted:
            by = f" by {change.denied_by}" if change.denied_by else ""
            wrong = " (they disagree)" if change.disagreement else ""
            happened = f"{change.outcome}{by}{wrong}"
            lines.append(f"  {change.service}:{change.operation}: {change.predicted}; {happened}")
    return ["", "predicted, and what came of it:", *lines] if lines else []
