"""What is kept of a game day while it goes: enough to go on after a crash, and to tell it afterwards."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from chaoskit.errors import ChaoskitError
from chaoskit.home import replace_private
from chaoskit.result import stamp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from chaoskit.gamedays import GameDay

SCHEMA: Final = "chaoskit/gameday/v1"
_UNREADABLE: Final = (OSError, ValueError, KeyError, TypeError, AttributeError)


class Progress(StrEnum):
    """How far an inject is."""

    WAITS = "waits"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the day.

    Attributes:
        kind: What happened: an event of the engine, `note`, or a step of the day.
        inject: The number of the inject that it belongs to, from 1.
    """

    at: datetime
    kind: str
    detail: str
    inject: int | None = None


@dataclass(slots=True)
class Played:
    """One inject, as far as it was played; `result` is of schema `chaoskit/results/v1`."""

    experiment: str
    title: str
    owner: str
    progress: Progress = Progress.WAITS
    begun: datetime | None = None
    result: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Record:
    """One game day, as far as it was played.

    Attributes:
        day: Its own id, which names the time.
        gameday: The id of its file.
        digest: Of what the file said, so that a changed one is not taken for it.
        finished: None while it goes on, and after a crash.
        ended: Why it ended.
        room: The address of the room's page, so that a day that goes on is found where it was.
    """

    day: str
    gameday: str
    title: str
    objective: str
    path: str
    digest: str
    target: str
    account: str
    blind: bool
    roles: Mapping[str, tuple[str, ...]]
    started: datetime
    injects: list[Played]
    entries: list[Entry] = field(default_factory=list)
    finished: datetime | None = None
    ended: str = ""
    room: str = ""

    @classmethod
    def begun(cls, day: GameDay, target: str, account: str, at: datetime, *, blind: bool) -> Record:
        """Of a day on which nothing has happened yet."""
        return cls(
            day=f"{at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
            gameday=day.id,
            title=day.title,
            objective=" ".join(day.objective.split()),
            path=str(day.path),
            digest=digest(day.path),
            target=target,
            account=account,
            blind=blind,
            roles=day.roles,
            started=at,
            injects=[Played(i.experiment.id, i.experiment.title, i.experiment.owner) for i in day.injects],
        )

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        return {"schema": SCHEMA, **_plain(dataclasses.asdict(self))}

    @classmethod
    def load(cls, told: Mapping[str, Any]) -> Record:
        """From JSON.

        Raises:
            ValueError: It is no record.
        """
        if told["schema"] != SCHEMA:
            raise ValueError(f"it is not of schema {SCHEMA}")
        values = {name: told[name] for name in cls.__dataclass_fields__ if name != "room"}
        values["room"] = told.get("room", "")  # an older chaoskit kept none
        values["started"] = datetime.fromisoformat(told["started"])
        values["finished"] = _time(told["finished"])
        values["roles"] = {name: tuple(people) for name, people in told["roles"].items()}
        values["entries"] = [Entry(**{**e, "at": datetime.fromisoformat(e["at"])}) for e in told["entries"]]
        values["injects"] = [
            Played(**{**each, "progress": Progress(each["progress"]), "begun": _time(each["begun"])})
            for each in told["injects"]
        ]
        return cls(**values)


class Records:
    """The records in one folder, a file each."""

    def __init__(self, folder: Path) -> None:
        """Nothing is made before something is kept."""
        self.folder = folder

    def keep(self, record: Record) -> None:
        """Write a record, for its owner only.

        Raises:
            ChaoskitError: It can't be written.
        """
        path = self.path(record)
        try:
            replace_private(path, json.dumps(record.dump(), default=repr))
        except OSError as error:
            raise ChaoskitError(f"The record {path} can't be written: {error.strerror}.") from error

    def path(self, record: Record) -> Path:
        """Where a record is kept."""
        return self.folder / f"{record.day}.json"

    def every(self) -> list[Record]:
        """The newest first.

        Raises:
            ChaoskitError: One can't be read.
        """
        return [self._read(path) for path in sorted(self.folder.glob("*.json"), reverse=True)]

    def find(self, name: str = "last") -> Record:
        """The record whose id begins so; `last` is the newest.

        Raises:
            ChaoskitError: There is none, or more than one.
        """
        every = self.every()
        found = every[:1] if name == "last" else [each for each in every if each.day.startswith(name)]
        if len(found) != 1:
            known = ", ".join(each.day for each in every[:5]) or "none"
            raise ChaoskitError(f"There is no one game day {name}; kept are {known}.")
        return found[0]

    def unfinished(self, day: GameDay, target: str, account: str) -> Record | None:
        """The newest record of this file in this account, if it was never finished.

        Raises:
            ChaoskitError: It was begun from a file that has been changed since.
        """
        wanted = (day.id, target, account)
        own = (each for each in self.every() if (each.gameday, each.target, each.account) == wanted)
        last = next(own, None)
        if last is None or last.finished is not None:
            return None
        if last.digest != digest(day.path):
            raise ChaoskitError(
                f"The game day {last.day} was begun and not finished, and {day.path} has been changed since: "
                "--anew begins a new one."
            )
        return last

    def _read(self, path: Path) -> Record:
        try:
            return Record.load(json.loads(path.read_bytes()))
        except _UNREADABLE as error:
            raise ChaoskitError(f"The record {path} can't be read ({error}): move it away.") from error


def digest(path: Path) -> str:
    """Of what a file says now.

    Raises:
        ChaoskitError: It can't be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ChaoskitError(f"{path} can't be read: {error.strerror}.") from error


def _plain(value: Any) -> Any:
    """With times as text."""
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
