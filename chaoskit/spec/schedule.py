"""Reading a schedule: an expression, or a mapping with window, blackout and review."""

from __future__ import annotations

import re
from datetime import date, time
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chaoskit.recurrence import InvalidScheduleError
from chaoskit.schedules import WEEKDAYS, Dates, Schedule, Window
from chaoskit.slo import Duration
from chaoskit.spec.document import Scalar
from chaoskit.spec.values import BAD, Bad, shown

if TYPE_CHECKING:
    from chaoskit.spec.document import Node
    from chaoskit.spec.values import Reader

KEYS: Final = ("every", "time_zone", "window", "blackout", "jitter", "reviewed")
_HOURS: Final = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")
_DAYS: Final = re.compile(r"[A-Z]{3}(-[A-Z]{3})?(,[A-Z]{3}(-[A-Z]{3})?)*")


def schedule(read: Reader, node: Node) -> Any:
    """The schedule that a node stands for, or BAD."""
    if isinstance(node, Scalar):
        text = read.value(node, str, "schedule")
        return BAD if isinstance(text, Bad) else _checked(read, node, Schedule(text))
    keys = read.mapping(node, "schedule", KEYS, KEYS[:1])
    if isinstance(keys, Bad) or "every" not in keys:
        return BAD
    readers = {
        "every": lambda each: read.value(each, str, "schedule.every"),
        "time_zone": lambda each: _zone(read, each),
        "window": lambda each: _window(read, each),
        "blackout": lambda each: read.sequence(each, "schedule.blackout", lambda item: _dates(read, item)),
        "jitter": lambda each: read.value(each, Duration, "schedule.jitter"),
        "reviewed": lambda each: _date(read, each, "schedule.reviewed"),
    }
    values = {name: readers[name](each) for name, each in keys.items()}
    if any(isinstance(value, Bad) for value in values.values()):
        return BAD
    return _checked(read, keys["every"], Schedule(**values))


def _checked(read: Reader, node: Node, made: Schedule) -> Any:
    try:
        made.check()
    except InvalidScheduleError:
        return read.say(
            node, f"schedule {shown(made.every)} must be like rate(7 days) or cron(0 8 ? * MON *)"
        )
    return made


def _zone(read: Reader, node: Node) -> Any:
    name = read.value(node, str, "schedule.time_zone")
    if isinstance(name, Bad):
        return BAD
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return read.say(node, f"there is no time zone {shown(name)}; write for example Europe/Berlin or UTC")
    return name


def _window(read: Reader, node: Node) -> Any:
    keys = read.mapping(node, "schedule.window", ("hours", "days"), ("hours",))
    if isinstance(keys, Bad) or "hours" not in keys:
        return BAD
    hours = read.value(keys["hours"], str, "schedule.window.hours")
    days = read.value(keys["days"], str, "schedule.window.days") if "days" in keys else "MON-SUN"
    if isinstance(hours, Bad) or isinstance(days, Bad):
        return BAD
    span, wanted = _span(hours), _weekdays(days)
    if span is None:
        return read.say(keys["hours"], f"schedule.window.hours {shown(hours)} must be like 09:00-17:00")
    if wanted is None:
        return read.say(
            keys["days"], f"schedule.window.days {shown(days)} must be like MON-FRI or MON,WED,FRI"
        )
    return Window(wanted, *span)


def _span(text: str) -> tuple[time, time] | None:
    found = _HOURS.fullmatch(text)
    try:
        span = (time.fromisoformat(found[1]), time.fromisoformat(found[2])) if found else None
    except ValueError:
        return None
    return span if span and span[0] != span[1] else None  # a window without a minute in it is never open


def _weekdays(text: str) -> frozenset[str] | None:
    if not _DAYS.fullmatch(text):
        return None
    found = set[str]()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
            return None
        begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        found |= {WEEKDAYS[day % len(WEEKDAYS)] for day in range(begin, end + 1 + 7 * (end < begin))}
    return frozenset(found)


def _dates(read: Reader, node: Node) -> Any:
    text = read.value(node, str, "an item of schedule.blackout")
    if isinstance(text, Bad):
        return BAD
    first, _, last = text.partition("..")
    days = [_day(part) for part in (first, last or first)]
    if None in days or days[0] > days[1]:  # type: ignore[operator] # both are days
        return read.say(
            node, f"{shown(text)} must be a day like 2026-12-24, or days like 2026-12-24..2027-01-02"
        )
    return Dates(*days)  # type: ignore[arg-type] # as above


def _date(read: Reader, node: Node, what: str) -> Any:
    text = read.value(node, str, what)
    if isinstance(text, Bad):
        return BAD
    day = _day(text)
    return read.say(node, f"{what} {shown(text)} must be a day like 2026-09-30") if day is None else day


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
