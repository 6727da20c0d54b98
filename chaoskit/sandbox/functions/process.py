"""Runs Python code of the account's own in a separate process: Lambda handlers and SSM Automation scripts.

The child gets nothing of this process but what its `Job` names: a clean environment with one role's
credentials, the gateway as its AWS endpoint, a time limit and a memory limit.
"""

from __future__ import annotations

import json
import os
import select
import tempfile
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from chaoskit.sandbox.functions.nursery import Child, Nursery
    from chaoskit.sandbox.wire import Credentials

INIT_LIMIT = 10.0
"""Seconds a handler may take to load (Lambda Developer Guide, the init phase)."""

CANCEL_POLL = 0.05
"""Seconds between two looks at whether the job was cancelled."""


def never() -> bool:
    """Nobody cancels."""
    return False


@dataclass(frozen=True, slots=True)
class Job:
    """One call of a handler.

    Attributes:
        root: The directory that its modules are imported from; also its working directory.
        handler: `module.function`.
        event: The first argument, anything JSON can hold.
        context: The second argument's attributes, or its keys for a script.
        context_is_object: Lambda passes an object, SSM Automation a mapping.
        time_limit: Seconds the call may take once the handler is loaded.
        memory_mb: Megabytes of data it may hold; None for no limit.
    """

    root: Path
    handler: str
    event: object
    context: Mapping[str, object]
    environment: Mapping[str, str]
    time_limit: float
    context_is_object: bool = True
    memory_mb: int | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a call gave no result: the exception's type, its words, and its formatted frames."""

    type: str
    message: str
    trace: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended.

    Attributes:
        payload: What the handler returned, as JSON text; None when there is a failure.
        log: What it wrote to stdout and stderr.
        init: Seconds until the handler was loaded.
        duration: Seconds the call took from then on.
        exit_status: Set when the process ended by itself without an answer; negative for a signal.
    """

    payload: str | None
    failure: Failure | None
    log: str
    init: float
    duration: float
    max_memory_mb: int = 0
    timed_out: bool = False
    cancelled: bool = False
    exit_status: int | None = None


def environment(credentials: Credentials | None, *, url: str, region: str) -> dict[str, str]:
    """The variables that make any AWS SDK in the child call the gateway, as this principal and no other."""
    variables = {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": url,
        "AWS_EC2_METADATA_DISABLED": "true",
        # An account id in front of the loopback address (s3control) would resolve to nothing.
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        # The developer's own profiles must never leak into the sandbox's code.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "*",  # else macOS would be asked, which a forked process may not do
    }
    if credentials is not None:
        variables["AWS_ACCESS_KEY_ID"] = credentials.access_key_id
        variables["AWS_SECRET_ACCESS_KEY"] = credentials.secret_access_key
        if credentials.session_token:
            variables["AWS_SESSION_TOKEN"] = credentials.session_token
    return variables


@dataclass(slots=True)
class _Pipe:
    """The child's reports, a JSON object a line, read without ever blocking past a deadline."""

    descriptor: int
    closed: bool = False
    started: list[bytes] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)

    def next(self, deadline: float, cancelled: Callable[[], bool]) -> dict[str, Any] | None:
        """The next report; None at the deadline, when cancelled, or when the child is gone."""
        while not self.messages and not self.closed:
            left = deadline - time.monotonic()
            if left <= 0 or cancelled():
                return None
            wait = left if cancelled is never else min(left, CANCEL_POLL)
            if select.select([self.descriptor], [], [], wait)[0]:
                chunk = os.read(self.descriptor, 2**20)
                self.closed = not chunk
                *ends, rest = chunk.split(b"\n")
                for end in ends:
                    self.messages.append(json.loads(b"".join((*self.started, end))))
                    self.started.clear()
                self.started.append(rest)
        return self.messages.pop(0) if self.messages else None


def run(job: Job, nursery: Nursery, *, cancelled: Callable[[], bool] = never) -> Outcome:
    """Run one job to its end. Never raises for what the job's code does."""
    read_end, write_end = os.pipe()
    with tempfile.TemporaryFile() as request, tempfile.TemporaryFile() as log:
        request.write(json.dumps(_request(job)).encode())
        request.flush()
        # Before the fork: the child may load its code before this thread gets to run again.
        started = time.monotonic()
        try:
            try:
                child = nursery.fork(request, log, write_end)
            finally:
                os.close(write_end)
            try:
                outcome = _follow(job, _Pipe(read_end), child, started, cancelled)
            finally:
                # What the handler left running must not outlive it.
                child.kill()
        finally:
            os.close(read_end)
        log.seek(0)
        return replace(outcome, log=log.read().decode(errors="replace"))


def _request(job: Job) -> dict[str, Any]:
    return {
        "root": str(job.root),
        "handler": job.handler,
        "event": job.event,
        "context": dict(job.context),
        "context_is_object": job.context_is_object,
        "environment": {**job.environment, "HOME": str(job.root)},
        "time_limit": job.time_limit,
        "memory_mb": job.memory_mb,
    }


def _follow(job: Job, pipe: _Pipe, child: Child, started: float, cancelled: Callable[[], bool]) -> Outcome:
    message = pipe.next(started + INIT_LIMIT, cancelled)
    loaded = time.monotonic()
    if message is not None and "ready" in message:
        message = pipe.next(loaded + job.time_limit, cancelled)
    ended = time.monotonic()
    timing: dict[str, Any] = {"log": "", "init": loaded - started, "duration": ended - loaded}
    if message is not None:
        failed = message.get("failure")
        return Outcome(
            payload=message.get("payload"),
            failure=failed and Failure(failed["type"], failed["message"], tuple(failed["trace"])),
            max_memory_mb=message["max_memory_mb"],
            **timing,
        )
    if pipe.closed:
        return Outcome(None, None, exit_status=child.wait(), **timing)
    if cancelled():
        return Outcome(None, None, cancelled=True, **timing)
    return Outcome(None, None, timed_out=True, **timing)
