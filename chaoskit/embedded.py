"""Embedded sandboxes as processes: started, found again, and proven dead."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from chaoskit.aws import Credentials
from chaoskit.errors import TargetError
from chaoskit.slo import SystemClock

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping

Delays = Literal["instant", "realistic"]
"""How long telemetry takes in a sandbox; see `chaoskit.sandbox.profile`."""

PROFILES: Final = (
    "admin-dev",
    "aws-managed-keys",
    "igw-everywhere",
    "no-vpc",
    "secrets-in-env",
    "shared-role",
)
"""Well-known anti-patterns that a workload can be deployed with; see `chaoskit.sandbox.overlays`."""

UP: Final = "up"
"""The instance that `chaoskit sandbox up` keeps."""
_READY_WITHIN_S: Final = 60.0
_GONE_WITHIN_S: Final = 60.0  # it ends once it has deployed its workload
_POLL_S: Final = 0.01
_SETTLES_WITHIN_S: Final = 2.0
_CONTROL_WITHIN_S: Final = 10.0
_MOVED_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Instance:
    """A running sandbox, as its own file describes it."""

    name: str
    pid: int
    url: str
    region: str
    account: str
    management_account: str
    admin: Credentials
    management: Credentials
    token: str
    workload: str
    profile: str | None = None

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Instance:
        """From what the sandbox says of itself."""
        return cls(
            name=data["instance"],
            pid=data["pid"],
            url=data["url"],
            region=data["region"],
            account=data["accounts"]["sandbox"],
            management_account=data["accounts"]["management"],
            admin=_credentials(data["credentials"]["admin"]),
            management=_credentials(data["credentials"]["management"]),
            token=data["token"],
            workload=data.get("workload", "none"),
            profile=data.get("workload_profile"),
        )

    def control(self, what: str, within_s: float = _CONTROL_WITHIN_S) -> dict[str, Any]:
        """Make a control call of the sandbox, beside AWS's APIs, e.g. `advance?seconds=60`; its answer.

        Raises:
            TargetError: The sandbox does not answer, or refuses.
        """
        request = Request(  # noqa: S310 - the sandbox's own URL, always http on the loopback interface
            f"{self.url}/_chaoskit/{what}", headers={"x-chaoskit-token": self.token}
        )
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=within_s) as answer:
                said: dict[str, Any] = json.loads(answer.read())
        except HTTPError as refused:
            with refused:
                why = json.loads(refused.read()).get("error", refused.reason)
            raise TargetError(f"The sandbox {self.name} refuses {what.partition('?')[0]}: {why}") from refused
        except (URLError, OSError, ValueError) as error:
            call = what.partition("?")[0]
            raise TargetError(f"The sandbox {self.name} does not answer to {call}: {error}.") from error
        return said


class Sandboxes:
    """The sandboxes of one state folder."""

    def __init__(self, folder: Path) -> None:
        """Touch nothing yet."""
        self.folder = folder.absolute()

    def find(self, name: str = UP) -> Instance | None:
        """A sandbox that runs and answers, or None; its workload may still be on its way."""
        if self.is_gone(name):
            return None
        with suppress(FileNotFoundError):
            return self._described(name)
        return None

    def with_workload(self, name: str = UP) -> Instance | None:
        """A sandbox that runs, once its workload is deployed, or None.

        Raises:
            TargetError: The workload is not deployed in time.
        """
        if self.find(name) is None:
            return None
        return self._wait(name, lambda: self.is_gone(name), lambda found: found.workload != "deploying")

    def is_gone(self, name: str) -> bool:
        """Proof that the process is dead, and all it held with it: the kernel has freed its lock."""
        try:
            lock = os.open(self.folder / f"{name}.lock", os.O_RDONLY)
        except FileNotFoundError:
            return True
        except OSError as error:
            raise self._unusable(error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            return True
        finally:
            os.close(lock)

    def up(self, profile: str | None = None) -> Instance:
        """The sandbox that stays; started if it does not run. Its workload may still be on its way.

        Args:
            profile: One of `PROFILES` to deploy with the workload.

        Raises:
            TargetError: It does not start, or runs with another profile.
        """
        running = self.find()
        if running and running.profile != profile:
            raise TargetError(
                f"A sandbox is up {_with(running.profile)}, not {_with(profile)}: end it first, with "
                "`chaoskit sandbox down`."
            )
        if running:
            return running
        with self._start(UP, "--detach", *_chosen(profile), stdin=subprocess.DEVNULL) as process:
            process.wait(_READY_WITHIN_S)
        return self._wait(UP, lambda: self.is_gone(UP), lambda _: True)

    def down(self) -> bool:
        """End it; False when it did not run.

        Raises:
            TargetError: It does not end.
        """
        running = self.find()
        if running is None:
            return False
        os.kill(running.pid, signal.SIGTERM)
        deadline = time.monotonic() + _GONE_WITHIN_S
        while not self.is_gone(UP):
            if time.monotonic() > deadline:
                raise TargetError(f"The sandbox (process {running.pid}) does not end: kill it by hand.")
            time.sleep(_POLL_S)
        return True

    @contextmanager
    def own(self, delays: Delays = "instant", profile: str | None = None) -> Iterator[Instance]:
        """A sandbox for this block only. It also ends, with all it holds, when this process dies.

        Args:
            delays: How long its telemetry takes.
            profile: One of `PROFILES` to deploy with the workload.

        Raises:
            TargetError: It does not start.
        """
        name = f"run-{secrets.token_hex(4)}"
        options = ("--watch-stdin", "--profile", delays, *_chosen(profile))
        process = self._start(name, *options, stdin=subprocess.PIPE)
        try:
            yield self._wait(
                name,
                lambda: process.poll() is not None,
                lambda found: found.workload != "deploying",
            )
        finally:
            if process.stdin:
                process.stdin.close()
            try:
                process.wait(_GONE_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for ending in (".json", ".lock", ".log"):
                (self.folder / f"{name}{ending}").unlink(missing_ok=True)

    def _start(self, name: str, *options: str, stdin: int) -> subprocess.Popen[bytes]:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from error
        (self.folder / f"{name}.json").unlink(missing_ok=True)
        command = [sys.executable, "-m", "chaoskit.sandbox", "--instance", name]
        command += ["--workload", str(shipped_runbooks())]
        file = self.folder / f"{name}.log"
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as log:
            return subprocess.Popen(  # noqa: S603 - our own module, fixed arguments
                [*command, "--state-dir", str(self.folder), *options],
                stdin=stdin,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C is for the run, which needs the sandbox to roll back
            )

    def _wait(self, name: str, died: Callable[[], bool], enough: Callable[[Instance], bool]) -> Instance:
        """Poll the sandbox's own file until it says enough.

        Raises:
            TargetError: It died, or took too long.
        """
        deadline = time.monotonic() + _READY_WITHIN_S
        while True:
            with suppress(FileNotFoundError):
                found = self._described(name)
                if enough(found):
                    return found
            if died() or time.monotonic() > deadline:
                log = self.folder / f"{name}.log"
                lines = log.read_text("utf-8", "replace").strip().splitlines() if log.exists() else []
                why = lines[-1] if lines else "it said nothing"
                raise TargetError(
                    f"The embedded sandbox did not start ({why}). It needs the sandbox extra: "
                    "pip install 'chaoskit[sandbox]'."
                )
            time.sleep(_POLL_S)

    def _unusable(self, error: OSError) -> TargetError:
        return TargetError(
            f"The folder {self.folder} can't be used ({error.strerror}): set CHAOSKIT_HOME to another one."
        )

    def _described(self, name: str) -> Instance:
        return Instance.load(json.loads((self.folder / f"{name}.json").read_text("utf-8")))


class MovedClock(SystemClock):
    """The time of a sandbox whose clock somebody moved before: as far off the wall's as when it was asked."""

    def __init__(self, off_s: float) -> None:
        """So many seconds later than the wall's."""
        self._off = timedelta(seconds=off_s)

    @classmethod
    def of(cls, instance: Instance) -> MovedClock:
        """The clock of a sandbox.

        Raises:
            TargetError: The sandbox does not answer.
        """
        now = datetime.fromisoformat(instance.control("health")["now"])
        off = (now - SystemClock().now()).total_seconds()
        return cls(off if off > _MOVED_S else 0.0)  # it only moves forward

    def now(self) -> datetime:
        """See `chaoskit.slo.Clock`."""
        return super().now() + self._off


class SkippingClock:
    """A sandbox's own time: a wait moves the sandbox's clock on instead of passing.

    For one run at a time, as it moves the time of everyone in the sandbox.
    """

    def __init__(self, instance: Instance) -> None:
        """It tells the wall's time until the first wait."""
        self._instance = instance
        self._wall = SystemClock()
        self._skipped = 0.0

    def now(self) -> datetime:
        """See `chaoskit.slo.Clock`."""
        return self._wall.now() + timedelta(seconds=self._skipped)

    def monotonic(self) -> float:
        """See `chaoskit.slo.Clock`."""
        return self._wall.monotonic() + self._skipped

    def wait(self, seconds: float, wake: threading.Event) -> bool:
        """See `chaoskit.slo.Clock`; what the sandbox is busy with is first let finish.

        Raises:
            TargetError: The sandbox does not answer.
        """
        self.settle(seconds)
        return wake.is_set()

    def settle(self, seconds: float) -> None:
        """Let the sandbox finish all that comes within this time.

        Raises:
            TargetError: The sandbox does not answer.
        """
        self._instance.control(f"idle?timeout={_SETTLES_WITHIN_S}")
        self._instance.control(f"advance?seconds={seconds}")
        self._skipped += seconds
        self._instance.control(f"idle?timeout={_SETTLES_WITHIN_S}")  # what the jump made due


def shipped_runbooks() -> Path:
    """The runbooks: the working folder's own, or else those that chaoskit ships."""
    package = Path(__file__).parent
    places = (Path("runbooks"), package / "runbooks", package.parent / "runbooks")
    return next((place.absolute() for place in places if place.is_dir()), places[0])


def _chosen(profile: str | None) -> tuple[str, ...]:
    return ("--workload-profile", profile) if profile else ()


def _with(profile: str | None) -> str:
    return f"with the profile {profile}" if profile else "with the untouched workload"


def _credentials(data: Mapping[str, Any]) -> Credentials:
    return Credentials(data["access_key_id"], data["secret_access_key"])
