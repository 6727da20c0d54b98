"""Game days of small experiments, on a clock that passes when it is waited for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chaoskit.gameday.board import Board
from chaoskit.gameday.conduct import Conductor, Controls
from chaoskit.gameday.record import Record, Records
from chaoskit.gamedays import Abort, GameDay, Inject
from chaoskit.result import ChangeResult, Event, FaultResult, Verdict
from chaoskit.slo import Duration
from tests.samples import ACCOUNT, DETECTION, NOW, RUNBOOK, experiment, result, seen

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from chaoskit.engine import Stop
    from chaoskit.experiment import Experiment
    from chaoskit.result import Result

SECRETS = (
    "The hidden",
    "small",
    "iam.attach-role-policy",
    "It is noticed",
    "eventbridge.matched",
    "training",
)
"""Words of the days made here that a blind day must not tell."""


class PassingClock:
    """A wait passes at once; `at` says what happens at a second of it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.at: dict[float, Callable[[], None]] = {}

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def wait(self, seconds: float, wake: threading.Event) -> bool:
        self.seconds += seconds
        for second in [second for second in self.at if second <= self.seconds]:
            self.at.pop(second)()
        assert self.seconds < 86_400, "it waits for ever"
        return wake.is_set()


def day(folder: Path, *injects: Inject, **fields: Any) -> GameDay:
    """A day in a file that says just what it is called."""
    path = folder / "a-day.yaml"
    path.write_text("id: a-day\n", "utf-8")
    values: dict[str, Any] = {
        "id": "a-day",
        "title": "The hidden leak",
        "objective": "Who notices?",
        "max_duration": Duration(3600),
        "roles": {"facilitator": ("Ada",), "blue": ("Dana", "Eli")},
        "injects": injects or (inject("one"), inject("two")),
        "abort": Abort(),
        "path": path,
    }
    return GameDay(**{**values, **fields})


def inject(name: str, **fields: Any) -> Inject:
    """An experiment that expects a detection and a runbook's response."""
    about = experiment(DETECTION, RUNBOOK, id=f"small-{name}", title=f"A small {name}", owner=f"team-{name}")
    return Inject(about, **fields)


class Stage:
    """A day, its board and its controls, and what was run."""

    def __init__(self, day: GameDay, *, attended: bool = False, blind: bool = False) -> None:
        self.clock = PassingClock()
        self.day = day
        self.records = Records(day.path.parent / "records")
        self.record = Record.begun(day, "embedded", ACCOUNT, self.clock.now(), blind=blind)
        self.controls = Controls(attended=attended)
        self.verdicts: dict[str, Verdict] = {}
        self.ran: list[tuple[str, float]] = []
        self.board = Board(day, self.record, self.records, self.clock)

    def again(self) -> None:
        """As another process finds it."""
        found = self.records.unfinished(self.day, "embedded", ACCOUNT)
        assert found is not None
        self.record = found
        self.board = Board(self.day, found, self.records, self.clock)

    def play(self) -> None:
        Conductor(self.day, self.board, self.controls, run=self.run, clock=self.clock).play()

    def run(self, experiment: Experiment, stop: Stop, board: Board) -> Result:
        """What the engine would tell of an experiment that takes four seconds."""
        del stop
        self.ran.append((experiment.id, self.clock.seconds))
        verdict = self.verdicts.get(experiment.id, Verdict.PASSED)
        made = finished(experiment, self.clock.now(), verdict)
        for event in made.timeline:
            board(made, event)
        self.clock.seconds += 4
        return made


def finished(about: Experiment, at: datetime, verdict: Verdict = Verdict.PASSED) -> Result:
    """Its detection met after a second and its response after two; FAILED, the response was missed."""
    repaired = verdict is not Verdict.FAILED
    detection = seen(DETECTION, met=True, summary="rule chaoskit-permissive-policy reported it")
    detection.latency_s = 1.0
    response = seen(RUNBOOK, met=repaired, summary="detached" if repaired else "still attached")
    response.latency_s = 2.0 if repaired else None
    word = "met" if repaired else "missed"
    events = [
        (0.0, "inject", "iam.attach-role-policy: Attach a managed policy to a role."),
        (0.5, "applied", "iam:AttachRolePolicy"),
        (1.5, "met", f"detection: {detection.summary}"),
        (2.5, word, f"response: {response.summary}"),
        (3.5, "undone", "iam.attach-role-policy: the state is as captured"),
        (3.8, "undone", "dead-man's switch: the state is as captured"),
        (4.0, "verdict", f"{verdict}: because"),
    ]
    change = ChangeResult("iam", "AttachRolePolicy", "applied", at=at + timedelta(seconds=0.5), undone=True)
    return result(
        detection,
        response,
        experiment=about,
        verdict=verdict,
        reason="because",
        restored=True,
        faults=[FaultResult("iam.attach-role-policy", [change])],
        timeline=[Event(at + timedelta(seconds=s), event, detail) for s, event, detail in events],
    )
