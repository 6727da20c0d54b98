"""The nursery's side of `process.run`: fork a child for each job, which loads one handler and calls it once.

Executed by path with `python -I`, so it must import nothing but the standard library and boto3. A child gets
one JSON object and writes JSON lines to a pipe: `{"ready": true}` when the handler is loaded, then one
result. Error types and words are those of AWS's runtime interface client for Python.
"""

from __future__ import annotations

import datetime as dt
import gc
import importlib
import json
import logging
import os
import resource
import select
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3  # what most jobs need, and what takes long to import

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

# ru_maxrss counts bytes on macOS, kilobytes elsewhere.
RSS_PER_MB = 2**20 if sys.platform == "darwin" else 2**10


class HandlerUnusableError(Exception):
    """The handler could not be loaded; `kind` is the error type that Lambda reports."""

    def __init__(self, kind: str, message: str, trace: list[str]) -> None:
        super().__init__(message)
        self.kind = kind
        self.trace = trace


def load(handler: str) -> Callable[[Any, Any], Any]:
    """Import `module.function`, the module path may hold slashes or dots."""
    try:
        module_name, function_name = handler.rsplit(".", 1)
    except ValueError as error:
        raise HandlerUnusableError(
            "Runtime.MalformedHandlerName", f"Bad handler '{handler}': {error}", []
        ) from None
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        raise HandlerUnusableError("Runtime.ImportModuleError", message, []) from None
    except SyntaxError as error:
        message = f"Syntax error in module '{module_name}': {error}"
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        raise HandlerUnusableError("Runtime.UserCodeSyntaxError", message, trace) from None
    function = getattr(module, function_name, None)
    if not callable(function):
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise HandlerUnusableError("Runtime.HandlerNotFound", message, [])
    return function  # type: ignore[no-any-return]


class Context(SimpleNamespace):
    """What Lambda passes as the handler's second argument."""

    deadline: float

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds left before the time limit."""
        return max(0, int((self.deadline - time.monotonic()) * 1000))


class Formatter(logging.Formatter):
    """The line that Lambda's own root handler writes."""

    def format(self, record: logging.LogRecord) -> str:
        """Write level, time, request id and message, parted by tabs."""
        at = dt.datetime.fromtimestamp(record.created, dt.UTC)
        stamp = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
        request_id = os.environ.get("CHAOSKIT_REQUEST_ID", "")
        line = f"[{record.levelname}]\t{stamp}\t{request_id}\t{record.getMessage()}"
        return line if record.exc_info is None else f"{line}\n{self.formatException(record.exc_info)}"


def frames(trace: TracebackType | None) -> list[str]:
    """The traceback without this module's own frames."""
    own = os.path.abspath(__file__)  # noqa: PTH100 - pathlib costs 10 ms of every invocation
    return traceback.format_list([frame for frame in traceback.extract_tb(trace) if frame.filename != own])


def failure(kind: str, message: str, trace: list[str]) -> dict[str, Any]:
    """A failed result."""
    return {"failure": {"type": kind, "message": message, "trace": trace}}


def call(function: Callable[[Any, Any], Any], event: object, context: object) -> dict[str, Any]:
    """Run the handler and marshal what it returns."""
    try:
        answer = function(event, context)
    except MemoryError:
        # Lambda kills a function that outgrows its memory.
        os.kill(os.getpid(), signal.SIGKILL)
        raise
    except Exception as error:  # noqa: BLE001 - whatever the handler raises is its result
        return failure(type(error).__name__, str(error), frames(error.__traceback__))
    try:
        return {"payload": json.dumps(answer, ensure_ascii=False)}
    except (TypeError, ValueError) as error:
        return failure("Runtime.MarshalError", f"Unable to marshal response: {error}", [])


def stand_in_vpc(endpoints: dict[str, str]) -> None:
    """Let calls by boto3's default session say which VPC endpoint they came through, as the network would."""
    if not endpoints:
        return
    boto3.setup_default_session()
    for service, endpoint in endpoints.items():

        def through(request: Any, endpoint: str = endpoint, **_: Any) -> None:
            request.headers["x-chaoskit-source-vpce"] = endpoint

        boto3.DEFAULT_SESSION.events.register(f"before-sign.{service}", through)


def work(job: dict[str, Any], report_fd: int) -> None:
    """Do one job, in a process that is there for nothing else."""
    os.environ.clear()
    os.environ.update(job["environment"])
    time.tzset()
    os.chdir(job["root"])
    report = os.fdopen(report_fd, "w", encoding="utf-8")

    def tell(message: dict[str, Any]) -> None:
        report.write(json.dumps(message) + "\n")
        report.flush()

    if job["memory_mb"] and sys.platform == "linux":
        limit = job["memory_mb"] * 2**20
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.path.insert(0, job["root"])
    context: Any = job["context"]
    if job["context_is_object"]:
        # Lambda installs a root handler; a script of SSM Automation gets a plain interpreter.
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(Formatter())
        logging.getLogger().addHandler(handler)
    stand_in_vpc(json.loads(os.environ.pop("CHAOSKIT_VPC_ENDPOINTS", "{}")))
    try:
        function = load(job["handler"])
    except HandlerUnusableError as error:
        result = failure(error.kind, str(error), error.trace)
    except Exception as error:  # noqa: BLE001 - the module's own code failed while it was imported
        result = failure(type(error).__name__, str(error), frames(error.__traceback__))
    else:
        if job["context_is_object"]:
            context = Context(**context, identity=None, deadline=time.monotonic() + job["time_limit"])
        tell({"ready": True})
        result = call(function, job["event"], context)
    sys.stdout.flush()
    sys.stderr.flush()
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // RSS_PER_MB
    tell({**result, "max_memory_mb": used})


def child(request: int, log: int, report: int) -> None:
    """Be a job's process: keep its three descriptors and nothing else of the nursery."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.dup2(log, 1)
    os.dup2(log, 2)
    job = json.loads(os.pread(request, os.fstat(request).st_size, 0))
    os.dup2(report, 3)
    os.closerange(4, os.sysconf("SC_OPEN_MAX"))
    status = 1
    try:
        work(job, 3)
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001 - the edge of the process: nothing above it may run
        traceback.print_exc()
    os._exit(status)


def fork(fds: list[int]) -> tuple[socket.socket, int]:
    """Fork the child of one job; the line on which its end is told, and its process id."""
    request, log, report, line = fds
    pid = os.fork()
    if not pid:
        child(request, log, report)
    for descriptor in (request, log, report):
        os.close(descriptor)
    return socket.socket(fileno=line), pid


def reap(children: dict[socket.socket, int]) -> None:
    """Tell of those that have ended, and end what they left running."""
    for line, pid in list(children.items()):
        gone, status = os.waitpid(pid, os.WNOHANG)
        if gone:
            end(pid)
            with suppress(OSError):
                line.sendall(str(os.waitstatus_to_exitcode(status)).encode())
            del children[line]
            line.close()


def end(pid: int) -> None:
    """Kill a whole session."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def serve(control: socket.socket) -> None:
    """Fork until nobody can ask any more; then every child ends."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    gc.freeze()  # so that children share the pages
    children: dict[socket.socket, int] = {}
    while True:
        asked: list[Any] = [control, woken, *children]
        ready = select.select(asked, [], [])[0]
        if control in ready:
            said, fds, *_ = socket.recv_fds(control, 1, 4)
            if not said:
                break
            line, pid = fork(fds)
            children[line] = pid
        for line in children.keys() & set(ready):
            end(children[line])
        if woken in ready:
            os.read(woken, 4096)
        reap(children)
    for pid in children.values():
        end(pid)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
