"""A sandbox with the workload, processes that run in it, and a snapshot of all that a fault could touch."""

from __future__ import annotations

import fcntl
import gc
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3

from chaoskit.aws.session import _READS
from chaoskit.embedded import UP, Instance
from chaoskit.journal import SqliteJournal
from chaoskit.places import target_in
from chaoskit.sandbox.scheduler import Schedules
from chaoskit.sandbox.snapshot.describe import describe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chaoskit.sandbox.server import Served
    from chaoskit.sandbox.snapshot.snapshot import Snapshot
    from chaoskit.sandbox.wire import Answer, ApiCall
    from chaoskit.target import Target

Signals = Sequence[tuple[int, signal.Signals]]
"""At which points a process gets which signals."""
ROOT: Final = Path(__file__).parents[2]
SHIPPED: Final = ROOT / "experiments"
_SETTLES_WITHIN_S: Final = 120.0
_HANGS_AFTER_S: Final = 120.0


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    status: int
    out: str
    err: str
    points: tuple[str, ...] = ()

    @property
    def code(self) -> int:
        """The exit status; negative for the signal that ended it, as of subprocess."""
        return os.waitstatus_to_exitcode(self.status)

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


class Nursery:
    """Starts processes, one at a time, by way of `offspring`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "CHAOSKIT_", "PYTEST_"))}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.offspring"],
            cwd=ROOT,
            env={**clean, "AWS_EC2_METADATA_DISABLED": "true"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    @contextmanager
    def start(self, home: Path, arguments: Sequence[str], **order: Any) -> Iterator[Life]:
        """A process; at the end of the block it has ended."""
        files = {name: self._folder / name for name in ("out", "err", "points")}
        wanted = {
            "arguments": list(arguments),
            "home": str(home),
            "out": str(files["out"]),
            "err": str(files["err"]),
            "points": str(files["points"]) if "die_at" in order else None,
            **order,
        }
        self._tell(wanted)
        life = Life(self._hear()["pid"])
        guard = threading.Timer(_HANGS_AFTER_S, os.kill, (life.pid, signal.SIGKILL))
        guard.start()
        try:
            yield life
        finally:
            status = self._hear()["status"]
            guard.cancel()
            points = files["points"].read_text().splitlines() if wanted["points"] else []
            out, err = (files[name].read_text("utf-8", "replace") for name in ("out", "err"))
            life.ended.append(Ended(status, out, err, tuple(points)))

    def run(self, home: Path, *arguments: str, **order: Any) -> Ended:
        """A process from beginning to end."""
        with self.start(home, arguments, **order) as life:
            pass
        return life.ended[0]

    def _tell(self, order: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        heard: dict[str, Any] = json.loads(self._process.stdout.readline())
        return heard


@dataclass
class Life:
    """A process that was started; `ended` is filled when it has ended."""

    pid: int
    ended: list[Ended] = field(default_factory=list)

    def signal(self, number: signal.Signals) -> None:
        """Send it, if there is still somebody to take it."""
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return


@dataclass(frozen=True)
class World:
    """A sandbox that processes find as the one that is up, in the home folder `home`."""

    home: Path
    served: Served
    target: Target
    nursery: Nursery
    admin: boto3.Session
    _baseline: dict[str, Any] = field(default_factory=dict)
    _kept: dict[str, Any] = field(default_factory=dict)

    def chaoskit(self, *arguments: str, **order: Any) -> Ended:
        return self.nursery.run(self.home, *arguments, **order)

    def inject(self, experiment: Path, *, die_at: int | None = None, signals: Signals = ()) -> Ended:
        """A process in which the engine runs a shipped experiment; see `offspring`."""
        order = {"inject": str(experiment), "die_at": die_at, "signals": signals}
        return self.nursery.run(self.home, moments=True, **order)

    def recover(self, *, die_at: int | None = None, signals: Signals = ()) -> Ended:
        """A process that does what every command does first."""
        return self.nursery.run(self.home, moments=True, recover=True, die_at=die_at, signals=signals)

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Nobody but the scheduler hears of a call, so nobody but chaoskit puts anything back."""
        self.settle()
        gateway = self.served.cloud.gateway
        before = gateway._observers
        gateway._observers = [*(each for each in before if isinstance(each, Schedules)), self._count_writes]
        self._kept["writes"] = set()
        try:
            yield
        finally:
            self.settle()
            gateway._observers = before

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Everybody hears of a call as always, and `wrote` tells where anything was changed."""
        gateway = self.served.cloud.gateway
        before = gateway._observers
        gateway._observers = [*before, self._count_writes]
        self._kept["writes"] = set()
        try:
            yield
        finally:
            self.settle()
            gateway._observers = before

    def _count_writes(self, call: ApiCall, answer: Answer) -> None:
        del answer
        if not _LEAVE_NOTHING.match(call.operation):
            self._kept["writes"].add(call.service)

    def wrote(self) -> frozenset[str]:
        """The services in which anybody changed anything since the last time, in the quiet or watched."""
        self.settle()
        writes: frozenset[str] = frozenset(self._kept["writes"])
        self._kept["writes"].clear()
        return writes

    def keep(self) -> tuple[Snapshot, bytes]:
        """The account and the journal as they are, for `put_back`."""
        journal = self.home / "journal.sqlite"
        return self.served.cloud.snapshot(
            _SETTLES_WITHIN_S
        ), journal.read_bytes() if journal.exists() else b""

    def put_back(self, kept: tuple[Snapshot, bytes]) -> None:
        """Make both as they were."""
        snapshot, written = kept
        self.served.cloud.restore(snapshot, _SETTLES_WITHIN_S)
        for each in self.home.glob("journal.sqlite-*"):  # what a writer that was killed left of a transaction
            each.unlink()
        (self.home / "journal.sqlite").write_bytes(written)

    def client(self, service: str) -> Any:
        """As the account's administrator."""
        return self.admin.client(service, endpoint_url=self.served.url)

    def records(self, operation: str) -> list[dict[str, Any]]:
        """The audit trail's latest records of an operation."""
        found = self.client("cloudtrail").lookup_events(
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": operation}]
        )
        return [json.loads(event["CloudTrailEvent"]) for event in found["Events"]]

    def remember(self) -> None:
        """Take the account as it is now for what it must be again."""
        self.settle()
        self._baseline.clear()
        self._baseline.update(self._snapshot())

    def differences(self, services: frozenset[str] | None = None) -> list[str]:
        """What in the account is not as it was; what differs is looked at again once responders are done."""
        if not self._differences(services):
            return []
        self.settle()
        return self._differences(services)

    def settle(self) -> None:
        """Wait until the sandbox's responders have nothing left to do."""
        assert self.served.cloud.idle(_SETTLES_WITHIN_S), "the sandbox's responders hang"

    def landed(self, text: str) -> bool:
        """Whether the account comes to differ in something that names `text`: a request is on its way."""
        return any(
            text in difference
            for _ in range(40)
            if not threading.Event().wait(0.05)
            for difference in self._differences()
        )

    def open_faults(self) -> list[str]:
        """What is open in the journal."""
        path = self.home / "journal.sqlite"
        if not path.exists():
            return []
        with SqliteJournal(path, readonly=True) as journal:
            return [f"{e.id} {e.record.fault} {e.status}: {e.note}" for e in journal.open_faults()]

    def _differences(self, services: frozenset[str] | None = None) -> list[str]:
        account, now = self._baseline, self._snapshot(services)
        assert account, "remember the account first"
        if services is not None:
            of = {number: kept.keys() & services for number, kept in account.items()}
            account = {n: {name: account[n][name] for name in names} for n, names in of.items() if names}
        if account == now:
            return []
        was, is_ = _rows(account), _rows(now)
        paths = {path for path in was.keys() | is_.keys() if not _LEFT_OUT.search(path)}
        gone, come = Counter[str](), Counter[str]()
        for path in paths:
            if was.get(path, "None") != is_.get(path, "None"):
                # What was deleted can only be made anew: AWS draws another id, at another time.
                gone[_anew(f"{path}: {was.get(path)}")] += path in was
                come[_anew(f"{path}: {is_.get(path)}")] += path in is_
        return sorted(f"- {line}" for line in (gone - come).elements()) + sorted(
            f"+ {line}" for line in (come - gone).elements()
        )

    def _snapshot(self, services: frozenset[str] | None = None) -> dict[str, Any]:
        with self.served.cloud.lock:
            accounts: dict[str, Any] = describe(self.served.cloud, services)["accounts"]
        return accounts


@contextmanager
def world(folder: Path, served: Served) -> Iterator[World]:
    """A deployed sandbox of this process, for processes with a home inside `folder`."""
    home, state = folder / "home", folder / "home" / "sandboxes"
    state.mkdir(parents=True)
    about = {"pid": os.getpid(), **served.describe(), "instance": UP, "workload": "ready"}
    (state / f"{UP}.json").write_text(json.dumps(about))
    key = served.credentials["admin"]
    admin = boto3.Session(key.access_key_id, key.secret_access_key, region_name=served.cloud.region)
    nursery = Nursery(folder)
    try:
        with (state / f"{UP}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            made = World(home, served, target_in(Instance.load(about)), nursery, admin)
            made.remember()
            gc.collect()
            gc.freeze()  # what is there now stays, and looking through it takes most of the time
            yield made
            made.settle()
            assert made.differences() == [], "what responders did afterwards"
    finally:
        nursery.close()
        gc.unfreeze()


# What only counts calls, and what each of moto's backends has from when it is first used.
_IGNORED: Final = ("served/", "tagger/", "schedule_groups/default")
# What detectors said and when they looked last, which a fault that is gone leaves as a matter of course.
_REPORTS: Final = re.compile(
    r"\.accessanalyzer\..*\.(findings|last)\.|\.config\..*\.(evaluated$|results\.)|\.guardduty\..*findings"
    r"|\.securityhub\..*findings|\.guardduty\..*\.(issues|known)\.|\.cloudtrail\..*\.status\.st(art|opp)ed$"
    r"|\.cloudtrail\.all\.(before|keys)/|next_version_num$"
    # What data capture recorded of an endpoint's calls, as CloudTrail does in its own buckets.
    r"|\.s3\..*\.keys\.captured/"
    r"|\.cloudwatch\..*\.alarms/.*\.state_"  # it rings until its period is over
)
# What moto counts or keeps for itself, and what AWS draws anew whenever anything is written.
_NOT_STATE: Final = (
    r"\.sagemaker-runtime\..*\.seen/",  # how many calls an endpoint has had
    r"\.secretsmanager\..*\.last_changed_date$",  # AWS's own mark of a change, also of one that is undone
    r"\.s3\..*\.keys\..*\.tick$",  # how often moto was asked for an object's storage status
    # By which moto knows whether PublishVersion has anything to publish; AWS compares code and settings.
    r"\.lambda\..*\.code_or_config_updated$",
    # What a call that is no longer in force had brought: GetFunction tells the hash, size and S3 key, and
    # they are compared; the functions run by these.
    r"\.lambda\..*\.code\.(UUID|ZipFile)$",
    r"\.events\.[^.]*\.event_buses/default\.[a-z_]*$",  # each region has one, once anything happened there
    r"\.wafv2\..*\.lock_token$",  # WAFV2 API Reference, UpdateWebACL: the mark of a state, new with each
)
_LEFT_OUT: Final = re.compile("|".join((_REPORTS.pattern, *_NOT_STATE)))
_DRAWN: Final = re.compile(
    r"(?<![a-z])(fl|vpce|igw|rtbassoc|aclassoc|sgr|i|eni)-[0-9a-f]{8,}|'\d{4}-\d\d-\d\dT[^']*'"
    r"|(?<![A-Z])A[A-Z0-9]{15,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
_TAG: Final = re.compile(r"\.ec2\.[^.]*\.tags/([^.]+)\.")
_LEAVE_NOTHING: Final = re.compile(f"{_READS.pattern}|AssumeRole|BatchGet")


def _anew(line: str) -> str:
    return _DRAWN.sub("(drawn by AWS)", line)


def _rows(account: Mapping[str, Any]) -> dict[str, str]:
    """All fields by their paths, without the tags of EC2's things that are gone, which moto keeps."""
    rows = dict[str, str]()
    _flatten(account, "", rows)
    tagged = {path: found[1] for path in rows if (found := _TAG.search(path))}
    untagged = (path for path in rows.keys() - tagged.keys() if ".ec2." in path)
    there = {part for path in untagged for part in re.split("[./]", path)}
    return {path: value for path, value in rows.items() if path not in tagged or tagged[path] in there}


def _flatten(value: Any, path: str, found: dict[str, str]) -> None:
    match value:
        case dict():
            for name, inner in value.items():
                if not name.startswith(_IGNORED):
                    _flatten(inner, f"{path}.{name}" if path else name, found)
        case list():
            for number, inner in enumerate(value):
                _flatten(inner, f"{path}.{number}", found)
        case _:
            found[path] = repr(float(value) if type(value) is int else value)
