"""Signals at random times, once or twice: the run ends by itself, and nothing is left."""

from __future__ import annotations

import random
import signal
import threading
from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest

from chaoskit.journal import SqliteJournal
from tests.reliability.test_crash_matrix import restored, shipped
from tests.reliability.world import SHIPPED

if TYPE_CHECKING:
    from tests.reliability.conftest import Figures, Scale
    from tests.reliability.ledger import Ledger
    from tests.reliability.world import World

SEED: Final = 20260721
POLITE: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
NAMES: Final = sorted(path.stem for path in SHIPPED.rglob("*.yaml"))
ATTACHED: Final = "permissive-policy-on-training-role"
PUT_BACK: Final = (0, 1, 3, 4)
"""Exit statuses of a run that put everything back, whatever it found."""
SLICE_S: Final = 0.01
LATEST_S: Final = 1.2


@pytest.fixture(autouse=True)
def journal(place: World) -> None:
    """One that is there, so that every run has the same points."""
    SqliteJournal(place.home / "journal.sqlite").close()


def disturb(place: World, seed: int, points: dict[str, int]) -> tuple[list[str], int]:
    """A shipped experiment that gets one signal or two: what is wrong afterwards, and its exit status."""
    chance = random.Random(seed)  # noqa: S311 - a seed makes the run repeatable
    name = chance.choice(NAMES)
    if name not in points:
        points[name] = len(place.inject(shipped(name)).points)
    at = chance.randint(1, points[name])
    signals = [(at, chance.choice(POLITE))]
    if chance.random() < 0.5:
        signals.append((at + chance.choice([0, 0, 1, 2, 5, 20]), chance.choice(POLITE)))
    ended = place.inject(shipped(name), signals=signals)
    wrong = [f"open: {each}" for each in place.open_faults()] if ended.code in PUT_BACK else [f"{ended}"]
    wrong += restored(place, place.recover())
    return [f"seed {seed}, {name}, {signals}: {each}" for each in wrong], ended.code


def test_a_run_that_gets_signals_at_any_time_puts_everything_back_before_it_ends(
    place: World, ledger: Ledger, scale: Scale, figures: Figures
) -> None:
    runs, points = scale(4, 200), dict[str, int]()
    with place.quiet():
        start = place.keep()
        for key in ledger.left(str(SEED + number) for number in range(runs)):
            wrong, code = disturb(place, int(key), points)
            if wrong:
                place.put_back(start)
            ledger.add(key, wrong, codes={str(code): 1})
        assert place.differences() == []
    codes = ledger.tally("codes")
    figures(
        f"signals: {len(ledger)} runs from seed {SEED}, by exit status {codes}, {len(ledger.wrong())} left"
    )
    assert ledger.wrong() == []
    assert codes.get("3", 0) > 0, f"no signal came while a run was going on: {codes}"


def test_signals_at_each_point_of_a_recovery_do_not_cut_it_short(place: World, scale: Scale) -> None:
    with place.quiet():
        points = place.inject(shipped(ATTACHED)).points
        sent = points.index("during send iam:AttachRolePolicy") + 1
        place.inject(shipped(ATTACHED), die_at=sent)
        place.settle()
        faulted = place.keep()
        count = len(place.recover().points)
        assert restored(place, place.recover()) == []
        for point in range(1, count + 1, max(count // scale(3, count), 1)):
            place.put_back(faulted)
            done = place.recover(signals=[(point, number) for number in POLITE])
            assert restored(place, done) == [], f"point {point}"
            assert "rolled back: iam.attach-role-policy" in done.err


def test_the_command_line_that_gets_signals_at_any_time_puts_everything_back(
    place: World, scale: Scale, figures: Figures
) -> None:
    runs, codes = scale(2, 20), Counter[int]()
    for seed in range(SEED, SEED + runs):
        chance = random.Random(seed)  # noqa: S311 - a seed makes the run repeatable
        with place.nursery.start(place.home, ["run", str(shipped(ATTACHED))]) as life:
            for _ in range(chance.choice([1, 2])):
                for _ in range(round(chance.uniform(0, LATEST_S) / SLICE_S)):
                    threading.Event().wait(SLICE_S)
                life.signal(chance.choice(POLITE))
        (ended,) = life.ended
        # Of its own accord, or by a signal's default action: then it was outside of what holds signals off.
        assert ended.code in (0, 3, 5, -signal.SIGTERM, -signal.SIGHUP), ended
        assert "Traceback" not in ended.out + ended.err, ended
        assert (place.open_faults(), place.differences()) == ([], []), ended
        codes[ended.code] += 1
    figures(
        f"signals to the command line: {runs} runs from seed {SEED}, by exit status {dict(codes)}, 0 left"
    )
