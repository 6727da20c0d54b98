"""Scheduled runs show that they are alive: what `run --due` saw is kept, so that its silence is noticed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from chaoskit.errors import ChaoskitError
from chaoskit.home import replace_private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SILENT_AFTER: Final = timedelta(days=1)
"""Whatever calls `run --due` is meant to do so several times a day."""

_AHEAD: Final = timedelta(minutes=5)
"""So far clocks of machines that share a home may be apart."""


@dataclass(frozen=True, slots=True)
class Beat:
    """One look at what is due.

    Attributes:
        at: When it was looked.
        upcoming: When each scheduled experiment will next be begun; None when it can't be told.
        overdue: The experiments that should have been run a day or more ago.
        reviews: The experiments that nobody has reviewed for a quarter.
    """

    at: datetime
    upcoming: Mapping[str, datetime | None]
    overdue: tuple[str, ...] = ()
    reviews: tuple[str, ...] = ()

    def keep(self, path: Path) -> None:
        """Write it, for the owner only; a reader never sees half of it.

        Raises:
            ChaoskitError: It can't be written.
        """
        told = {
            "at": self.at.isoformat(),
            "upcoming": {name: due.isoformat() if due else None for name, due in self.upcoming.items()},
            "overdue": list(self.overdue),
            "reviews": list(self.reviews),
        }
        try:
            replace_private(path, json.dumps(told))
        except OSError as error:
            raise ChaoskitError(f"The heartbeat {path} can't be written: {error.strerror}.") from error

    @classmethod
    def read(cls, path: Path) -> Beat | None:
        """The last one; None when nothing was ever scheduled here.

        Raises:
            ChaoskitError: The file is none.
        """
        try:
            told = json.loads(path.read_bytes())
            upcoming = {
                name: datetime.fromisoformat(due) if due else None for name, due in told["upcoming"].items()
            }
            at = datetime.fromisoformat(told["at"])
            return cls(at, upcoming, tuple(told["overdue"]), tuple(told["reviews"]))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ChaoskitError(f"The heartbeat {path} can't be read; remove it to begin anew.") from error

    def troubles(self, now: datetime) -> list[str]:
        """What is wrong with the schedules by now, a sentence each; empty when nothing is."""
        found = []
        if self.upcoming and now > self.at + _SILENT_AFTER:
            since = f"{self.at:%Y-%m-%d %H:%M} UTC"
            found.append(f"Scheduled runs are silent: nobody has called `run --due` since {since}.")
        if self.upcoming and self.at > now + _AHEAD:  # silence would not be noticed until then
            found.append(
                f"The last `run --due` is dated {self.at:%Y-%m-%d %H:%M} UTC, which is yet to come, so "
                "nobody can tell whether scheduled runs are silent; the next one dates it anew."
            )
        late = {name for name, due in self.upcoming.items() if due and now > due + _SILENT_AFTER}
        found += [f"{name} is overdue." for name in sorted(late | set(self.overdue))]
        return found + [f"{name} has not been reviewed for a quarter." for name in self.reviews]

    def metrics(self) -> dict[str, float]:
        """What a monitor watches, by name: seconds since the epoch, and counts."""
        return {
            "heartbeat_timestamp_seconds": self.at.timestamp(),
            "scheduled_experiments": float(len(self.upcoming)),
            "overdue_experiments": float(len(self.overdue)),
            "reviews_due": float(len(self.reviews)),
        }

    def as_prometheus(self) -> str:
        """The metrics in Prometheus' text format, for node_exporter's textfile collector."""
        told = self.metrics().items()
        return "".join(f"# TYPE chaoskit_{name} gauge\nchaoskit_{name} {value!r}\n" for name, value in told)
