"""When an experiment is due: how often, in which hours, on which days not; and when its review is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from chaoskit.recurrence import InvalidScheduleError, next_time
from chaoskit.slo import Duration

if TYPE_CHECKING:
    from datetime import date, time

WEEKDAYS: Final = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
REVIEWED_FOR: Final = timedelta(days=92)
"""A review is good for a quarter."""
_NONE: Final = Duration(0)
_CATCHES_UP: Final = timedelta(days=7)
_GRACE: Final = timedelta(days=1)
_LOOKS_AHEAD: Final = timedelta(days=400)
_LOOKS_BACK: Final = tuple(timedelta(hours=hours) for hours in (1, 24, 24 * 7, 24 * 31, 24 * 400))


@dataclass(frozen=True, slots=True)
class Window:
    """The hours in which an experiment may run, in its schedule's time zone.

    Attributes:
        days: The weekdays.
        begins: From this time on.
        ends: Up to this time; before `begins`, it is of the next day.
    """

    days: frozenset[str]
    begins: time
    ends: time

    def holds(self, local: datetime) -> bool:
        """Whether a local time lies in it."""
        now = local.time().replace(tzinfo=None)
        if self.begins <= self.ends:
            return self._is_of(local.date()) and self.begins <= now < self.ends
        if now >= self.begins:
            return self._is_of(local.date())
        return now < self.ends and self._is_of(local.date() - timedelta(days=1))

    def _is_of(self, day: date) -> bool:
        return WEEKDAYS[day.weekday()] in self.days


@dataclass(frozen=True, slots=True)
class Dates:
    """Days from the first to the last, both of them too."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Schedule:
    """When to run an experiment.

    Attributes:
        every: `rate(7 days)` or `cron(0 8 ? * MON *)`, as EventBridge writes them.
        time_zone: An IANA name, for cron, window and blackout.
        window: The hours in which it may run; None is any.
        blackout: Days on which it does not run.
        jitter: It is begun up to this much later, by an amount that its id and the due time settle.
        reviewed: When somebody last looked whether it still asks the right question.
    """

    every: str
    time_zone: str = "UTC"
    window: Window | None = None
    blackout: tuple[Dates, ...] = ()
    jitter: Duration = _NONE
    reviewed: date | None = None

    def check(self) -> None:
        """Refuse what can never be due.

        Raises:
            InvalidScheduleError: The expression or the time zone is none, or is for one time only.
        """
        if self.every.startswith("at("):
            raise InvalidScheduleError(f"{self.every} is for one time; a schedule comes again.")
        next_time(self.every, self.time_zone, _LONG_AGO, _LONG_AGO)

    def due(self, name: str, last: datetime | None, now: datetime) -> datetime | None:
        """The time for which it is to be run now; None when it is not.

        What was missed is caught up with one run. One that never ran is due at once by a rate, and by a cron
        expression for the newest time of the last seven days.

        Args:
            name: The experiment's id.
            last: When it was last begun.
            now: The time.
        """
        wanted = self._wanted(last, now)
        if wanted is None or now < wanted + self.delay(name, wanted):
            return None
        return wanted if self.allows(now) else None

    def next(self, name: str, last: datetime | None, now: datetime) -> datetime | None:
        """When it will next be begun, not before now; None when it can't be told within a year."""
        wanted = self._wanted(last, now) or self._after(last, now)
        moment = None if wanted is None else max(wanted + self.delay(name, wanted), now)
        while moment is not None and not self.allows(moment):
            moment += timedelta(minutes=1)
            if moment > now + _LOOKS_AHEAD:
                return None
        return moment

    def overdue(self, name: str, last: datetime | None, now: datetime) -> bool:
        """Whether it should have been run a day or more ago, windows and blackouts allowed for."""
        return last is not None and (due := self.next(name, last, last)) is not None and now > due + _GRACE

    def review_due(self, today: date) -> bool:
        """Whether its last review is older than a quarter; one that names none is not asked for any."""
        return self.reviewed is not None and today > self.reviewed + REVIEWED_FOR

    def allows(self, now: datetime) -> bool:
        """Whether neither window nor blackout keeps it from running."""
        local = now.astimezone(ZoneInfo(self.time_zone))
        if any(local.date() in days for days in self.blackout):
            return False
        return self.window is None or self.window.holds(local)

    def delay(self, name: str, due: datetime) -> timedelta:
        """The jitter of one due time: the same for all who ask."""
        share = int.from_bytes(hashlib.sha256(f"{name} {due.isoformat()}".encode()).digest()[:6]) / 2**48
        return timedelta(seconds=share * self.jitter)

    def _wanted(self, last: datetime | None, now: datetime) -> datetime | None:
        """The newest due time that no run covers; None when there is none."""
        if self.every.startswith("rate("):
            due = now if last is None else next_time(self.every, self.time_zone, last, last)
            return due if due is not None and due <= now else None
        after = last or now - _CATCHES_UP
        for span in _LOOKS_BACK:  # the shortest first: one that is due each minute has few times in it
            wanted = self._newest(max(after, now - span), now)
            if wanted is not None or now - span <= after:
                return wanted
        return None

    def _newest(self, after: datetime, now: datetime) -> datetime | None:
        newest = None
        while (found := next_time(self.every, self.time_zone, after, after)) is not None and found <= now:
            newest = after = found
        return newest

    def _after(self, last: datetime | None, now: datetime) -> datetime | None:
        return next_time(self.every, self.time_zone, now, last or now)


_LONG_AGO: Final = datetime.fromisoformat("2020-01-01T00:00:00+00:00")
