"""When schedules are due, as the EventBridge Scheduler User Guide's "Schedule types" has it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chaoskit.recurrence import InvalidScheduleError, next_time

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)  # a Sunday


@pytest.mark.parametrize(
    ("expression", "zone", "due"),
    [
        ("at(2026-03-01T12:05:00)", "UTC", "2026-03-01T12:05"),
        ("at(2026-03-01T08:05:00)", "America/New_York", "2026-03-01T13:05"),
        ("cron(0 9 * * ? *)", "UTC", "2026-03-02T09:00"),
        ("cron(15,45 12 * * ? *)", "UTC", "2026-03-01T12:15"),
        ("cron(0/20 * * * ? *)", "UTC", "2026-03-01T12:20"),
        ("cron(15 10 ? * 6L 2026-2027)", "UTC", "2026-03-27T10:15"),
        ("cron(0 8 ? * MON-FRI *)", "Europe/Berlin", "2026-03-02T07:00"),
        ("cron(0 0 L * ? *)", "UTC", "2026-03-31T00:00"),
        ("cron(0 0 15W * ? *)", "UTC", "2026-03-16T00:00"),
        ("cron(0 0 ? * 3#2 *)", "UTC", "2026-03-10T00:00"),
        ("cron(0 0 29 FEB ? *)", "UTC", "2028-02-29T00:00"),
    ],
)
def test_a_schedule_is_next_due_when_its_expression_says(expression: str, zone: str, due: str) -> None:
    assert next_time(expression, zone, NOW, NOW) == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_an_hour_that_daylight_saving_time_skips_is_left_out() -> None:
    found = next_time("cron(30 2 * * ? *)", "America/New_York", datetime(2026, 3, 8, 5, 0, tzinfo=UTC), NOW)
    assert found == datetime(2026, 3, 9, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize("expression", ["at(2026-03-01T12:00:00)", "cron(0 0 1 1 ? 2025)"])
def test_what_is_past_is_never_due(expression: str) -> None:
    assert next_time(expression, "UTC", NOW, NOW) is None


def test_a_rate_is_due_at_its_start_and_then_at_even_distances() -> None:
    start = datetime(2026, 3, 1, 12, 10, tzinfo=UTC)
    first = next_time("rate(7 minutes)", "UTC", NOW, start)
    assert first == start
    assert next_time("rate(7 minutes)", "UTC", start, start) == datetime(2026, 3, 1, 12, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "zone"),
    [
        ("in(5 minutes)", "UTC"),
        ("at(tomorrow)", "UTC"),
        ("rate(0 minutes)", "UTC"),
        ("rate(5 fortnights)", "UTC"),
        ("cron(0 9 * * *)", "UTC"),
        ("cron(0 9 * * * *)", "UTC"),
        ("cron(61 9 * * ? *)", "UTC"),
        ("cron(0 0 ? * 9 *)", "UTC"),
        ("rate(5 minutes)", "Atlantis/Capital"),
    ],
)
def test_what_is_no_expression_is_refused(expression: str, zone: str) -> None:
    with pytest.raises(InvalidScheduleError):
        next_time(expression, zone, NOW, NOW)


@pytest.mark.parametrize("digits", [20, 400])
def test_a_rate_beyond_all_time_is_refused(digits: int) -> None:
    with pytest.raises(InvalidScheduleError):
        next_time(f"rate({'9' * digits} days)", "UTC", NOW, NOW)
