from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta

import pytest

from chaoskit.schedules import WEEKDAYS, Dates, Schedule, Window
from chaoskit.slo import Duration

WEEK = Schedule("rate(7 days)")
MONDAYS = Schedule("cron(0 8 ? * MON *)")
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
OFFICE = Window(frozenset({"MON", "TUE", "WED", "THU", "FRI"}), time(9), time(17))


def days(count: float) -> timedelta:
    return timedelta(days=count)


def test_by_a_rate_it_is_due_that_long_after_it_was_last_begun() -> None:
    assert WEEK.due("one", NOON - days(6.9), NOON) is None
    assert WEEK.due("one", NOON - days(7), NOON) == NOON


def test_by_a_rate_one_that_never_ran_is_due_at_once() -> None:
    assert WEEK.due("one", None, NOON) == NOON


def test_by_cron_it_is_due_once_for_each_time() -> None:
    monday = datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert MONDAYS.due("one", monday - days(7), NOON) == monday
    assert MONDAYS.due("one", monday + timedelta(minutes=3), NOON) is None


def test_what_was_missed_is_caught_up_with_one_run() -> None:
    monday = datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert MONDAYS.due("one", NOON - days(90), NOON) == monday
    assert MONDAYS.due("one", NOON, NOON + timedelta(minutes=1)) is None


def test_by_cron_one_that_never_ran_is_due_for_the_last_seven_days_only() -> None:
    monthly = Schedule("cron(0 8 1 * ? *)")
    assert MONDAYS.due("one", None, NOON) == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert monthly.due("one", None, NOON + days(10)) is None


def test_a_cron_that_is_due_each_minute_is_told_at_once_after_a_year() -> None:
    assert Schedule("cron(* * * * ? *)").due("one", NOON - days(365), NOON) == NOON


def test_cron_and_window_are_of_the_schedules_time_zone() -> None:
    berlin = Schedule("cron(30 9 * * ? *)", "Europe/Berlin", OFFICE)
    half_past_nine = datetime(2026, 3, 4, 8, 30, tzinfo=UTC)
    assert berlin.due("one", NOON - days(1), half_past_nine) == half_past_nine
    assert not berlin.allows(datetime(2026, 3, 4, 16, 0, tzinfo=UTC))


def test_outside_of_its_window_it_waits_for_the_window() -> None:
    schedule = Schedule("rate(1 day)", window=OFFICE)
    night = datetime(2026, 3, 6, 23, tzinfo=UTC)  # a Friday
    assert schedule.due("one", night - days(2), night) is None
    assert schedule.next("one", night - days(2), night) == datetime(2026, 3, 9, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "holds"),
    [
        ("2026-03-06T23:30", True),
        ("2026-03-07T03:59", True),
        ("2026-03-07T04:00", False),
        ("2026-03-06T03:00", False),
    ],
)
def test_a_window_over_midnight_is_of_the_day_it_begins_on(moment: str, holds: bool) -> None:
    friday_night = Window(frozenset({"FRI"}), time(22), time(4))
    assert friday_night.holds(datetime.fromisoformat(moment)) is holds


def test_on_days_of_a_blackout_nothing_is_due() -> None:
    holidays = Schedule("rate(1 day)", blackout=(Dates(date(2026, 12, 24), date(2027, 1, 2)),))
    eve = datetime(2026, 12, 24, 12, tzinfo=UTC)
    assert holidays.due("one", eve - days(9), eve) is None
    assert holidays.next("one", eve - days(9), eve) == datetime(2027, 1, 3, tzinfo=UTC)


def test_jitter_delays_by_less_than_it_says_and_by_the_same_each_time() -> None:
    schedule = Schedule("rate(1 day)", jitter=Duration(3600))
    delays = {schedule.delay(f"experiment-{n}", NOON) for n in range(50)}
    assert len(delays) > 40
    assert all(timedelta(0) <= each < timedelta(hours=1) for each in delays)
    delay = schedule.delay("one", NOON)
    assert schedule.due("one", NOON - days(1), NOON + delay - timedelta(seconds=1)) is None
    assert schedule.due("one", NOON - days(1), NOON + delay) == NOON


def test_jitter_does_not_put_off_for_ever_what_never_ran_or_is_due_more_often() -> None:
    assert Schedule("rate(1 day)", jitter=Duration(3600)).due("one", None, NOON) == NOON
    each_minute = Schedule("cron(* * * * ? *)", jitter=Duration(600))
    due = each_minute.due("one", NOON - days(1), NOON)
    assert due is not None
    assert due + each_minute.delay("one", due) <= NOON


@pytest.mark.parametrize("seed", range(8))
def test_the_next_time_is_the_first_minute_at_which_it_is_due(seed: int) -> None:
    pick = random.Random(seed)  # noqa: S311 - cases, not secrets
    begins, ends = pick.sample([time(0), time(2, 30), time(9), time(1, 30), time(22)], 2)
    window = Window(frozenset(pick.sample(WEEKDAYS, 3)), begins, ends)
    first = date(2026, 3, 27) + days(pick.randrange(4))  # clocks are put forward on the 29th
    every = pick.choice(("rate(1 day)", "rate(3 hours)", "cron(15 7 ? * FRI *)", "cron(0 2 * * ? *)"))
    blackout = (Dates(first, first + days(pick.randrange(3))),)
    schedule = Schedule(every, "Europe/Berlin", window, blackout, Duration(pick.choice((0, 1800))))
    now = datetime(2026, 3, 26, pick.randrange(24), tzinfo=UTC)
    last = now - timedelta(hours=pick.randrange(1, 30))
    told = schedule.next("one", last, now)
    minute = timedelta(minutes=1)
    looked = (now + number * minute for number in range(14 * 24 * 60))
    found = next(each for each in looked if schedule.allows(each) and schedule.due("one", last, each))
    assert told is not None
    assert timedelta(0) <= found - told < minute


def test_a_schedule_that_no_window_lets_run_is_told_at_once() -> None:
    closed = (Dates(date(2026, 1, 1), date(2036, 1, 1)),)
    looks: list[datetime] = []

    class Counted(Schedule):
        def allows(self, now: datetime) -> bool:
            looks.append(now)
            return Schedule.allows(self, now)

    assert Counted("rate(1 day)", "UTC", OFFICE, closed).next("one", None, NOON) is None
    assert len(looks) == 1


def test_it_is_overdue_a_day_after_it_should_have_been_run() -> None:
    assert not WEEK.overdue("one", NOON - days(7.9), NOON)
    assert WEEK.overdue("one", NOON - days(8.1), NOON)


@pytest.mark.parametrize("schedule", [WEEK, MONDAYS])
@pytest.mark.parametrize("ahead", [timedelta(microseconds=1), days(400)])
def test_a_run_that_is_still_to_come_is_none(schedule: Schedule, ahead: timedelta) -> None:
    assert schedule.due("one", NOON + ahead, NOON) == schedule.due("one", None, NOON) is not None
    assert schedule.next("one", NOON + ahead, NOON) == schedule.next("one", None, NOON)


def test_a_review_is_good_for_a_quarter() -> None:
    schedule = Schedule("rate(7 days)", reviewed=date(2026, 1, 1))
    assert not schedule.review_due(date(2026, 4, 3))
    assert schedule.review_due(date(2026, 4, 4))
    assert not WEEK.review_due(date(2030, 1, 1))
