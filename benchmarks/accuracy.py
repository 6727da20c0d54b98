"""How exactly a detector's latency is told: its error, and how wide the interval is that holds the truth.

Detectors report after a known delay, which varies by 5 % from run to run, and carry no timestamp of their
own. chaoskit's own observer watches them, with what the runs before have taught it. The Chaos Toolkit looks
at equal distances, as its continuous hypothesis does; it is given the frequency that makes as many looks as
chaoskit makes, which nobody who does not know the delay could choose. Long delays pass on a virtual clock;
short ones on the machine's own, the peer's by its own library.

An alert queue dates its messages itself, so how often it is looked at does not matter: that is shown with a
queue of the embedded sandbox, which an alert reaches at a known time.

Run: `python -m benchmarks.accuracy [--runs N]`.
"""

from __future__ import annotations

import json
import math
import random
import subprocess
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from benchmarks.lab import PEERS
from benchmarks.measure import Figure, median, options, reporting
from chaoskit.aws import Aws, Call, Connection, Credentials
from chaoskit.contract import About, Attempt, Observation, Probe, Trace
from chaoskit.engine import Stop
from chaoskit.engine.observe import Observer
from chaoskit.engine.timeline import Timeline
from chaoskit.experiment import Expectation, Role
from chaoskit.probes.sqs_message import QueueMessage
from chaoskit.result import ExpectationResult
from chaoskit.sandbox.server import serve
from chaoskit.slo import Duration, Interval, SystemClock

if TYPE_CHECKING:
    from benchmarks.measure import Report
    from chaoskit.aws import Reader
    from chaoskit.slo import Clock

VIRTUAL_S: Final = (0.05, 0.2, 1.0, 5.0, 20.0, 60.0)
REAL_S: Final = (0.05, 0.3, 1.0, 3.0)
_VARIES: Final = 0.05
_LEARNS: Final = 5
_KNOWN: Final = 20
_NARROWER: Final = 0.25
_MINE: Final = "run/benchmark"
_MS: Final = 0.001
"""A queue's times have no finer part."""


class Detector(Probe):
    """Reports at a time that is set beforehand."""

    about = About("benchmarks.detector")

    def __init__(self, clock: Clock, at: datetime) -> None:
        vars(self).update(clock=clock, at=at, looks=0)

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """See `Probe`."""
        del aws, trace
        known = vars(self)
        known["looks"] += 1
        return Observation(holds=known["clock"].now() >= known["at"], summary="asked")


class Virtual:
    """Time that only waits move on."""

    def __init__(self) -> None:
        """Begin at any time."""
        self._began = datetime.now(UTC)
        self._at = 0.0

    def now(self) -> datetime:
        """See `Clock`."""
        return self._began + timedelta(seconds=self._at)

    def monotonic(self) -> float:
        """See `Clock`."""
        return self._at

    def wait(self, seconds: float, wake: threading.Event) -> bool:
        """See `Clock`."""
        self._at += seconds
        return wake.is_set()


class _Run:
    """What an observer asks of a run besides: every effect was seen, and nothing says stop."""

    stop = Stop()

    def __init__(self, clock: Clock) -> None:
        sent = clock.now()
        self.began = sent, clock.monotonic()
        made = Attempt("a fault", Call("iam", "AttachRolePolicy"), sent, "applied", effect=True)
        self.trace = Trace("benchmark", sent, (made,))

    def look_for_effects(self) -> None:
        """All were seen."""

    def check(self, *_: object, **__: object) -> None:
        """Go on."""


@dataclass(slots=True)
class Told:
    """What the runs with one delay told."""

    widths: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)
    outside: int = 0


def main(runs: int = 40, real: int = 12) -> None:
    """Print the figures."""
    with reporting("accuracy") as report:
        for delay in VIRTUAL_S:
            ours = _watched(delay, runs, virtual=True)
            every = delay / median(ours.looks)
            theirs = Told()
            for truth in _truths(delay, runs):
                seen = math.ceil(truth / every) * every
                theirs.widths.append(every)
                theirs.errors.append(seen - truth)
                theirs.looks.append(seen / every + 1)
            _told(report, f"virtual clock, {delay:g} s", ours, theirs)
        for delay in REAL_S:
            ours = _watched(delay, real + _LEARNS, virtual=False)
            theirs = _polled(delay, real, delay / median(ours.looks))
            _told(report, f"real clock, {delay:g} s", ours, theirs)
        _dated(report, real)


def _dated(report: Report, runs: int) -> None:
    """The latency of alerts that come by a queue, beside when they were really sent to it."""
    with serve() as served:
        key = served.credentials["admin"]
        keys = Credentials(key.access_key_id, key.secret_access_key)
        aws = Aws(Connection("us-east-1", endpoint_url=served.url, credentials=keys), user_agent=_MINE)
        url = aws.client("sqs").create_queue(QueueName="alerts")["QueueUrl"]
        for delay in REAL_S:
            told = Told()
            for truth in _truths(delay, runs):
                sent, latency, hi = _alerted(aws, url, truth)
                told.errors.append(latency - sent)
                told.outside += not -_MS <= latency - sent <= hi - sent
            what = f"an alert queue, {delay:g} s"
            errors = [error * 1000 for error in told.errors]
            report.add(Figure(f"{what}: error", "chaoskit", "ms", errors, (), "neither"))
            report.goal(
                f"{what}: runs that tell it before it was sent, or after it was seen", told.outside, most=0
            )


def _alerted(aws: Aws, url: str, after: float) -> tuple[float, float, float]:
    """Seconds until an alert was sent, the latency that is told of it, and until it was seen."""
    clock, times = SystemClock(), list[datetime]()
    run, quiet = cast("Any", _Run(clock)), cast("Any", _Quiet())
    began, queue = run.began[0], aws.client("sqs")
    body = json.dumps({"userAgent": f"boto3 {_MINE}", "number": began.isoformat()})

    def alert() -> None:
        times.append(clock.now())
        queue.send_message(QueueUrl=url, MessageBody=body)

    probe = QueueMessage(queue=url, match=f"number == '{began.isoformat()}'")
    item = ExpectationResult(Expectation(Role.DETECTION, probe, Duration(120)))
    timer = threading.Timer(after, alert)
    timer.start()
    Observer([item], run, aws, watch=run, timeline=quiet, clock=clock).observe()
    timer.join()
    if item.latency_interval is None or item.latency_s is None:
        raise RuntimeError(f"the alert was not seen: {item.summary}")
    return (times[0] - began).total_seconds(), item.latency_s, item.latency_interval.hi


def _truths(delay: float, runs: int) -> list[float]:
    chance = random.Random(round(delay * 1000))  # noqa: S311 - the same at each run
    return [delay * (1 + chance.uniform(-_VARIES, _VARIES)) for _ in range(runs)]


def _watched(delay: float, runs: int, *, virtual: bool) -> Told:
    told, earlier = Told(), list[Interval]()
    for number, truth in enumerate(_truths(delay, runs)):
        clock = Virtual() if virtual else SystemClock()
        run, quiet = cast("Any", _Run(clock)), cast("Any", _Quiet())
        detector = Detector(clock, run.began[0] + timedelta(seconds=truth))
        item = ExpectationResult(Expectation(Role.DETECTION, detector, Duration(120)))
        Observer(
            [item], run, run, watch=run, timeline=quiet, clock=clock, earlier=lambda _: earlier[:_KNOWN]
        ).observe()
        found, latency = item.latency_interval, item.latency_s
        if found is None or latency is None:
            raise RuntimeError(f"the detector was not seen: {item.summary}")
        earlier.insert(0, found)
        told.outside += not found.lo - 1e-6 <= truth <= found.hi + 1e-6  # times have microseconds
        if number >= _LEARNS:
            told.widths.append(found.hi - found.lo)
            told.errors.append(latency - truth)
            told.looks.append(vars(detector)["looks"])
    return told


class _Quiet(Timeline):
    """A timeline that nobody reads."""

    def __init__(self) -> None:
        """Know of no result."""

    def add(self, event: str, detail: str) -> None:
        """Forget it."""


def _polled(delay: float, runs: int, every: float) -> Told:
    """The Chaos Toolkit's own tolerance, on the machine's clock."""
    peer = Path(__file__).with_name("chaostoolkit_peer.py")
    truths = _truths(delay, runs)
    ended = subprocess.run(
        [PEERS / "python", peer, "poll", str(every), *map(str, truths)],
        capture_output=True,
        text=True,
        check=True,
    )
    told = Told()
    for truth, (lo, hi, looks) in zip(truths, json.loads(ended.stdout), strict=True):
        told.widths.append(hi - lo)
        told.errors.append(hi - truth)
        told.looks.append(looks)
        told.outside += not lo <= truth <= hi
    return told


def _told(report: Report, what: str, ours: Told, theirs: Told) -> None:
    for who, told in (("chaoskit", ours), ("Chaos Toolkit", theirs)):
        ms = [width * 1000 for width in told.widths]
        report.add(Figure(f"{what}: width of the interval", who, "ms", ms))
        report.add(Figure(f"{what}: width of the interval", f"  {who}, looks", "looks", told.looks))
        errors = [error * 1000 for error in told.errors]
        report.add(Figure(f"{what}: width of the interval", f"  {who}, error", "ms", errors, (), "neither"))
    share = median(ours.widths) / median(theirs.widths)
    report.goal(f"{what}: width, share of the peer's with as many looks", share, most=_NARROWER)
    report.goal(f"{what}: runs whose interval does not hold the truth", ours.outside, most=0)


if __name__ == "__main__":
    chosen = options(__doc__, runs=40, real=12)
    main(chosen.runs, chosen.real)
