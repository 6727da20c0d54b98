"""The after-action report of a game day: Markdown for the ticket, one HTML file for the archive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from chaoskit.gameday.aftermath import aftermath, span
from chaoskit.gameday.board import NOTE
from chaoskit.report.html import STYLE, environment
from chaoskit.report.markdown import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaoskit.gameday.record import Record

_HERE: Final = Path(__file__).parent


def as_markdown(record: Record) -> str:
    """As Markdown, in one text."""
    return "\n".join(_lines(record)) + "\n"


def as_html(record: Record) -> str:
    """As one HTML file that needs no network.

    Raises:
        ChaoskitError: jinja2 is missing.
    """
    made = environment(_HERE)
    made.filters["span"] = span
    template = made.get_template("report.html.j2")
    return template.render(told=aftermath(record), record=record, note=NOTE, style=STYLE.read_text("utf-8"))


def _lines(record: Record) -> Iterator[str]:
    told = aftermath(record)
    ended = f"{record.finished:%Y-%m-%d %H:%M:%S} UTC" if record.finished else "not yet"
    yield f"# After the game day: {plain(record.title)}"
    yield ""
    if record.objective:
        yield f"> {plain(record.objective)}"
        yield ""
    manner = ", blind" if record.blind else ""
    yield f"- Day `{record.day}` on {record.target}, account {record.account}{manner}"
    yield f"- Begun {record.started:%Y-%m-%d %H:%M:%S} UTC, ended {ended}: {plain(record.ended or 'goes on')}"
    for role, people in record.roles.items():
        yield f"- {role}: {plain(', '.join(people))}"
    yield ""
    yield "## Injects"
    yield ""
    yield "| | inject | verdict | time to detect | time to respond | time to recover |"
    yield "|---|---|---|---|---|---|"
    for each in told.injects:
        recover = "prevented" if each.prevented else span(each.recover)
        yield (
            f"| {each.number} | {plain(each.played.title)} | {each.verdict} | {span(each.detect)} "
            f"| {span(each.respond)} | {recover} |"
        )
    yield ""
    yield "## What went well"
    yield ""
    yield from (f"- {plain(line)}" for line in told.went_well or ("Nothing.",))
    yield ""
    yield "## Action items"
    if not told.actions:
        yield ""
        yield "None."
    for owner, items in told.actions.items():
        yield ""
        yield f"### {plain(owner)}"
        yield ""
        yield from (f"- [ ] {plain(item)}" for item in items)
    yield ""
    yield "## Timeline"
    yield ""
    for entry in record.entries:
        number = f"#{entry.inject} " if entry.inject else ""
        kind = f"**{entry.kind}**" if entry.kind == NOTE else entry.kind
        yield f"- `{entry.at:%H:%M:%S}` {number}{kind}: {plain(entry.detail)}"
