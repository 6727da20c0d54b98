"""Starts chaoskit processes quickly: everything is imported once, and each process is a fork of that.

`python -m tests.reliability.offspring` reads one JSON object a line: `arguments` of the command line, `home`,
`out` and `err` (files), `points` (a file, or null), `die_at` (a number, or null), and what else befalls the
process (see `_become`). It answers `{"pid": ...}` at once, and `{"status": ...}`, as of waitpid, at the end.
"""

from __future__ import annotations

import ctypes
import itertools
import json
import os
import resource
import signal
import sys
import traceback
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
from botocore.loaders import JSONFileLoader
from urllib3.connection import HTTPConnection

import chaoskit.cli.rollback
import chaoskit.cli.run
import chaoskit.cli.status
import chaoskit.journal
from chaoskit.aws import Aws
from chaoskit.cli import main
from chaoskit.contract import FAULTS, PROBES
from chaoskit.journal import SqliteJournal
from chaoskit.slo import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Points:
    """Counts the places where a process may die, writes their names down, and dies at one of them."""

    def __init__(self, file: str, die_at: int | None) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._die_at = die_at
        self._count = 0
        self._sending = ""

    def reach(self, name: str) -> None:
        self._count += 1
        os.write(self._file, f"{name}\n".encode())
        if self._count == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)

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
        Points(order["points"], order["die_at"]).install()
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
    chaoskit.journal._now = lambda: now().isoformat()


def _live(order: Mapping[str, Any]) -> int:
    _become(order)
    try:
        main(order["arguments"])
    except SystemExit as ended:
        return int(ended.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _read_models_once() -> None:
    """Botocore reads its models anew for every session, which is most of a short process's life."""
    JSONFileLoader.load_file = _cached(JSONFileLoader.load_file)
    for service in ("iam", "s3", "sts", "cloudformation", "cloudwatch", "sagemaker-runtime"):
        boto3.session.Session(region_name="us-east-1").client(service)


def _cached(load: Callable[..., Any]) -> Callable[..., Any]:
    read: dict[str, Any] = {}

    def cached(loader: object, path: str) -> Any:
        if path not in read:
            read[path] = load(loader, path)
        return read[path]

    return cached


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
