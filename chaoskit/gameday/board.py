"""What everybody looks at during a game day: kept as it changes, shown whole or without what is hidden."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from chaoskit.errors import ChaoskitError
from chaoskit.experiment import Role
from chaoskit.gameday.record import Entry, Progress
from chaoskit.log import Logger
from chaoskit.result import stamp

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chaoskit.experiment import Expectation
    from chaoskit.gameday.record import Record, Records
    from chaoskit.gamedays import GameDay, Inject
    from chaoskit.result import Event, Result
    from chaoskit.slo import Clock

SCHEMA: Final = "chaoskit/gameday-state/v1"
ALERT: Final = "alert"
NOTE: Final = "note"
SENT: Final = frozenset({"applied", "denied", "failed"})
"""Events by which the engine says that a fault's call was answered."""
_JUDGED: Final = frozenset({"met", "missed", "unknown"})
_MOST_ENTRIES: Final = 500
_HIDDEN_TITLE: Final = "Game day"
# All that a blind day says before its end: only these words, never an entry's own, so nothing can leak.
_TOLD_BLIND: Final = {
    "begins": "the game day begins",
    "resumes": "the game day goes on after an interruption",
    "paused": "pause",
    "goes on": "the pause is over",
    "stop": "stopping: everything is rolled back",
    ALERT: "an alert has arrived",
}


class Phase(StrEnum):
    """What the day is doing."""

    READY = "getting ready"
    WAITS = "waiting"
    PAUSED = "paused"
    RUNNING = "running"
    STOPPING = "stopping"
    OVER = "over"


_PHASES_BLIND: Final = {Phase.WAITS: Phase.RUNNING}
"""Whether an inject runs or is waited for is hidden too."""


@dataclass(slots=True)
class Countdown:
    """One expectation of the inject that runs; it counts from the moment the fault was sent."""

    expectation: Expectation
    outcome: str = ""
    settled: datetime | None = None


@dataclass(slots=True)
class Live:
    """The inject that runs."""

    number: int
    inject: Inject
    faults: list[str] = field(default_factory=list)
    sent: datetime | None = None
    countdowns: list[Countdown] = field(default_factory=list)


class Board:
    """Listens to the engine, to the day and to the scribe; wakes whoever shows it."""

    def __init__(self, day: GameDay, record: Record, records: Records, clock: Clock) -> None:
        """Of a day that is about to begin, or to go on."""
        self.record = record
        self._day = day
        self._records = records
        self._clock = clock
        self._changed = threading.Condition(threading.RLock())
        self._version = 0
        self._phase = Phase.READY
        self._phase_detail = ""
        self._live: Live | None = None
        self._followers: list[Callable[[], None]] = []

    def __call__(self, result: Result, event: Event) -> None:
        """See `Listener`."""
        with self._changed:
            live = self._live
            if live is None:
                return
            kind = event.event
            if kind == "inject":
                live.faults.append(event.detail)
            elif kind in SENT and live.sent is None:
                live.sent = event.at
            elif kind in _JUDGED:
                kind = self._judge(live, result, event)
            self._add(Entry(event.at, kind, event.detail, live.number))

    def follow(self, follower: Callable[[], None]) -> None:
        """Call it after each change, from the thread that made it."""
        self._followers.append(follower)

    def tell(self, kind: str, detail: str, at: datetime | None = None) -> None:
        """Note a step of the day, or what the scribe says."""
        with self._changed:
            live = self._live
            self._add(Entry(at or self._clock.now(), kind, detail, live.number if live else None))

    def phase(self, phase: Phase, detail: str = "") -> None:
        """Say what the day is doing."""
        with self._changed:
            if (self._phase, self._phase_detail) != (phase, detail):
                self._phase, self._phase_detail = phase, detail
                self.wake()

    def begin(self, number: int, inject: Inject) -> None:
        """An inject begins: kept before anything of it happens.

        Raises:
            ChaoskitError: It can't be kept, so it must not begin.
        """
        with self._changed:
            played = self.record.injects[number - 1]
            played.progress, played.begun = Progress.RUNNING, self._clock.now()
            self._live = Live(
                number, inject, countdowns=[Countdown(each) for each in inject.experiment.expect]
            )
            self._records.keep(self.record)
            self.phase(Phase.RUNNING, inject.brief)

    def done(self, result: Result) -> None:
        """The inject that ran has ended."""
        with self._changed:
            if self._live is not None:
                played = self.record.injects[self._live.number - 1]
                played.progress, played.result = Progress.DONE, result.dump()
            self._live = None
            self._save()
            self.wake()

    def end(self, reason: str) -> None:
        """The day is over: what was not played is skipped, and what was hidden is shown."""
        with self._changed:
            for played in self.record.injects:
                if played.progress is not Progress.DONE:
                    played.progress = Progress.SKIPPED
            self.record.finished, self.record.ended = self._clock.now(), reason
            self._live = None
            self._phase, self._phase_detail = Phase.OVER, reason
            self._add(Entry(self.record.finished, "ends", reason))

    def now(self) -> datetime:
        """The time where the day is played."""
        return self._clock.now()

    @property
    def hides(self) -> bool:
        """Whether something is hidden from the blue team."""
        return self.record.blind and self._phase is not Phase.OVER

    def wait(self, version: int, timeout_s: float) -> int:
        """Until it is of another version; the version that it is of then."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != version, timeout_s)
            return self._version

    def state(self, *, everything: bool = False) -> dict[str, Any]:
        """What is to be shown, of schema `chaoskit/gameday-state/v1`.

        Args:
            everything: For the facilitator: what is hidden too.
        """
        with self._changed:
            if self.hides and not everything:
                return self._blind()
            return {
                **self._common(),
                "title": self.record.title,
                "day": self.record.day,
                "target": self.record.target,
                "hidden": False,
                "phase": self._phase,
                "detail": self._phase_detail,
                "injects": [self._inject(n) for n in range(len(self.record.injects))],
                "current": self._current(),
                "entries": [
                    {**asdict(each), "at": stamp(each.at)} for each in self.record.entries[-_MOST_ENTRIES:]
                ],
            }

    def _blind(self) -> dict[str, Any]:
        told = [each for each in self.record.entries if each.kind in _TOLD_BLIND][-_MOST_ENTRIES:]
        return {
            **self._common(),
            "title": _HIDDEN_TITLE,
            "day": "",
            "target": "",
            "hidden": True,
            "phase": _PHASES_BLIND.get(self._phase, self._phase),
            "detail": "",
            "injects": [],
            "current": None,
            "entries": [
                {"at": stamp(e.at), "kind": e.kind, "detail": _TOLD_BLIND[e.kind], "inject": None}
                for e in told
            ],
        }

    def _common(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "now": stamp(self._clock.now()),
            "started": stamp(self.record.started),
            "max_duration_s": float(self._day.max_duration),
            "finished": stamp(self.record.finished),
            "blind": self.record.blind,
            "roles": {name: list(people) for name, people in self.record.roles.items()},
        }

    def _inject(self, index: int) -> dict[str, Any]:
        played = self.record.injects[index]
        return {
            "number": index + 1,
            "experiment": played.experiment,
            "title": played.title,
            "begins": self._day.injects[index].begins,
            "progress": played.progress,
            "verdict": played.result["verdict"] if played.result else None,
        }

    def _current(self) -> dict[str, Any] | None:
        live = self._live
        if live is None:
            return None
        return {
            "number": live.number,
            "title": live.inject.experiment.title,
            "hypothesis": " ".join(live.inject.experiment.hypothesis.split()),
            "brief": " ".join(live.inject.brief.split()),
            "faults": list(live.faults),
            "sent": stamp(live.sent),
            "countdowns": [
                {
                    "role": each.expectation.role,
                    "probe": each.expectation.probe.about.name,
                    "within_s": None if each.expectation.within is None else float(each.expectation.within),
                    "outcome": each.outcome,
                    "settled": stamp(each.settled),
                }
                for each in live.countdowns
            ],
        }

    def _judge(self, live: Live, result: Result, event: Event) -> str:
        """Stop the countdown of the expectation that was judged; a detection that is met is an alert."""
        for countdown, item in zip(live.countdowns, result.expectations, strict=True):
            role = item.expectation.role
            if not countdown.outcome and event.detail == f"{role}: {item.summary}":
                countdown.outcome, countdown.settled = event.event, event.at
                return ALERT if role is Role.DETECTION and event.event == "met" else event.event
        return event.event

    def _add(self, entry: Entry) -> None:
        self.record.entries.append(entry)
        self._save()
        self.wake()

    def _save(self) -> None:
        """A full disk must not end what goes on; `begin` lets nothing more begin then."""
        try:
            self._records.keep(self.record)
        except ChaoskitError as error:
            Logger(day=self.record.day).warning("not kept", reason=str(error))

    def wake(self) -> None:
        """Have everybody look again."""
        with self._changed:
            self._version += 1
            self._changed.notify_all()
            for follower in self._followers:
                with suppress(OSError):  # a terminal that is gone
                    follower()
