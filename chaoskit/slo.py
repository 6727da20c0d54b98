"""Time: durations as people write them, an injectable clock, and latency as an interval."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import threading

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h|d)")


class Duration(float):
    """Seconds, written and shown as `250ms`, `60s`, `5m`, `1h30m` or `7d`."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read a duration; ValueError says what would be right."""
        parts = _DURATION.findall(text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            raise ValueError(f"{text!r} is not a duration; write for example 60s, 5m or 1h30m")
        return cls(sum(float(number) * _UNITS[unit] for number, unit in parts))

    def __str__(self) -> str:
        if self < 1:
            return f"{self * 1000:.0f}ms"
        rest, text = float(self), ""
        for unit in ("d", "h", "m"):
            count, rest = divmod(rest, _UNITS[unit])
            text += f"{count:.0f}{unit}" if count else ""
        return text + (f"{rest:g}s" if rest or not text else "")


@dataclass(frozen=True, slots=True)
class Interval:
    """A latency in seconds that is known only to lie between two looks."""

    lo: float
    hi: float

    def __str__(self) -> str:
        return f"{Duration(round(self.lo, 3))} to {Duration(round(self.hi, 3))}"


class Clock(Protocol):
    """The time an engine lives in."""

    def now(self) -> datetime:
        """The current time, UTC and aware."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump, for deadlines."""
        ...

    def wait(self, seconds: float, wake: threading.Event) -> bool:
        """Sleep, or less if `wake` is set; True when it was set."""
        ...


class SystemClock:
    """The wall's time."""

    def now(self) -> datetime:
        """See `Clock`."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """See `Clock`."""
        return time.monotonic()

    def wait(self, seconds: float, wake: threading.Event) -> bool:
        """See `Clock`."""
        return wake.wait(seconds)
