"""What `run --due` needs: which experiments are due, one at a time, and a heartbeat."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chaoskit import api
from chaoskit.aws import Aws, Call
from chaoskit.errors import ChaoskitError
from chaoskit.heartbeat import Beat
from chaoskit.history import History
from chaoskit.home import heartbeat_path, history_path, home

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from chaoskit.experiment import Experiment
    from chaoskit.places import AwsSettings

NAMESPACE: Final = "chaoskit"
"""Of the heartbeat's metrics in CloudWatch."""
CLOUDWATCH: Final = "cloudwatch"
"""Tells where the heartbeat goes, instead of a file."""
_AHEAD: Final = timedelta(days=1)
"""So far a sandbox's clock, which skips what it would wait for, may be ahead of the wall's."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """Scheduled experiments, and when each was last begun.

    Attributes:
        target: Where; what ran elsewhere does not count.
        experiments: Those with a schedule.
        last: By experiment's id.
    """

    target: str
    experiments: tuple[Experiment, ...]
    last: dict[str, datetime]

    @classmethod
    def of(cls, experiments: Sequence[Experiment], target: str, now: datetime) -> Agenda:
        """From the history of this machine.

        Raises:
            HistoryError: It can't be read.
        """
        path = history_path()
        last = _last_begun(History(path), target, now) if path.exists() else {}
        return cls(target, tuple(each for each in experiments if each.schedule), last)

    def due(self, now: datetime) -> list[Experiment]:
        """What is to be run now."""
        return [
            each
            for each in self.experiments
            if each.schedule and each.schedule.due(each.id, self.last.get(each.id), now)
        ]

    def upcoming(self, now: datetime) -> dict[str, datetime | None]:
        """When each will next be begun."""
        return {
            each.id: each.schedule.next(each.id, self.last.get(each.id), now)
            for each in self.experiments
            if each.schedule
        }

    def beat(self, now: datetime) -> Beat:
        """The heartbeat of this look, kept where `chaoskit status` finds it.

        Raises:
            ChaoskitError: It can't be written.
        """
        overdue = tuple(
            each.id
            for each in self.experiments
            if each.schedule and each.schedule.overdue(each.id, self.last.get(each.id), now)
        )
        reviews = tuple(
            each.id for each in self.experiments if each.schedule and each.schedule.review_due(now.date())
        )
        made = Beat(now, self.upcoming(now), overdue, reviews)
        made.keep(heartbeat_path())
        return made


def _last_begun(history: History, target: str, now: datetime) -> dict[str, datetime]:
    """When each experiment was last begun, as far as that can be: a clock may have been ahead."""
    latest = now + _AHEAD if target == "embedded" else now
    return {name: min(begun, now) for name, begun in history.last_begun(target, latest).items()}


@contextmanager
def alone() -> Iterator[bool]:
    """Whether no other `run --due` of this user is going on; none begins while the block lasts.

    The kernel's lock: it ends with the process, however that ends.

    Raises:
        ChaoskitError: It can't be had.
    """
    lock = home() / "due.lock"
    try:
        lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise ChaoskitError(
            f"{lock} can't be written: {error.strerror}. Nothing is begun without it: make it writable, or "
            "set CHAOSKIT_HOME to another directory."
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


def tell(beat: Beat, where: str, target: api.TargetName, settings: AwsSettings) -> None:
    """Tell a monitor that schedules are alive.

    Args:
        beat: What to tell.
        where: `cloudwatch`, or a Prometheus text file.
        target: Whose CloudWatch.
        settings: How to reach it.

    Raises:
        ChaoskitError: It can't be told.
    """
    if where != CLOUDWATCH:
        file = Path(where)
        fresh = file.with_suffix(".new")
        try:
            fresh.write_text(beat.as_prometheus(), "utf-8")
            fresh.replace(file)  # the collector never reads half of it
        except OSError as error:
            raise ChaoskitError(f"{where} can't be written: {error.strerror}.") from error
        return
    data = [
        {"MetricName": name, "Timestamp": beat.at, "Value": value} for name, value in beat.metrics().items()
    ]
    with api.open_target(target, settings) as place:
        aws = Aws(place.connection, account=place.account, user_agent="chaoskit/heartbeat")
        aws.send(Call("cloudwatch", "PutMetricData", Namespace=NAMESPACE, MetricData=data))
