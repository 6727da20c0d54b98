"""Writes the kept figures into docs/performance.md, below its marker: `python -m benchmarks.page`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from benchmarks.lab import ROOT
from benchmarks.measure import KEPT, described, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGE: Final = ROOT / "docs" / "performance.md"
MARKER: Final = "<!-- make bench-page writes what follows -->"
_ORDER: Final = (
    "overhead",
    "accuracy",
    "throughput",
    "sandbox",
    "fault-to-probe",
    "policy",
    "event-patterns",
    "sigma-rules",
    "fixture",
    "startup",
    "fleet",
    "suite",
)


def tables(document: Mapping[str, Any]) -> Iterator[str]:
    """One benchmark's part of the page."""
    yield f"## {document['benchmark']}\n"
    yield f"{document['at'][:10]}: {described(document['machine'])}\n"
    yield "| what | who | median | quartiles | processor time |"
    yield "|---|---|---|---|---|"
    before = ""
    for figure in document["figures"]:
        low, middle, high = map(short, figure["wall"])
        spent = f"{short(figure['processor'][1])} {figure['unit']}" if figure["processor"] else ""
        what = "" if figure["what"] == before else figure["what"]
        before = figure["what"]
        spread = "" if low == high else f"{low} to {high}"
        yield f"| {what} | {figure['who'].strip()} | {middle} {figure['unit']} | {spread} | {spent} |"
    if document["goals"]:
        yield "\n| goal | is | met |"
        yield "|---|---|---|"
        for goal in document["goals"]:
            yield f"| {goal['text']} | {short(goal['value'])} | {'yes' if goal['met'] else '**no**'} |"
    if document["notes"]:
        yield ""
        yield from (f"- {note}" for note in document["notes"])
    yield ""


def main() -> None:
    """Write the page anew."""
    kept = {path.stem: json.loads(path.read_text("utf-8")) for path in KEPT.glob("*.json")}
    head = PAGE.read_text("utf-8").partition(MARKER)[0]
    lines = [line for name in _ORDER if name in kept for line in tables(kept[name])]
    PAGE.write_text(f"{head}{MARKER}\n\n" + "\n".join(lines).rstrip() + "\n", "utf-8")


if __name__ == "__main__":
    main()
