"""The briefing: what everybody reads before a game day."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from chaoskit.report.markdown import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.contract import Probe
    from chaoskit.gamedays import GameDay, Inject

_VARIABLE: Final = re.compile(r"\$\{(sandbox|workload)\.(\w+)\}")
_OWNERS: Final = {"sandbox": "the target's", "workload": "the workload's"}


def briefing(day: GameDay, *, blind: bool = False) -> str:
    """As Markdown.

    Args:
        day: What will be played.
        blind: For the blue team of a blind day: without what is injected, expected and when.
    """
    return _in_words("\n".join(_blind(day) if blind else _whole(day))) + "\n"


def _in_words(text: str) -> str:
    """What no account has been asked for yet, as people would say it."""
    return _VARIABLE.sub(lambda found: f"{_OWNERS[found[1]]} {found[2].replace('_', ' ')}", text)


def _whole(day: GameDay) -> Iterator[str]:
    yield f"# {plain(day.title)}"
    yield ""
    if day.objective:
        yield plain(day.objective)
        yield ""
    manner = "blind: the blue team is not told what is injected" if day.blind else "open"
    yield f"{len(day.injects)} injects in {day.max_duration} at most; {manner}."
    yield from _roles(day)
    yield ""
    yield "## Timing"
    yield ""
    yield "| | begins | experiment | owner | takes at most |"
    yield "|---|---|---|---|---|"
    for number, inject in enumerate(day.injects, 1):
        about = inject.experiment
        longest = about.blast_radius.max_duration
        yield f"| {number} | {inject.begins} | {plain(about.title)} | {plain(about.owner)} | {longest} |"
    for number, inject in enumerate(day.injects, 1):
        yield from _inject(number, inject)
    yield from _abort(day, everything=True)


def _blind(day: GameDay) -> Iterator[str]:
    yield "# Game day"
    yield ""
    yield f"At most {day.max_duration}. What is injected is not told before the end."
    yield from _roles(day)
    yield from _abort(day, everything=False)


def _roles(day: GameDay) -> Iterator[str]:
    yield ""
    yield "## Roles"
    yield ""
    for role, people in day.roles.items():
        yield f"- **{role}**: {plain(', '.join(people))}"


def _inject(number: int, inject: Inject) -> Iterator[str]:
    about, radius = inject.experiment, inject.experiment.blast_radius
    yield ""
    yield f"## Inject {number}: {plain(about.title)}"
    yield ""
    yield f"- **hypothesis**: {plain(about.hypothesis)}"
    where = f"account: {plain(', '.join(radius.accounts))}; region: {plain(', '.join(radius.regions))}"
    yield f"- **blast radius**: {where}; at most {radius.max_changes} changes within {radius.max_duration}"
    for fault in about.faults:
        yield f"- **injected**: {plain(fault.summary())}"
    for each in about.expect:
        within = f" within {each.within}" if each.within is not None else ""
        by = f", by {plain(each.runbook)}" if each.runbook else ""
        yield f"- **expected {each.role}**: {each.probe.about.name}{within}{by}"
    for probe in about.stop_conditions:
        yield f"- **stops it**: {plain(_told(probe))}"
    if inject.brief:
        yield f"- **for the facilitator**: {plain(inject.brief)}"


def _abort(day: GameDay, *, everything: bool) -> Iterator[str]:
    yield ""
    yield "## What ends it early"
    yield ""
    yield "- Anybody who says stop: press `s` in the window of the day, or Ctrl-C. All is rolled back first."
    for each in day.abort.people:
        yield f"- {plain(each)}"
    if everything:
        for probe in day.abort.conditions:
            yield f"- True or unreadable during an inject: {plain(_told(probe))}"
        verdicts = dict.fromkeys(("ERROR", *day.abort.verdicts))
        yield f"- An inject that ends {' or '.join(verdicts)}."
    yield f"- {day.max_duration} after the beginning, no inject begins any more."


def _told(probe: Probe) -> str:
    """A probe with its parameters, as the file names it."""
    values = ", ".join(f"{name}: {value}" for name, value in vars(probe).items())
    return f"{probe.about.name} ({values})" if values else probe.about.name
