"""When a schedule is due: `at`, `rate` and `cron` expressions, in their time zone.

Source: EventBridge Scheduler User Guide, "Schedule types in EventBridge Scheduler".
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHAPE: Final = re.compile(r"(at|rate|cron)\((.*)\)")
_UNITS: Final = {"minute": 60, "hour": 3600, "day": 86_400}
_CRON_FIELDS: Final = 6
_MONTHS: Final = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS: Final = {
    name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)
}
_FARTHEST_YEAR: Final = 2199
_LOOKS_AHEAD: Final = timedelta(days=366 * 9)  # the longest gap of a date that comes again: 29 February


class InvalidScheduleError(ValueError):
    """An expression or a time zone that AWS would refuse."""


def next_time(expression: str, zone: str, after: datetime, start: datetime) -> datetime | None:
    """The first time after `after` that a schedule is due; None when there is none.

    Args:
        expression: `at(...)`, `rate(...)` or `cron(...)`.
        zone: An IANA time zone's name.
        after: UTC.
        start: What a rate is counted from; it is due then for the first time.

    Raises:
        InvalidScheduleError: The expression or the zone is none.
    """
    found = _SHAPE.fullmatch(expression)
    if found is None:
        raise InvalidScheduleError(f"Invalid Schedule Expression {expression}.")
    try:
        place = ZoneInfo(zone)
        match found[1]:
            case "at":
                due = datetime.fromisoformat(found[2]).replace(tzinfo=place).astimezone(UTC)
                return due if due > after else None
            case "rate":
                return _rate(found[2], after, start)
            case _:
                return _Cron.parse(found[2]).next(after, place)
    except (ValueError, KeyError, OverflowError, ZoneInfoNotFoundError) as error:
        raise InvalidScheduleError(f"Invalid Schedule Expression {expression} in {zone}.") from error


def _rate(text: str, after: datetime, start: datetime) -> datetime:
    value, unit = text.split()
    every = int(value) * _UNITS[unit.removesuffix("s")]
    if every <= 0:
        raise ValueError(text)
    passed = (after - start).total_seconds()
    return start if passed < 0 else start + timedelta(seconds=every * (passed // every + 1))


@dataclass(frozen=True, slots=True)
class _Cron:
    """The six fields: minutes, hours, day of month, month, day of week, year."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: str
    months: frozenset[int]
    weekdays: str
    years: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> _Cron:
        fields = text.upper().split()
        if len(fields) != _CRON_FIELDS or "?" not in fields[2] + fields[4]:
            raise ValueError(text)
        minutes, hours, days, months, weekdays, years = fields
        cron = cls(
            frozenset(_numbers(minutes, 0, 59)),
            frozenset(_numbers(hours, 0, 23)),
            days,
            frozenset(_numbers(months, 1, 12, _MONTHS)),
            weekdays,
            frozenset(_numbers(years, 1970, _FARTHEST_YEAR)),
        )
        cron.on(date(2000, 1, 1))  # a field that can't be read is refused now, not when its day comes
        return cron

    def next(self, after: datetime, place: ZoneInfo) -> datetime | None:
        day = after.astimezone(place).date()
        last = max(day, date(min(self.years), 1, 1)) + _LOOKS_AHEAD
        while day <= last:
            if day.year not in self.years:
                if day.year >= max(self.years):
                    return None
                day = date(day.year + 1, 1, 1)
                continue
            if day.month in self.months and self.on(day):
                for moment in self._moments(day, place):
                    if moment > after:
                        return moment
            day += timedelta(days=1)
        return None

    def _moments(self, day: date, place: ZoneInfo) -> Iterator[datetime]:
        for hour in sorted(self.hours):
            for minute in sorted(self.minutes):
                moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=place).astimezone(UTC)
                local = moment.astimezone(place)
                # An hour that daylight saving time skips: the schedule is not due that day.
                if (local.hour, local.minute) == (hour, minute):
                    yield moment

    def on(self, day: date) -> bool:
        """Whether the day of month or of week is one of this schedule's."""
        last = calendar.monthrange(day.year, day.month)[1]
        if self.days != "?":
            return any(_is_day(part, day, last) for part in self.days.split(","))
        return any(_is_weekday(part, day, last) for part in self.weekdays.split(","))


def _is_day(part: str, day: date, last: int) -> bool:
    """`L` is the month's last day; `15W` the weekday nearest to the 15th in the same month."""
    if part == "L":
        return day.day == last
    if part.endswith("W"):
        wanted = last if part == "LW" else int(part[:-1])
        middle = date(day.year, day.month, min(wanted, last))
        shift = {5: -1 if middle.day > 1 else 2, 6: 1 if middle.day < last else -2}.get(middle.weekday(), 0)
        return day == middle + timedelta(days=shift)
    return day.day in set(_numbers(part, 1, 31))


def _is_weekday(part: str, day: date, last: int) -> bool:
    """`6L` is the month's last Friday; `3#2` its second Tuesday; Sunday is 1."""
    own = day.isoweekday() % 7 + 1
    if "#" in part:
        weekday, number = part.split("#")
        return own in set(_numbers(weekday, 1, 7, _DAYS)) and (day.day - 1) // 7 + 1 == int(number)
    if part.endswith("L"):
        return own in set(_numbers(part[:-1] or "7", 1, 7, _DAYS)) and day.day + 7 > last
    return own in set(_numbers(part, 1, 7, _DAYS))


def _numbers(field: str, least: int, most: int, names: dict[str, int] | None = None) -> Iterator[int]:
    """What a field of lists, ranges and steps stands for."""

    def number(text: str) -> int:
        value = (names or {}).get(text)
        value = int(text) if value is None else value
        if not least <= value <= most:
            raise ValueError(text)
        return value

    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, final = span.partition("-")
        if first in ("*", "?"):
            low, high = least, most
        else:
            low = number(first)
            high = number(final) if final else most if step else low
        yield from range(low, high + 1, int(step or 1))
