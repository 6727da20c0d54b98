"""A game day in a terminal, here and in a second window; plain lines without a terminal."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from chaoskit.gameday.desk import HELP, Look
from chaoskit.report.text import STYLES
from chaoskit.result import Verdict
from chaoskit.slo import Duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

REFRESH_HZ: Final = 4
_KINDS: Final = {
    "alert": "bold yellow",
    "applied": "red",
    "denied": "green",
    "missed": "bold red",
    "met": "green",
    "note": "cyan",
    "open": "bold red",
    "stop": "bold red",
    "undone": "blue",
}
_BAR: Final = 20
_FEWEST_ENTRIES: Final = 3
_KEYS: Final = "s stop and roll back   p pause   n note   ? keys"


class Screen:
    """Draws the newest state, as much of it as there is room for."""

    def __init__(
        self,
        state: Callable[[Look], Mapping[str, Any]],
        look: Callable[[], Look] = Look,
        *,
        now: Callable[[], datetime],
        keys: str = _KEYS,
        trouble: Callable[[], str] = str,
    ) -> None:
        """Take the state, what the desk adds, the time, and what is wrong, at each drawing."""
        self._state = state
        self._look = look
        self._now = now
        self._keys = keys
        self._trouble = trouble

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        look = self._look()
        state, now = self._state(look), self._now()
        parts: list[tuple[RenderableType, int]] = [(_head(state, now), 9), (_people(state), 2)]
        if look.help:
            parts.append((_help(look.room), 7))
        if state["injects"]:
            parts.append((_injects(state), 1))
        if state["current"]:
            parts += _current(state["current"], now)
        bottom = Text(f"note: {look.note}▏", "cyan") if look.note is not None else Text(self._keys, "dim")
        if trouble := self._trouble():
            bottom = Text(
                _plain(f"CONNECTION LOST: {trouble}"), "bold red", no_wrap=True, overflow="ellipsis"
            )
        lines = (options.height or console.size.height) - 2  # an empty one, and the bottom
        top = _fitting(console, options, parts, lines - _FEWEST_ENTRIES)
        used = sum(_height(console, options, part) for part in top)
        shown = state["entries"][-max(lines - used, 1) :]
        yield Group(*top, Text(""), *([_entries(shown)] if shown else []), bottom)


def live(console: Console, screen: Screen) -> Live:
    """A view that takes the whole terminal, follows its size and gives it back."""
    return Live(console=console, get_renderable=lambda: screen, refresh_per_second=REFRESH_HZ, screen=True)


class Lines:
    """The entries as plain lines, each once; what was hidden is told when it is shown."""

    def __init__(self, write: Callable[[str], None]) -> None:
        """Write each line with this."""
        self._write = write
        self._told = 0
        self._hidden: bool | None = None

    def skip(self, state: Mapping[str, Any]) -> None:
        """Take what a state tells for known: it was told before an interruption."""
        self._told, self._hidden = len(state["entries"]), state["hidden"]

    def show(self, state: Mapping[str, Any]) -> None:
        """Write what is new."""
        if self._hidden and not state["hidden"]:
            self._write("What was hidden:")
            self._told = 0
        self._hidden = state["hidden"]
        new = state["entries"][self._told :]
        self._told = len(state["entries"])
        for line in map(told, new):
            self._write(line)


def told(entry: Mapping[str, Any]) -> str:
    """An entry as a line."""
    number = f"#{entry['inject']} " if entry["inject"] else ""
    return f"{entry['at'][11:19]} {number}{entry['kind']}: {_plain(entry['detail'])}"


def _fitting(
    console: Console, options: ConsoleOptions, parts: list[tuple[RenderableType, int]], room: int
) -> list[RenderableType]:
    """The parts that matter most, in order: what is written and pressed is always to be seen."""
    kept = list(parts)
    while len(kept) > 1 and sum(_height(console, options, part) for part, _ in kept) > room:
        kept.remove(min(reversed(kept), key=lambda each: each[1]))
    return [part for part, _ in kept]


def _height(console: Console, options: ConsoleOptions, part: RenderableType) -> int:
    return len(console.render_lines(part, options.update(height=None)))


def _head(state: Mapping[str, Any], now: datetime) -> Text:
    ends = state["finished"] or None
    spent = (datetime.fromisoformat(ends) if ends else now) - datetime.fromisoformat(state["started"])
    head = Text(no_wrap=True, overflow="ellipsis")
    head.append(_plain(state["title"]), "bold")
    head.append(f"  {state['phase']}", "bold red" if state["phase"] == "stopping" else "bold")
    head.append(f"  {_span(spent)} of {Duration(state['max_duration_s'])}, {now:%H:%M:%S} UTC")
    if state["blind"]:
        head.append("  blind" + (": what is injected is hidden" if state["hidden"] else ""), "magenta")
    if state["detail"]:
        head.append(f"  {_plain(state['detail'])}", "dim")
    return head


def _people(state: Mapping[str, Any]) -> Text:
    words = (_plain(f"{role}: {', '.join(people)}") for role, people in state["roles"].items())
    return Text("   ".join(words), "dim", no_wrap=True, overflow="ellipsis")


def _help(room: str) -> Table:
    table = Table.grid(padding=(0, 2))
    for key, meaning in HELP:
        table.add_row(Text(key, "bold"), Text(meaning))
    if room:
        table.add_row(Text("the page", "bold"), Text(room, overflow="fold"))
    return table


def _injects(state: Mapping[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(no_wrap=True)
    for each in state["injects"]:
        verdict = each["verdict"]
        style = STYLES[Verdict(verdict)] if verdict else "bold" if each["progress"] == "running" else "dim"
        word = verdict or (each["begins"] if each["progress"] == "waits" else each["progress"])
        table.add_row(f"#{each['number']}", Text(_plain(each["title"])), Text(word, style))
    return table


def _current(current: Mapping[str, Any], now: datetime) -> Iterator[tuple[RenderableType, int]]:
    yield Text(""), 3
    yield Text(_plain(f"#{current['number']} {current['hypothesis']}"), "italic"), 4
    for fault in current["faults"]:
        yield Text(f"  injected {_plain(fault)}", "red", no_wrap=True, overflow="ellipsis"), 5
    for each in current["countdowns"]:
        yield _countdown(each, current["sent"], now), 6


def _countdown(each: Mapping[str, Any], sent: str | None, now: datetime) -> Text:
    line = Text(no_wrap=True, overflow="ellipsis")
    within = each["within_s"]
    if each["outcome"]:
        line.append(f"  {each['outcome']:>7} ", _KINDS.get(each["outcome"], "yellow"))
        if sent and each["settled"]:
            line.append(_span(datetime.fromisoformat(each["settled"]) - datetime.fromisoformat(sent)) + " ")
    elif sent is None or within is None:
        line.append("  waiting ", "dim")
    else:
        left = within - (now - datetime.fromisoformat(sent)).total_seconds()
        share = min(max(left / within, 0.0), 1.0)
        full = round(share * _BAR)
        style = "green" if share > 1 / 2 else "yellow" if share > 1 / 5 else "bold red"
        line.append(
            f"  {'█' * full}{'░' * (_BAR - full)} {_span(timedelta(seconds=max(left, 0)))} left ", style
        )
    line.append(f"{each['role']} {each['probe']}")
    if within is not None:
        line.append(f", SLO {Duration(within)}", "dim")
    return line


def _entries(entries: list[Mapping[str, Any]]) -> Text:
    lines = Text(no_wrap=True, overflow="ellipsis")
    for number, entry in enumerate(entries):
        lines.append("\n" * bool(number) + told(entry), _KINDS.get(entry["kind"], ""))
    return lines


def _span(span: timedelta) -> str:
    """Minutes and seconds, as a clock shows them."""
    minutes, seconds = divmod(max(int(span.total_seconds()), 0), 60)
    return f"{minutes:02}:{seconds:02}"


def _plain(text: str) -> str:
    """In one line, and without what would steer the terminal: it may come from an account."""
    return "".join(each if each.isprintable() else " " for each in " ".join(text.split()))
