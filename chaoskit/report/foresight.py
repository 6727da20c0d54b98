"""Predictions as Markdown, for the comment on a pull request that changes policies or experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chaoskit.report.markdown import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_SIGNS: Final = {"stopped": "🛡️", "not stopped": "➡️", "depends": "❔"}


def as_markdown(foresights: Sequence[Mapping[str, Any]]) -> str:
    """What is wrong first, then a row for each call.

    Args:
        foresights: As `chaoskit predict --json` prints them.
    """
    return "\n".join(_lines(foresights)) + "\n"


def _lines(foresights: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    open_ = [each for each in foresights if each["unguarded"]]
    guards = "every guardrail that is expected stops its fault"
    if open_:
        guards = f"{len(open_)} guardrail{'s' * (len(open_) != 1)} would not stop what {_it(open_)} should"
    yield f"### chaoskit predicts: {guards}"
    yield ""
    yield f"{len(foresights)} experiments; nothing was injected, the policies were read."
    for each in open_:
        yield ""
        yield f"- ❌ `{each['experiment']}`: {plain(each['unguarded'])}"
    yield ""
    yield "<details><summary>Every call</summary>"
    yield ""
    yield "| experiment | call | prediction |"
    yield "|---|---|---|"
    for each in foresights:
        for fault in each["faults"]:
            yield from _rows(each["experiment"], fault)
    yield ""
    yield "</details>"


def _rows(experiment: str, fault: Mapping[str, Any]) -> Iterator[str]:
    for change in fault["changes"]:
        predicted = change["predicted"]
        sign = _SIGNS[predicted["effect"]]
        call = f"{change['service']}:{change['operation']}"
        yield f"| `{experiment}` | `{call}` | {sign} {plain(predicted['summary'])} |"
    if fault["problem"]:
        yield f"| `{experiment}` | `{fault['fault']}` | can't be planned further: {plain(fault['problem'])} |"


def _it(several: Sequence[object]) -> str:
    return "it" if len(several) == 1 else "they"
