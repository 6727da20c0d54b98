"""What is known of each task of a fleet run: that it began, and how it ended. It begins at most once.

`pk` is `task#`run`#`account, `sk` the experiment. The record that it begins is written before anything is
injected, on the condition that there is none: so whoever is given the task again knows that it began,
whatever became of the one that began it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from chaoskit.journal.store import ConditionFailedError
from chaoskit.journal.table import EXPIRES

if TYPE_CHECKING:
    from chaoskit.journal.store import Store

_KEPT: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Task:
    """One experiment in one account, of a fleet run."""

    run: str
    account: str
    experiment: str

    def __str__(self) -> str:
        return f"{self.experiment} in {self.account} (run {self.run})"


@dataclass(frozen=True, slots=True)
class Known:
    """What the table says of a task that began.

    Attributes:
        begun: When, ISO 8601 in UTC.
        by: The attempt that began it.
        verdict: How it ended; empty while it has not.
        restored: Whether the account is as it was before.
        reason: Why the verdict is that.
    """

    begun: str
    by: str
    verdict: str = ""
    restored: bool = False
    reason: str = ""


class Tasks:
    """The records of tasks."""

    def __init__(self, store: Store) -> None:
        """Make no call yet."""
        self._store = store

    def known(self, task: Task) -> Known | None:
        """What is known of a task; None when nobody began it.

        Raises:
            JournalError: The table can't be read.
        """
        item = self._store.get(_key(task))
        if item is None:
            return None
        texts = {name: str(item.get(name, "")) for name in ("begun", "by", "verdict", "reason")}
        return Known(**texts, restored=item.get("restored") == "yes")

    def begin(self, task: Task, attempt: str) -> bool:
        """Write that it begins; False when it began before, and must not again.

        Raises:
            JournalError: The table can't be written, so nothing may be injected.
        """
        values = {"begun": _now().isoformat(), "by": attempt}
        try:
            self._store.write(self._store.put(_key(task), values, "attribute_not_exists(pk)"))
        except ConditionFailedError:
            # The answer to this very write may have been lost, and the write sent again.
            known = self.known(task)
            return known is not None and known.by == attempt
        return True

    def finish(self, task: Task, verdict: str, *, restored: bool, reason: str) -> None:
        """Write how it ended.

        Raises:
            JournalError: The table can't be written.
        """
        values: dict[str, Any] = {
            "verdict": verdict,
            "restored": "yes" if restored else "no",
            "reason": reason,
            "finished": _now().isoformat(),
        }
        if restored:
            values[EXPIRES] = int((_now() + _KEPT).timestamp())
        self._store.write(self._store.update(_key(task), values))


def _key(task: Task) -> tuple[str, str]:
    return f"task#{task.run}#{task.account}", task.experiment


def _now() -> datetime:
    return datetime.now(UTC)
