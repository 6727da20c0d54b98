"""Signals at random times, once or twice: the run ends by itself, and nothing is left."""

from __future__ import annotations

import random
import signal
import threading
from typing import TYPE_CHECKING, Final

from tests.reliability.world import SHIPPED

if TYPE_CHECKING:
    from tests.reliability.conftest import Figures, Scale
    from tests.reliability.world import Ended, World

SEED: Final = 20260721
POLITE: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SLICE_S: Final = 0.01
LATEST_S: Final = 1.2


def pause(seconds: float) -> None:
    for _ in range(round(seconds / SLICE_S)):
        threading.Event().wait(SLICE_S)


def disturbed(place: World, seed: int, numbers: tuple[signal.Signals, ...]) -> tuple[Ended, str]:
    """A shipped experiment that gets one signal or two, and what was done to it."""
    chance = random.Random(seed)  # noqa: S311 - a seed makes the run repeatable
    path = chance.choice(sorted(SHIPPED.rglob("*.yaml")))
    first, second = chance.choice(numbers), chance.choice([None, *numbers])
    after, gap = chance.uniform(0, LATEST_S), chance.choice([0.0, chance.uniform(0, 0.2)])
    with place.nursery.start(place.home, ["run", str(path)]) as life:
        pause(after)
        life.signal(first)
        if second is not None:
            pause(gap)
            life.signal(second)
    done = f"seed {seed}: {path.stem}, {first.name} after {after:.2f} s"
    if second is not None:
        done += f" and {second.name} after {gap:.2f} s more"
    return life.ended[0], done


def test_a_run_that_gets_signals_at_any_time_puts_everything_back_before_it_ends(
    place: World, scale: Scale, figures: Figures
) -> None:
    runs, codes = scale(6, 200), dict[int, int]()
    for seed in range(SEED, SEED + runs):
        ended, done = disturbed(place, seed, POLITE)
        told = f"{done}; {ended}"
        assert "Traceback" not in ended.out + ended.err, told
        # Of its own accord, or by a signal's default action: then it was outside of what holds signals off.
        assert ended.code in (0, 3, 5, -signal.SIGTERM, -signal.SIGHUP), told
        assert place.open_faults() == [], told
        assert place.differences() == [], told
        codes[ended.code] = codes.get(ended.code, 0) + 1
    assert codes.get(3, 0) > 0, f"no signal came while a run was going on: {codes}"
    figures(f"signals: {runs} runs from seed {SEED}, by exit status {dict(sorted(codes.items()))}, 0 left")


def test_a_run_that_is_killed_at_any_time_is_put_back_by_the_next_command(
    place: World, scale: Scale, figures: Figures
) -> None:
    runs, undone = scale(3, 100), 0
    for seed in range(SEED, SEED + runs):
        ended, done = disturbed(place, seed, (*POLITE, signal.SIGKILL, signal.SIGKILL))
        again = place.chaoskit("status")
        told = f"{done}; {ended}; {again}"
        assert again.code == 0, told
        assert "Traceback" not in again.err, told
        assert place.open_faults() == [], told
        assert place.differences() == [], told
        undone += "rolled back" in again.err
    figures(f"kill -9 at random times: {runs} runs from seed {SEED}, {undone} rolled back afterwards, 0 left")


def test_signals_during_recovery_do_not_cut_it_short(place: World) -> None:
    path = next(SHIPPED.rglob("permissive-policy-on-training-role.yaml"))
    points = place.chaoskit("run", str(path), die_at=None).points
    injected = points.index("before send iam:AttachRolePolicy")  # counted from 1: just journaled
    assert place.chaoskit("run", str(path), die_at=injected).killed
    with place.nursery.start(place.home, ["rollback"]) as life:
        for number in POLITE:
            pause(0.1)
            life.signal(number)
    assert life.ended[0].code == 0, life.ended
    assert place.open_faults() == []
    assert place.differences() == []
