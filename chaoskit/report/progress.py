"""A run as it goes: a live table in a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table

from chaoskit.report.text import STYLES
from chaoskit.result import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from chaoskit.experiment import Experiment
    from chaoskit.result import Event, Result

_REFRESH_HZ: Final = 10
_SHOWN_PLAIN: Final = frozenset(
    {"applied", "denied", "failed", "met", "missed", "unknown", "open", "verdict"}
)


class Lines:
    """Plain lines, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        """Write to `console`."""
        self._console = console

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to tidy up."""

    def __call__(self, result: Result, event: Event) -> None:
        """See `Listener`."""
        if event.event in _SHOWN_PLAIN:
            self._console.print(
                f"{event.at:%H:%M:%S} {result.experiment.id}: {event.event}: {event.detail}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )


class Board:
    """A table that changes in place: what each experiment is doing, then its verdict."""

    def __init__(self, console: Console, experiments: Sequence[Experiment]) -> None:
        """Show these experiments on `console`."""
        self._mutex = threading.Lock()
        self._state: dict[str, tuple[str, str]] = {e.id: ("waits", "") for e in experiments}
        self._spinner = Spinner("dots")
        self._live = Live(console=console, get_renderable=self._table, refresh_per_second=_REFRESH_HZ)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # the terminal was closed; what the runs found is still to be kept
            self._live.stop()

    def __call__(self, result: Result, event: Event) -> None:
        """See `Listener`."""
        with self._mutex:
            self._state[result.experiment.id] = (event.event, event.detail)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(width=1)
        table.add_column(no_wrap=True, min_width=max(map(len, self._state), default=0))
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        with self._mutex:
            states = list(self._state.items())
        if all(event == "waits" for _, (event, _) in states):
            table.add_row(self._spinner, "getting the account ready")
        for name, (event, detail) in states:
            told = detail.partition(":")[0] if event == "verdict" else f"{event} {detail}".strip()
            table.add_row(self._mark(event, detail), escape(name), escape(told))
        return table

    def _mark(self, event: str, detail: str) -> Spinner | str:
        if event == "waits":
            return "·"
        if event != "verdict":
            return self._spinner
        verdict = Verdict(detail.partition(":")[0])
        return f"[{STYLES[verdict]}]{'✓' if verdict is Verdict.PASSED else '✗'}[/]"


def progress(console: Console, experiments: Sequence[Experiment]) -> Lines | Board:
    """What suits the console; both are listeners and context managers."""
    return Board(console, experiments) if console.is_terminal else Lines(console)
