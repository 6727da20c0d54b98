"""The process from which jobs' processes are forked, so that not each of them imports boto3 anew.

Its other side is `bootstrap.serve`. Python's own fork server would import this process's main module in each
child, which is to know nothing of it.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_KILLED = -9


class Child:
    """A job's process, and the leader of a session of its own."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._status: int | None = None

    def wait(self) -> int:
        """Wait until it is gone with all that it started; its exit status, negative for a signal."""
        if self._status is None:
            told = b"".join(iter(lambda: self._line.recv(64), b""))
            self._line.close()
            self._status = int(told or _KILLED)
        return self._status

    def kill(self) -> None:
        """End it and all that it started, and wait until they are gone."""
        if self._status is None:
            with suppress(OSError):  # it has ended by itself
                self._line.shutdown(socket.SHUT_WR)
            self.wait()


class Nursery:
    """Forks children for as long as it is open; its process is started for the first one."""

    NOT_STATE = frozenset({"_ours", "_process"})

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ours: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def fork(self, request: IO[bytes], log: IO[bytes], report: int) -> Child:
        """A child that does the job in the file `request`.

        Args:
            request: What `bootstrap.work` reads.
            log: Where its stdout and stderr go.
            report: The descriptor of a pipe for its reports.
        """
        line, theirs = socket.socketpair()
        with self._lock, theirs:
            handed = [request.fileno(), log.fileno(), report, theirs.fileno()]
            socket.send_fds(self._asked(), [b"+"], handed)
        return Child(line)

    def close(self) -> None:
        """End the process, and with it every child."""
        with self._lock:
            self._end()

    def _asked(self) -> socket.socket:
        """Where a child is asked for."""
        if self._ours is None or self._process is None or self._process.poll() is not None:
            self._end()
            self._ours, self._process = _started()
        return self._ours

    def _end(self) -> None:
        if self._ours is not None:
            self._ours.close()
        if self._process is not None:
            self._process.wait()
        self._ours = self._process = None


def _started() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    ours, theirs = socket.socketpair()
    with theirs:
        return ours, subprocess.Popen(  # noqa: S603 - the interpreter and the bootstrap are our own
            [sys.executable, "-I", "-u", str(BOOTSTRAP), str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={"PATH": os.defpath, "LANG": "C.UTF-8", "TZ": "UTC"},
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
