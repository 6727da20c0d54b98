"""`python -m chaoskit.sandbox`: serve a sandbox until told to stop, and say where it is in a file.

`DIR/<instance>.json` (mode 0600) appears when the sandbox answers; its `workload` turns from `deploying` to
`ready` (`none` if none was asked for). `DIR/<instance>.lock` is locked as long as this process lives, so that
others can prove that it is dead.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import signal
import sys
import threading
import uuid
import weakref
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox import collector
from chaoskit.sandbox.profile import INSTANT, PROFILES
from chaoskit.sandbox.server import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chaoskit.sandbox.server import Served

_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal, or until standard input ends if asked; the process's exit code."""
    asked = _parse(arguments)
    stopped = threading.Event()
    for number in _STOPPING:
        signal.signal(number, lambda *_: stopped.set())
    asked.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    state = asked.state_dir / f"{asked.instance}.json"
    try:
        lock = _lock(asked.state_dir / f"{asked.instance}.lock")
    except BlockingIOError:
        sys.stderr.write(f"A sandbox called {asked.instance} is running already.\n")
        return 1
    if asked.detach and os.fork():
        os._exit(0)  # the child holds the lock, and goes on
    collector.relax()
    if asked.watch_stdin:
        threading.Thread(target=_watch_stdin, args=(stopped,), daemon=True).start()
    try:
        with serve(asked.port, instance=asked.instance, profile=PROFILES[asked.profile]) as served:
            about = {"pid": os.getpid(), **served.describe(), "workload_profile": asked.workload_profile}
            _publish(state, {**about, "workload": "deploying" if asked.workload else "none"})
            if asked.workload:
                _deploy(served, asked.workload, asked.workload_profile)
                _publish(state, {**about, "workload": "ready"})
            stopped.wait()
    except OSError as error:
        sys.stderr.write(f"The sandbox cannot be served on port {asked.port}: {error.strerror or error}\n")
        return 1
    finally:
        state.unlink(missing_ok=True)
        os.close(lock)
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaoskit.sandbox", description="Serve an embedded AWS.")
    parser.add_argument("--port", type=int, default=0, help="TCP port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--state-dir", type=Path, required=True, help="where to say how to reach it")
    parser.add_argument("--instance", default=uuid.uuid4().hex[:12], help="its name; a new one by default")
    parser.add_argument(
        "--workload", type=Path, metavar="RUNBOOKS", help="deploy the reference workload with these runbooks"
    )
    parser.add_argument("--workload-profile", help="a well-known anti-pattern to deploy with it")
    parser.add_argument(
        "--profile",
        choices=sorted(PROFILES),
        default=INSTANT.name,
        help="how long telemetry takes: at once, or as long as AWS says",
    )
    parser.add_argument(
        "--watch-stdin", action="store_true", help="stop when standard input ends: with its parent"
    )
    parser.add_argument("--detach", action="store_true", help="go on in the background")
    return parser.parse_args(arguments)


def _deploy(served: Served, runbooks: Path, profile: str | None) -> None:
    import boto3  # noqa: PLC0415 - only when there is something to deploy

    from chaoskit.sandbox import models  # noqa: PLC0415 - as above
    from chaoskit.sandbox.workload import Pace, deploy  # noqa: PLC0415 - as above

    def connect(who: str) -> Callable[[str], Any]:
        key = served.credentials[who]
        session = boto3.Session(
            key.access_key_id,
            key.secret_access_key,
            region_name=served.cloud.region,
            botocore_session=models.session(),
        )
        return lambda service: session.client(service, endpoint_url=served.url)

    # A stack's operation is over when the sandbox's background work is: nothing to look for meanwhile.
    pace = Pace(poll=1, sleep=served.cloud.idle)
    deploy(connect("admin"), connect("management"), runbooks, pace=pace, profile=profile)


def _watch_stdin(stopped: threading.Event) -> None:
    with suppress(OSError):
        while os.read(0, 4096):
            pass
    stopped.set()


def _lock(path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return handle


def _publish(path: Path, content: dict[str, Any]) -> None:
    """Write the file under another name first, so that nobody reads half of it."""
    draft = path.with_suffix(".part")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(content, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _leave(status: list[int]) -> None:
    """End at once: taking half a million objects apart takes a second, for which a run would wait."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status[0])


if __name__ == "__main__":
    _ended = [1]
    weakref.finalize(main, _leave, _ended)  # the oldest comes last, after those that delete folders
    _ended[0] = main()
