"""Starts chaoskit processes quickly: everything is imported once, and each process is a fork of that.

`python -m tests.reliability.offspring` reads one JSON object a line: `arguments` of the command line, `home`,
`out` and `err` (files), `points` (a file, or null), `die_at` (a number, or null), and what else befalls the
process (see `_become`). It answers `{"pid": ...}` at once, and `{"status": ...}`, as of waitpid, at the end.

With `inject`, a shipped experiment's file, the process runs just the engine: what every run prepares alike
(the experiment, the target, botocore's models) is prepared once, before the fork. With `recover` it does what
every command does first. Their points are `moments`: nothing lies between "after" one and "before" the next.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
import json
import os
import resource
import signal
import sys
import traceback
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.hooks import BaseEventHooks, EventAliaser
from botocore.loaders import JSONFileLoader
from urllib3.connection import HTTPConnection

import chaoskit.cli.rollback
import chaoskit.cli.run
import chaoskit.cli.status
import chaoskit.journal.sqlite
from chaoskit import spec
from chaoskit.api import recover_all
from chaoskit.aws import Aws
from chaoskit.cli import main
from chaoskit.cli.common import signals_held, tell
from chaoskit.contract import FAULTS, PROBES
from chaoskit.engine import Stop, plan, recover, run_set
from chaoskit.experiment import Expectation, Role
from chaoskit.home import journal_path
from chaoskit.journal import SqliteJournal
from chaoskit.places import reopen, sandboxes, target_in
from chaoskit.probes.call_denied import CallDenied
from chaoskit.slo import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chaoskit.experiment import Experiment
    from chaoskit.target import Target


class Points:
    """Counts the places where a process may die, writes their names down, and dies at one of them."""

    def __init__(
        self, file: str, die_at: int | None, *, moments: bool = False, signals: Sequence[Sequence[int]] = ()
    ) -> None:
        self._moments = moments
        self._signals = signals
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._die_at = die_at
        self._count = 0
        self._sending = ""

    def reach(self, name: str) -> None:
        if self._moments and name.startswith("after"):
            return
        self._count += 1
        os.write(self._file, f"{name}\n".encode())
        if self._count == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        for at, number in self._signals:
            if at == self._count:
                os.kill(os.getpid(), number)

    def install(self) -> None:
        for method in ("hold", "release", "record", "mark", "saw", "open_faults"):
            self._wrap(SqliteJournal, method, lambda _, *__, name=method: f"journal.{name}")
        self._wrap(Aws, "read", lambda _, query: f"read {query}")
        self._wrap(Aws, "messages", lambda *_: "read sqs:ReceiveMessage")
        self._wrap(Aws, "send", lambda _, call: f"send {call}")
        self._wrap_the_wire()

    def _wrap(self, owner: type, method: str, naming: Callable[..., str]) -> None:
        plain = getattr(owner, method)

        def wrapped(*arguments: Any, **named: Any) -> Any:
            name = naming(*arguments)
            self._sending = name if method == "send" else ""
            self.reach(f"before {name}")
            try:
                return plain(*arguments, **named)
            finally:
                self.reach(f"after {name}")

        setattr(owner, method, wrapped)

    def _wrap_the_wire(self) -> None:
        """The request is out and its answer not yet in: the call takes effect although its sender is dead."""
        plain = HTTPConnection.getresponse

        def wrapped(connection: HTTPConnection) -> Any:
            if self._sending:
                self.reach(f"during {self._sending}")
            return plain(connection)

        HTTPConnection.getresponse = wrapped  # type: ignore[method-assign,assignment] # for the life of this process


def _become(order: Mapping[str, Any]) -> None:
    for stream, file in ((1, order["out"]), (2, order["err"])):
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(opened, stream)
        os.close(opened)
    os.environ["CHAOSKIT_HOME"] = order["home"]
    if order.get("obeys_permissions"):
        _drop_capabilities()
    if order.get("clock_is_off_by"):
        _set_clock_off(timedelta(seconds=order["clock_is_off_by"]), order["points_before"])
    if order["points"] is not None:
        Points(
            order["points"],
            order["die_at"],
            moments=order.get("moments", False),
            signals=order.get("signals", ()),
        ).install()
    if order.get("disk_holds") is not None:
        if order.get("dies_when_full"):  # in the middle of the write, which Python otherwise sees fail
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["disk_holds"], order["disk_holds"]))


def _drop_capabilities() -> None:
    """The superuser obeys the permissions of files like anybody else (capabilities(7))."""
    version_3, empty = 0x20080522, (ctypes.c_uint32 * 6)()
    header = (ctypes.c_uint32 * 2)(version_3, 0)
    if ctypes.CDLL(None, use_errno=True).capset(header, empty) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _set_clock_off(offset: timedelta, looks: int) -> None:
    """The machine's clock jumps after so many looks at it."""
    left = itertools.count(looks, -1)

    def now(*_: object) -> datetime:
        return datetime.now(UTC) + (offset if next(left) <= 0 else timedelta())

    SystemClock.now = now  # type: ignore[method-assign,assignment] # for the life of this process
    chaoskit.journal.sqlite._now = lambda: now().isoformat()


def _live(order: Mapping[str, Any]) -> int:
    _become(order)
    try:
        if "inject" in order:
            return _inject(_experiment(order["home"], order["inject"]), _target(order["home"]))
        if "recover" in order:
            return _recover()
        main(order["arguments"])
    except SystemExit as ended:
        return int(ended.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _inject(experiment: Experiment, target: Target) -> int:
    stop = Stop()
    with signals_held(stop), SqliteJournal(journal_path()) as journal:
        recover(journal, reopen, SystemClock())
        results = run_set([experiment], target, journal, clock=target.clock, stop=stop)
    (result,) = results.results
    outcomes = [change.outcome for fault in result.faults for change in fault.changes]
    sys.stdout.write(f"{result.verdict} {outcomes} {result.reason} {result.left_open}\n")
    return results.exit_code


def _recover() -> int:
    with signals_held():
        undone = recover_all()
    for each in undone:
        tell(each)
    return 0 if all(each.ok for each in undone) else 5


@functools.cache
def _target(home: str) -> Target:
    """The sandbox that is up; who was killed is dead at once here, so its calls land soon or never."""
    os.environ["CHAOSKIT_HOME"] = home
    up = sandboxes().find()
    assert up is not None
    target = target_in(up)
    return replace(target, place={**target.place, "landing_s": _LANDING_S})


@functools.cache
def _experiment(home: str, path: str) -> Experiment:
    """A shipped experiment that looks for nothing: all that counts here is what it does and puts back."""
    target = _target(home)
    (experiment,) = spec.load([Path(path)], target.variables)
    aws = target.open("chaoskit-plan", "plan", 0)
    assert all(planned.problem is None for planned in plan(experiment, aws))  # which reads the models too
    return replace(experiment, expect=(Expectation(Role.GUARDRAIL, CallDenied(by="any")),))


def _read_models_once() -> None:
    """Botocore reads its models anew for every session, which is most of a short process's life."""
    JSONFileLoader.load_file = _cached(JSONFileLoader.load_file)
    BaseEventHooks._verify_accept_kwargs = lambda *_: None
    alias = functools.cache(
        EventAliaser(None)._alias_event_name
    )  # by one table, for all of a session's handlers
    EventAliaser._alias_event_name = lambda _, name: alias(name)
    for service in ("iam", "s3", "sts", "cloudformation", "cloudwatch", "sagemaker-runtime"):
        boto3.session.Session(region_name="us-east-1").client(service)


def _cached(load: Callable[..., Any]) -> Callable[..., Any]:
    read: dict[str, Any] = {}

    def cached(loader: object, path: str) -> Any:
        if path not in read:
            read[path] = load(loader, path)
        return read[path]

    return cached


_LANDING_S = 0.5


def _say(answer: Mapping[str, int]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def serve() -> None:
    """Fork until standard input ends."""
    _read_models_once()
    assert FAULTS.names()
    assert PROBES.names()
    for line in sys.stdin:
        order = json.loads(line)
        if "inject" in order:
            _experiment(order["home"], order["inject"])
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                code = _live(order)
            except BaseException:  # noqa: BLE001 - as the interpreter does at its end
                traceback.print_exc()
            finally:
                os._exit(code)
        _say({"pid": pid})
        _, status = os.waitpid(pid, 0)
        _say({"status": status})


if __name__ == "__main__":
    serve()
