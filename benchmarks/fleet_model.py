"""What binds a fleet at 10,000 accounts, and what 1,000 runs cost: a discrete-event simulation.

Run: `python -m benchmarks.fleet_model [MEASURED]`, with what `benchmarks/fleet_measure.py` wrote. A
Distributed Map hands out accounts x experiments, workers take them from a queue, one at a time for an
account, and each spends AWS's quotas as the measured experiments do. Nothing is asserted here.
"""
# ruff: noqa: T201 - a script: it prints

from __future__ import annotations

import heapq
import itertools
import json
import sys
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

MEASURED: Final = Path(__file__).parent / "fleet_measured.json"
SHARDS: Final = 16
HEARTBEAT_S: Final = 60.0
"""How often a worker tells Step Functions that a task goes on; an assumption of this model."""
JOURNAL_BEAT_S: Final = 20.0
"""How often it tells the journal, for the account and for the run (`chaoskit.journal.grants`)."""
TRANSITIONS: Final = 2
"""State transitions of a child: into its only task, and to its end; a retry or a choice takes more."""
MAP_CONCURRENCY: Final = 10_000
"""Children at a time when nothing else is said (Step Functions Developer Guide, "Using Map state in
Distributed mode")."""

LOOKUPS: Final = "CloudTrail LookupEvents of an account"
SESSIONS: Final = "STS sessions of the tooling account"
STATES: Final = "Step Functions state transitions"
CHILDREN: Final = "Step Functions StartExecution"
ANSWERS: Final = "Step Functions SendTaskSuccess"
BEATS: Final = "Step Functions SendTaskHeartbeat"
ENTRIES: Final = "DynamoDB, the item that numbers rows"
OPEN_ROWS: Final = "DynamoDB, a partition of open rows"
ONE_BY_ONE: Final = "one experiment at a time in an account"
SLOTS: Final = "the workers' slots"
PROCESSORS: Final = "the workers' processors"

QUOTAS: Final[dict[str, tuple[float, float]]] = {
    # AWS CloudTrail API Reference, "LookupEvents".
    LOOKUPS: (2, 2),
    # IAM User Guide, "IAM and AWS STS quotas": per account and region, in the caller's account.
    SESSIONS: (600, 600),
    # Step Functions Developer Guide, "Quotas" (N. Virginia): refill a second, bucket size.
    STATES: (1500, 5000),
    CHILDREN: (300, 1300),
    ANSWERS: (500, 3000),
    BEATS: (500, 3000),
    # DynamoDB Developer Guide, "Best practices for designing and using partition keys effectively".
    ENTRIES: (1000, 1000),
    OPEN_ROWS: (1000, 1000),
}
"""Tokens a second, and at once; SQS's standard queues have no such quota (SQS Developer Guide, "Quotas")."""

# US East (N. Virginia), in dollars: the pricing pages of Step Functions, SQS, DynamoDB (on-demand), Fargate
# and CloudWatch.
A_TRANSITION: Final = 0.025 / 1000
A_MESSAGE_REQUEST: Final = 0.40 / 1e6
A_WRITE: Final = 0.625 / 1e6
A_READ: Final = 0.125 / 1e6
A_WORKER_HOUR: Final = 0.04048 + 2 * 0.004445  # one vCPU and 2 GB
AN_ALARM_REQUEST: Final = 0.01 / 1000


@dataclass(frozen=True)
class Load:
    """What one experiment asks, on average."""

    seconds: float
    cpu_seconds: float
    sessions: float
    lookups: float
    alarms: float
    requests: float
    rows: float
    writes: float
    reads: float

    @classmethod
    def of(cls, measured: dict[str, Any]) -> Load:
        """The average of what was measured."""
        runs = list(measured.values())

        def average(*names: str, of: str = "requests") -> float:
            return float(sum(run[of].get(name, 0) for run in runs for name in names) / len(runs))

        def plain(name: str) -> float:
            return float(sum(run[name] for run in runs) / len(runs))

        return cls(
            plain("seconds"),
            plain("cpu_seconds"),
            average("sts:AssumeRole", "sts:GetCallerIdentity"),
            average("cloudtrail:LookupEvents"),
            average("cloudwatch:DescribeAlarms"),
            sum(sum(run["requests"].values()) for run in runs) / len(runs),
            # A row is closed by a transaction of its own.
            (average("dynamodb:TransactWriteItems", of="journal_requests") - 2) / 2,
            plain("journal_writes"),
            plain("journal_reads"),
        )


@dataclass
class Bucket:
    """A quota as tokens; what is missing is taken in advance and waited for."""

    a_second: float
    at_once: float
    full_at: float = 0.0
    used: float = 0.0
    waited: float = 0.0

    def take(self, now: float, count: float) -> float:
        """When so many tokens are there."""
        self.used += count
        self.full_at = max(self.full_at, now) + count / self.a_second
        ready = max(now, self.full_at - self.at_once / self.a_second)
        self.waited += ready - now
        return ready


@dataclass
class Fleet:
    """A run of a fleet, event by event."""

    load: Load
    accounts: int
    experiments: int
    workers: int
    slots: int
    buckets: dict[Any, Bucket] = field(default_factory=dict)
    busy_s: float = 0.0
    events: list[tuple[float, int, str, int]] = field(default_factory=list)
    number: itertools.count[int] = field(default_factory=itertools.count)
    waiting: Counter[int] = field(default_factory=Counter)
    """Queued tasks by account."""
    ready: deque[int] = field(default_factory=deque)
    """Accounts that have queued tasks and nobody at work."""
    working: set[int] = field(default_factory=set)

    def bucket(self, name: str, part: int = 0) -> Bucket:
        """The bucket of a quota; an account or a partition has its own."""
        return self.buckets.setdefault((name, part), Bucket(*QUOTAS[name]))

    def later(self, at: float, what: str, account: int) -> None:
        """Have something happen."""
        heapq.heappush(self.events, (at, next(self.number), what, account))

    def run(self) -> float:
        """How long it takes, in seconds."""
        self.buckets[PROCESSORS, 0] = Bucket(float(self.workers), float(self.workers))
        left = deque(account for _ in range(self.experiments) for account in range(self.accounts))
        now = 0.0
        for _ in range(min(MAP_CONCURRENCY, len(left))):
            self._child(now, left)
        while self.events:
            now, _, what, account = heapq.heappop(self.events)
            if what == "queued":
                self.waiting[account] += 1
                if account not in self.working and self.waiting[account] == 1:
                    self.ready.append(account)
            elif what == "beat":
                self.bucket(BEATS).take(now, 1)
            else:
                self.bucket(ANSWERS).take(now, 1)
                self.working.discard(account)
                if self.waiting[account]:
                    self.ready.append(account)
                self._child(now, left)
            while self.ready and len(self.working) < self.workers * self.slots:
                self._work(now, self.ready.popleft())
        return now

    def _child(self, now: float, left: deque[int]) -> None:
        """The map begins its next item, if there is one."""
        if left:
            begun = self.bucket(CHILDREN).take(now, 1)
            self.later(self.bucket(STATES).take(begun, TRANSITIONS), "queued", left.popleft())

    def _work(self, now: float, account: int) -> None:
        """A worker takes a task."""
        self.waiting[account] -= 1
        self.working.add(account)
        begun = self._begun(now, account)
        ends = begun + self.load.seconds
        self.busy_s += ends - now
        for beat in range(1, int(self.load.seconds / HEARTBEAT_S) + 1):
            self.later(begun + beat * HEARTBEAT_S, "beat", account)
        self.later(ends, "done", account)

    def _begun(self, now: float, account: int) -> float:
        """When a task that a worker takes has what it needs."""
        load = self.load
        return max(
            self.bucket(SESSIONS).take(now, load.sessions),
            self.bucket(ENTRIES).take(now, load.rows),
            self.bucket(OPEN_ROWS, account % SHARDS).take(now, load.writes),
            self.bucket(LOOKUPS, account).take(now, load.lookups),
            self.buckets[PROCESSORS, 0].take(now, load.cpu_seconds),
        )

    def shares(self, lasted: float) -> dict[str, float]:
        """How much of each thing was used, of all there was in that time; of several the busiest."""
        found: dict[str, float] = {
            SLOTS: self.busy_s / (self.workers * self.slots * lasted),
            ONE_BY_ONE: self.experiments * self.load.seconds / lasted,
        }
        for (name, _), each in self.buckets.items():
            found[name] = max(found.get(name, 0.0), each.used / (each.at_once + each.a_second * lasted))
        return found


def price(load: Load, slots: int) -> dict[str, float]:
    """What 1,000 runs cost in dollars, by what is paid for."""
    beats = 2 * load.seconds / JOURNAL_BEAT_S
    messages = 3 + load.seconds / HEARTBEAT_S  # sent, received, deleted; kept hidden while it is worked on
    return {
        "Step Functions, state transitions": 1000 * TRANSITIONS * A_TRANSITION,
        "DynamoDB, requests": 1000 * ((load.writes + beats) * A_WRITE + load.reads * A_READ),
        f"Fargate, {slots} slots on one vCPU and 2 GB": 1000 * load.seconds / slots / 3600 * A_WORKER_HOUR,
        "SQS, requests": 1000 * messages * A_MESSAGE_REQUEST,
        "CloudWatch, DescribeAlarms (in the accounts, before their free million)": 1000
        * load.alarms
        * AN_ALARM_REQUEST,
    }


def main() -> None:
    """Print the figures."""
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else MEASURED
    measured = json.loads(where.read_text("utf-8"))
    for delays, runs in measured.items():
        load = Load.of(runs)
        print(
            f"an experiment, {len(runs)} measured with {delays} telemetry: {load.seconds:.0f} s, "
            f"{load.cpu_seconds:.1f} s of CPU, {load.requests:.0f} requests ({load.sessions:.0f} of STS, "
            f"{load.lookups:.1f} LookupEvents), {load.rows:.0f} rows, {load.writes:.0f} WRU, "
            f"{load.reads:.0f} RRU"
        )
    print("\naccounts  workers x slots     time   what binds, and how much of it is used; then the next")
    load = Load.of(measured["realistic"])
    for accounts, workers, slots in (
        (200, 4, 50),
        (1_000, 20, 50),
        (10_000, 20, 50),
        (10_000, 100, 50),
        (10_000, 200, 50),
        (10_000, 1_000, 50),
    ):
        fleet = Fleet(load, accounts, 5, workers, slots)
        lasted = fleet.run()
        first, *others = sorted(fleet.shares(lasted).items(), key=lambda item: -item[1])
        told = ", ".join(f"{name} {share:.0%}" for name, share in others[:3])
        sized = f"{workers} x {slots}"
        print(f"{accounts:8}  {sized:>15}  {lasted / 60:4.0f} min  {first[0]} {first[1]:.0%}; {told}")
        waited: dict[str, float] = {}
        for (name, _), each in fleet.buckets.items():
            waited[name] = waited.get(name, 0.0) + each.waited / (accounts * 5)
        told = ", ".join(
            f"{name} {seconds:.1f} s"
            for name, seconds in heapq.nlargest(2, waited.items(), key=lambda item: item[1])
        )
        print(f"{'':39}a task waited on average for {told}")
    print("\n1,000 runs cost, in us-east-1:")
    total = 0.0
    for what, dollars in price(load, 50).items():
        total += dollars
        print(f"  ${dollars:6.3f}  {what}")
    print(f"  ${total:6.3f}  together")


if __name__ == "__main__":
    main()
