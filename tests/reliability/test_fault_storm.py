"""A misbehaving network between engine and sandbox: nothing is left, and no run passes without evidence."""

from __future__ import annotations

import random
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final

import pytest

from chaoskit import spec
from chaoskit.aws import Aws
from chaoskit.engine import recover, run_set
from chaoskit.journal import SqliteJournal
from chaoskit.result import Verdict
from tests.reliability.storm import Proxy, Weather
from tests.reliability.world import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from chaoskit.result import Result
    from tests.reliability.conftest import Figures, Scale
    from tests.reliability.world import World

FIRST_SEED: Final = 5_000
# Every seed that ever failed stays here; it is tried first.
FAILED_ONCE: Final[tuple[int, ...]] = ()


class StormClock:
    """The sandbox's time, which passes by waiting; late requests land in it."""

    def __init__(self, place: World, proxy: Proxy) -> None:
        self._cloud = place.served.cloud
        self._proxy = proxy

    def now(self) -> datetime:
        return self._cloud.now()

    def monotonic(self) -> float:
        return self._cloud.now().timestamp()

    def wait(self, seconds: float, wake: threading.Event) -> bool:
        self._cloud.idle(20)
        self._cloud.clock.advance(seconds)
        self._proxy.land(self.now())
        return wake.is_set()

    def sleep(self, seconds: float) -> None:
        self.wait(seconds, threading.Event())


@dataclass(frozen=True)
class Storm:
    """An engine that reaches its sandbox through a proxy."""

    place: World
    proxy: Proxy
    clock: StormClock
    journal: Path

    def run(self, seed: int) -> tuple[Result, Weather]:
        """A shipped experiment in the weather of this seed, then a recovery in it and one in calm weather."""
        chance = random.Random(f"storm {seed}")  # noqa: S311 - a seed makes the run repeatable
        path = chance.choice(sorted(SHIPPED.rglob("*.yaml")))
        target = self.place.target
        through = replace(target, connection=replace(target.connection, endpoint_url=self.proxy.url))
        weather = Weather(seed, self.clock.now)
        experiments = spec.load([path], target.variables)
        with SqliteJournal(self.journal) as journal:
            with self._in(weather):
                (result,) = run_set(experiments, through, journal, clock=self.clock).results
                left = journal.open_faults()
            assert bool(left) != result.restored, f"seed {seed}: {left} {result.dump()} {weather.happened}"
            if result.verdict is Verdict.PASSED:
                self._judge(result, seed, weather)
            with self._in(weather):
                recover(journal, lambda _: [Aws(through.connection, account=target.account)], self.clock)
            recover(journal, lambda _: [Aws(target.connection, account=target.account)], self.clock)
            told = f"seed {seed}: {result.reason}; {weather.happened}"
            assert journal.open_faults() == [], told
            assert self.place.differences() == [], told
        return result, weather

    @contextmanager
    def _in(self, weather: Weather) -> Iterator[None]:
        self.proxy.weather = weather
        try:
            yield
        finally:
            self.proxy.weather = None

    def _judge(self, result: Result, seed: int, weather: Weather) -> None:
        """A run that passed did to the account what it says, and left nothing in it."""
        told = f"seed {seed} passed: {result.dump()} {weather.happened}"
        assert result.restored, told
        assert self.place.differences() == [], told
        assert all(expectation.met for expectation in result.expectations), told
        for change in (change for fault in result.faults for change in fault.changes):
            error = {"applied": None, "denied": "AccessDenied"}[change.outcome]
            if change.operation != "InvokeEndpoint":  # a data event, which the trail's history does not list
                recorded = {r["requestID"]: r.get("errorCode") for r in self.place.records(change.operation)}
                assert recorded[change.request_id] == error, told


@pytest.fixture
def storm(place: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Storm]:
    proxy = Proxy(place.served.url)
    clock = StormClock(place, proxy)
    # Nothing may sleep in real time: neither botocore between its tries, nor the journal's dates.
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=clock.sleep))
    monkeypatch.setattr("chaoskit.journal.sqlite._now", lambda: clock.now().isoformat())
    yield Storm(place, proxy, clock, tmp_path / "journal.sqlite")
    proxy.close()


def test_in_any_storm_nothing_is_left_and_nothing_passes_falsely(
    storm: Storm, scale: Scale, figures: Figures
) -> None:
    verdicts, troubles = Counter[str](), Counter[str]()
    runs = scale(10, 1000)
    for seed in (*FAILED_ONCE, *range(FIRST_SEED, FIRST_SEED + runs)):
        result, weather = storm.run(seed)
        verdicts[result.verdict] += 1
        troubles.update(trouble.split()[1] for trouble in weather.happened)
    assert troubles, "no storm came"
    assert verdicts[Verdict.PASSED], "nothing passed, so nothing could pass falsely"
    counted = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common())
    figures(f"fault storm: {runs} runs from seed {FIRST_SEED}: {counted}; 0 left, 0 false PASSED")
    figures(f"fault storm: {sum(troubles.values())} requests struck: {dict(troubles)}")


def test_a_session_that_ends_while_the_fault_is_in_is_replaced_for_the_rollback(storm: Storm) -> None:
    path = next(SHIPPED.rglob("permissive-policy-on-training-role.yaml"))
    target = storm.place.target
    through = replace(target, connection=replace(target.connection, endpoint_url=storm.proxy.url))
    restored = []
    with SqliteJournal(storm.journal) as journal:
        for requests in (20, 24, 28):
            storm.proxy.weather = Weather(FIRST_SEED, storm.clock.now, session_ends=requests)
            experiments = spec.load([path], target.variables)
            (result,) = run_set(experiments, through, journal, clock=storm.clock).results
            assert result.restored, f"{requests}: {result.dump()}"
            restored += [result.faults]
        assert journal.open_faults() == []
    assert any(restored), "the session ended before the fault each time"
    assert storm.place.differences() == []
