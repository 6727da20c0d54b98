from __future__ import annotations

import threading
from datetime import UTC

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.slo import Duration, Interval, SystemClock


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("60s", 60), ("5m", 300), ("1h30m", 5400), ("7d", 604_800), ("1.5s", 1.5), ("0s", 0)],
)
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert Duration.parse(text) == seconds


@pytest.mark.parametrize("text", ["", "60", "s", "5 m", "5M", "-5s", "5min", "1h 30m", "1,5s", "1e3s", "∞s"])
def test_what_is_not_a_duration_is_refused_with_an_example_of_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a duration; write for example 60s, 5m or 1h30m") as refused:
        Duration.parse(text)
    assert repr(text) in str(refused.value)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0ms"),
        (0.25, "250ms"),
        (1, "1s"),
        (1.5, "1.5s"),
        (60, "1m"),
        (61.5, "1m1.5s"),
        (3600, "1h"),
        (5400, "1h30m"),
        (90061, "1d1h1m1s"),
    ],
)
def test_a_duration_is_shown_in_the_largest_units_that_fit(seconds: float, text: str) -> None:
    assert str(Duration(seconds)) == text


@settings(derandomize=True, database=None, max_examples=200)
@given(st.integers(min_value=0, max_value=30 * 86_400))
def test_what_a_duration_shows_is_read_back_as_the_same_duration(seconds: int) -> None:
    assert Duration.parse(str(Duration(seconds))) == Duration(seconds)


def test_a_duration_counts_as_its_seconds() -> None:
    assert Duration.parse("5m") + 1 == 301.0


def test_an_interval_shows_both_ends() -> None:
    assert str(Interval(0.0504, 61.25)) == "50ms to 1m1.25s"


def test_the_system_clock_is_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_the_system_clock_never_runs_backwards() -> None:
    clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()


def test_a_wait_ends_early_when_it_is_woken() -> None:
    wake = threading.Event()
    threading.Timer(0.01, wake.set).start()
    clock = SystemClock()
    began = clock.monotonic()
    assert clock.wait(30, wake)
    assert clock.monotonic() - began < 5


def test_a_wait_that_nobody_wakes_says_so() -> None:
    assert not SystemClock().wait(0.01, threading.Event())
