from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from chaoskit.contract import About, Observation, Probe
from chaoskit.engine.cadence import Cadence
from chaoskit.engine.observe import Observer
from chaoskit.engine.timeline import Timeline
from chaoskit.experiment import Expectation, Role
from chaoskit.result import ExpectationResult
from chaoskit.slo import Duration, Interval
from tests.engine.test_observe import Run, Steps
from tests.samples import result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


class Detector(Probe):
    """Reports so many seconds after the fault, and counts who asks."""

    about = About("tests.detector")

    def __init__(self, clock: Steps, delay: float) -> None:
        vars(self).update(clock=clock, delay=delay, looks=[])

    def look(self, aws: Reader, trace: Trace) -> Observation:
        del aws, trace
        clock: Steps = vars(self)["clock"]
        vars(self)["looks"].append(clock.at)
        return Observation(holds=clock.at >= vars(self)["delay"], summary="asked")


def watched(*delays: float, earlier: Sequence[Interval] = ()) -> list[tuple[ExpectationResult, list[float]]]:
    """Watch detectors with these delays; what was found of each, and when it was looked at."""
    clock = Steps()
    detectors = [Detector(clock, delay) for delay in delays]
    items = [ExpectationResult(Expectation(Role.DETECTION, each, Duration(120))) for each in detectors]
    run = cast("Any", Run())
    Observer(
        items,
        run,
        run,
        watch=run,
        timeline=Timeline(result(*items), clock, None),
        clock=clock,
        earlier=lambda number: () if number else earlier,
    ).observe()
    return [(item, vars(each)["looks"]) for item, each in zip(items, detectors, strict=True)]


def learned(delay: float, runs: int = 4) -> tuple[Interval, int]:
    """The interval and the number of looks of the last of some runs, each of which knows those before it."""
    earlier: list[Interval] = []
    looks: list[float] = []
    for _ in range(runs):
        ((item, looks),) = watched(delay, earlier=earlier)
        assert item.latency_interval
        earlier.insert(0, item.latency_interval)
    return earlier[0], len(looks)


@pytest.mark.parametrize("delay", [1.0, 7.0, 60.0])
def test_what_is_known_of_a_detector_narrows_the_interval_with_hardly_more_looks(delay: float) -> None:
    ((first, looks),) = watched(delay)
    narrow, many = learned(delay)
    assert first.latency_interval
    assert narrow.lo <= delay <= narrow.hi
    assert many <= len(looks) * 1.25
    assert narrow.hi - narrow.lo <= (first.latency_interval.hi - first.latency_interval.lo) / 2


@pytest.mark.parametrize("delay", [1.0, 7.0, 60.0])
def test_looks_at_equal_distances_would_leave_an_interval_four_times_as_wide(delay: float) -> None:
    narrow, looks = learned(delay)
    assert narrow.hi - narrow.lo <= delay / looks / 4


@pytest.mark.parametrize("delay", [0.2, 5.0, 59.0, 90.0])
def test_a_detector_that_is_faster_or_slower_than_ever_is_seen_all_the_same(delay: float) -> None:
    ((item, _),) = watched(delay, earlier=[Interval(29, 30), Interval(30, 31)])
    assert item.latency_interval
    assert item.latency_interval.lo <= delay <= item.latency_interval.hi
    assert item.latency_interval.hi - item.latency_interval.lo <= max(delay / 2, 0.1)


def test_nobody_waits_longer_than_stop_conditions_may_wait() -> None:
    known = Cadence([Interval(3000, 3001)])
    assert max(known.pause(waited) for waited in range(4000)) <= 5


def test_one_odd_run_of_many_does_not_widen_the_window() -> None:
    steady = [Interval(9.9, 10.1)] * 9
    assert Cadence([*steady, Interval(89, 91)]).pause(10.0) == Cadence(steady).pause(10.0)


def test_each_expectation_is_looked_at_by_its_own_cadence() -> None:
    (_, known), (_, unknown) = watched(60.0, 60.0, earlier=[Interval(59.5, 60.5)])
    assert len([at for at in known if at < 50]) < len([at for at in unknown if at < 50])
    assert len([at for at in known if at > 57]) > len([at for at in unknown if at > 57])


def test_a_clock_that_is_put_back_delays_no_look() -> None:
    class Jumping(Steps):
        def now(self) -> Any:
            return super().now() - timedelta(hours=1 if self.at > 1 else 0)

    clock = Jumping()
    detector = Detector(clock, 30.0)
    item = ExpectationResult(Expectation(Role.DETECTION, detector, Duration(60)))
    run, timeline = cast("Any", Run()), Timeline(result(item), clock, None)
    Observer([item], run, run, watch=run, timeline=timeline, clock=clock).observe()
    assert "jumped" in item.summary
    assert clock.at < 2


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_jumps_between_the_fault_and_the_first_look_leaves_nothing_to_tell(hours: int) -> None:
    class Jumped(Steps):
        def now(self) -> Any:
            return super().now() + timedelta(hours=hours)

    clock = Jumped()
    item = ExpectationResult(Expectation(Role.DETECTION, Detector(clock, 30.0), Duration(60)))
    run, timeline = cast("Any", Run()), Timeline(result(item), clock, None)
    Observer([item], run, run, watch=run, timeline=timeline, clock=clock).observe()
    assert item.met is None
    assert f"jumped by {hours * 3600:+d} s" in item.summary
    assert clock.at < 2
