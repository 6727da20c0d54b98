"""The machine dies with a fault in, and its journal with it: AWS itself undoes the fault by the deadline."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

from chaoskit.contract import FAULTS
from chaoskit.embedded import MovedClock
from chaoskit.engine import sweep
from chaoskit.engine.deadman import NAMED
from chaoskit.journal import SqliteJournal
from tests.reliability.test_crash_matrix import users

if TYPE_CHECKING:
    from pathlib import Path

    from tests.reliability.conftest import Figures, Scale
    from tests.reliability.ledger import Ledger
    from tests.reliability.world import World

# The longest `max_duration`, the rollback's reserve, and the minute that a schedule may be late.
DEADLINE_S: Final = 3600
SWEPT_AFTER_S: Final = 2 * 3600
SAMPLE: Final = ("s3.public-bucket-policy", "iam.attach-role-policy")
"""Tried by default: an undo that is a document's script, and one that is a single call."""


def test_the_dead_mans_switch_restores_every_fault_of_a_machine_that_is_lost(
    place: World, ledger: Ledger, scale: Scale, figures: Figures
) -> None:
    names = FAULTS.names()
    names = [*SAMPLE, *(name for name in names if name not in SAMPLE)][: scale(len(SAMPLE), len(names))]
    with place.quiet():
        SqliteJournal(place.home / "journal.sqlite").close()
        start = place.keep()
        for key in ledger.left([*names, *(f"{name} elsewhere" for name in names)]):
            name, _, elsewhere = key.partition(" ")
            paths = users()[name][1:] if elsewhere else users()[name][:1]
            switches, wrong = 0, []
            for path in paths:
                place.wrote()
                switches += lost(place, path)
                wrong += [f"{name}: {path.stem}: {each[:300]}" for each in left(place)]
                place.put_back(start)
            ledger.add(key, wrong, experiments=len(paths), switches=switches)
    tried = sum(name in ledger for name in names)
    figures(
        f"machine lost: {tried} faults of {len(FAULTS.names())} in {ledger.total('experiments')} "
        f"experiments, journal deleted, {ledger.total('switches')} switches armed: all undone by the "
        f"deadline, {len(ledger.wrong())} left"
    )
    assert ledger.wrong() == []
    assert ledger.total("switches") > 0


def test_what_a_switch_that_fired_leaves_is_swept_away(place: World) -> None:
    with place.quiet():
        SqliteJournal(place.home / "journal.sqlite").close()
        start = place.keep()
        (path, *_) = users()["s3.public-bucket-policy"]
        assert lost(place, path) > 0
        left(place)
        place.served.cloud.clock.advance(SWEPT_AFTER_S)
        undoer = place.target.open_undo("sweep", "sweep", 0)
        assert undoer
        with SqliteJournal(place.home / "journal.sqlite") as journal:
            assert sweep(undoer, journal, MovedClock(DEADLINE_S + SWEPT_AFTER_S))
        assert place.differences() == []
        place.put_back(start)


def lost(place: World, path: Path) -> int:
    """A run that dies, with the journal, once its changes are made; how many switches are armed then."""
    points = place.inject(path).points
    # All changes are made and looked at; rollback is about to ask the journal what to undo.
    rollback = max(n for n, name in enumerate(points, 1) if name == "before journal.open_faults")
    died = place.inject(path, die_at=rollback)
    assert died.killed, died
    for file in place.home.glob("journal.sqlite*"):
        file.unlink()
    return len(armed(place))


def left(place: World) -> list[str]:
    """What is not as it was once the deadline is over; a switch that fired leaves its document."""
    place.served.cloud.clock.advance(DEADLINE_S)
    for _ in range(100):  # the agenda's thread must wake first
        place.settle()
        if not armed(place):
            break
        threading.Event().wait(0.1)
    place.settle()
    wrong = [f"still armed: {each['Name']}" for each in armed(place)]
    fired = f"documents/{NAMED}2"
    return wrong + [line for line in place.differences(place.wrote() or None) if fired not in line]


def armed(place: World) -> list[Any]:
    """The switches that are armed."""
    return list(place.client("scheduler").list_schedules()["Schedules"])
