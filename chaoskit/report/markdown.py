"""Results as Markdown, for a pull request's comment or a job's summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.report.text import outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SIGNS: Final = {"PASSED": "✅", "FAILED": "❌", "ABORTED": "🛑", "INCONCLUSIVE": "❔", "ERROR": "💥"}


def as_markdown(document: Mapping[str, Any]) -> str:
    """A table of all experiments, and the story of each that did not pass.

    Args:
        document: Of schema `chaoskit/results/v1`.
    """
    return "\n".join(_lines(document)) + "\n"


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    results = document["results"]
    verdicts = [result["verdict"] for result in results]
    counts = ", ".join(f"{verdicts.count(word)} {word}" for word in _SIGNS if word in verdicts)
    restored = all(result["restored"] for result in results)
    yield f"### chaoskit: {counts or 'nothing was run'}"
    yield ""
    yield f"Run `{document['run_id']}` on {document['target']}; " + (
        "everything restored." if restored else "**not everything was restored.**"
    )
    yield ""
    yield "| | experiment | expectations | restored |"
    yield "|---|---|---|---|"
    for result in results:
        told = "<br>".join(map(_expectation, result["expectations"]))
        mark = f"{_SIGNS[result['verdict']]} {result['verdict']}"
        yield f"| {mark} | `{result['experiment']}` | {told} | {'yes' if result['restored'] else '**NO**'} |"
    for finding in document.get("disagreements", ()):
        yield ""
        yield f"- prediction and outcome disagree: `{finding['experiment']}`, {plain(finding['finding'])}"
    for result in results:
        if result["verdict"] != "PASSED":
            yield from _story(result)


def _story(result: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield f"<details><summary>{plain(result['title'])}: {result['verdict']}</summary>"
    yield ""
    yield f"> {plain(result['hypothesis'])}"
    yield ""
    yield plain(result["reason"])
    yield ""
    for event in result["timeline"]:
        yield f"- `{event['at'][11:23]}` {event['event']}: {plain(event['detail'])}"
    for line in result["left_open"]:
        yield f"- **not put back**: `{plain(line)}`"
    yield ""
    yield "</details>"


def _expectation(each: Mapping[str, Any]) -> str:
    told = outcome(each["role"], each["met"], each["latency_s"], each["slo_s"])
    return told.replace(" missed", " **missed**", 1)


def plain(text: str) -> str:
    """A text in one line: what came from an account must not become markup."""
    line = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return line.replace("`", "'").replace("|", "\\|").replace("@", "@\u200b")
