"""When an experiment is due: how often, in which hours, on which days not; and when its review is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from chaoskit.recurrence import InvalidScheduleError, next_time
from chaoskit.slo import Duration

if TYPE_CHECKING:
    from datetime import date

WEEKDAYS: Final = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
REVIEWED_FOR: Final = timedelta(days=92)
"""A review is good for a quarter."""
_NONE: Final = Duration(0)
_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
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

    def begins_after(self, now: datetime, zone: ZoneInfo) -> datetime:
        """When it begins next, UTC; at the latest then, if daylight saving time skips its first minute.

        Args:
            now: A time that it does not hold.
            zone: Whose local time it is in.
        """
        local = now.astimezone(zone)
        day = local.date()
        while not self._is_of(day) or (day == local.date() and local.time() >= self.begins):
            day += _DAY
        # In the hour that is skipped the first is too late, in the one that comes twice the second.
        found = (datetime.combine(day, self.begins, zone).replace(fold=fold) for fold in (0, 1))
        return max(min(each.astimezone(UTC) for each in found), now + _MINUTE)

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
            last: When it was last begun; a time to come is of a clock that was wrong, and tells nothing.
            now: The time.
        """
        wanted = self._wanted(name, last, now)
        return wanted if wanted is not None and self.allows(now) else None

    def next(self, name: str, last: datetime | None, now: datetime) -> datetime | None:
        """When it will next be begun, not before now; None when it can't be told within a year."""
        if self._wanted(name, last, now) is not None:
            moment = now
        elif (following := self._following(name, last, now)) is not None:
            moment = max(following + self.delay(name, following), now)
        else:
            return None
        while not self.allows(moment):
            moment = self._perhaps(moment)
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
        if self._closed(local.date()):
            return False
        return self.window is None or self.window.holds(local)

    def delay(self, name: str, due: datetime) -> timedelta:
        """The jitter of one due time: the same for all who ask."""
        share = int.from_bytes(hashlib.sha256(f"{name} {due.isoformat()}".encode()).digest()[:6]) / 2**48
        return timedelta(seconds=share * self.jitter)

    def _closed(self, day: date) -> Dates | None:
        return next((days for days in self.blackout if day in days), None)

    def _perhaps(self, moment: datetime) -> datetime:
        """The next time at which it may be allowed, after one at which it is not."""
        zone = ZoneInfo(self.time_zone)
        if closed := self._closed(moment.astimezone(zone).date()):
            midnight = datetime.combine(closed.last + _DAY, time(), zone)
            return max(midnight.astimezone(UTC), moment + _MINUTE)
        return self.window.begins_after(moment, zone) if self.window else moment + _MINUTE

    def _wanted(self, name: str, last: datetime | None, now: datetime) -> datetime | None:
        """The newest due time that no run covers and whose jitter is over; None when there is none."""
        last = _past(last, now)
        if self.every.startswith("rate("):
            if last is None:
                return now  # to wait from now on would be to wait for ever
            due = next_time(self.every, self.time_zone, last, last)
            return due if due is not None and due + self.delay(name, due) <= now else None
        after = last or now - _CATCHES_UP
        for span in _LOOKS_BACK:  # the shortest first: one that is due each minute has few times in it
            wanted = self._newest(name, max(after, now - span), now)
            if wanted is not None or now - span <= after:
                return wanted
        return None

    def _newest(self, name: str, after: datetime, now: datetime) -> datetime | None:
        newest = None
        while (found := next_time(self.every, self.time_zone, after, after)) is not None and found <= now:
            after = found
            if found + self.delay(name, found) <= now:
                newest = found
        return newest

    def _following(self, name: str, last: datetime | None, now: datetime) -> datetime | None:
        """The first due time that no run covers and whose jitter is not over."""
        last = _past(last, now)
        if self.every.startswith("rate("):
            return next_time(self.every, self.time_zone, last or now, last or now)
        after = max(last or now - _CATCHES_UP, now - timedelta(seconds=self.jitter))
        while (found := next_time(self.every, self.time_zone, after, after)) is not None:
            if found + self.delay(name, found) >= now:
                return found
            after = found
        return None


def _past(last: datetime | None, now: datetime) -> datetime | None:
    return last if last is not None and last <= now else None


_LONG_AGO: Final = datetime.fromisoformat("2020-01-01T00:00:00+00:00")
