"""Counts what an experiment of a fleet asks of AWS, and how long it takes, in the embedded sandbox.

Run: `python benchmarks/fleet_measure.py [FILE]`; it writes `benchmarks/fleet_measured.json`, which
`benchmarks/fleet_model.py` reads. Six shipped experiments are run one by one with a journal in DynamoDB: with
telemetry that comes at once, and with the delays that AWS says it has, on a clock that skips them. At those
they wait out what they expect, which is the longest that they take. Every request is counted where it is
signed, the journal's with the capacity that DynamoDB charges for them.
"""
# ruff: noqa: T201 - a script: it prints

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from chaoskit import spec
from chaoskit.aws import Aws
from chaoskit.embedded import SkippingClock
from chaoskit.engine import run_set
from chaoskit.journal import dynamodb
from chaoskit.journal.store import Store
from chaoskit.journal.table import TABLE, whole
from chaoskit.places import sandboxes, target_in
from chaoskit.predict import Limiter, Lockouts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.embedded import Delays
    from chaoskit.target import Target

ROOT: Final = Path(__file__).parents[1]
MEASURED: Final = ROOT / "benchmarks" / "fleet_measured.json"
EXPERIMENTS: Final = (
    "application/leaked-key-invocation",
    "data/public-access-to-training-data",
    "identity/permissive-policy-on-training-role",
    "identity/foreign-trust-in-research",
    "data/research-trail-stopped",
    "network/open-security-group-in-research",
)
MADE_WITH: Final = ("AttributeDefinitions", "KeySchema", "BillingMode")
KIB: Final = 1024


@dataclass
class Counting:
    """Counts requests; safe to share between threads."""

    requests: Counter[str] = field(default_factory=Counter)
    mutex: threading.Lock = field(default_factory=threading.Lock)

    def spend(self, service: str, operation: str, account: str, region: str) -> None:
        """See `chaoskit.aws.Spending`."""
        del account, region
        with self.mutex:
            self.requests[f"{service}:{operation}"] += 1


class Charged(Store):
    """A table that counts the request units that on-demand capacity is charged by (DynamoDB pricing page)."""

    written = 0
    read = 0
    sizes: ClassVar[dict[str, int]] = {}

    def write(self, *actions: Mapping[str, Any]) -> None:
        """See `Store`. Each action is charged for its whole item, and in a transaction twice."""
        times = 1 if len(actions) == 1 and "ConditionCheck" not in actions[0] else 2
        super().write(*actions)
        for ((_, asked),) in (each.items() for each in actions):
            item = asked.get("Item") or asked["Key"]
            key = json.dumps([item["pk"], item["sk"]])
            more = len(json.dumps(asked.get("ExpressionAttributeValues", {})))
            size = len(json.dumps(asked["Item"])) if "Item" in asked else Charged.sizes.get(key, more)
            Charged.sizes[key] = size
            Charged.written += times * math.ceil(size / KIB)

    def number(self, counter: tuple[str, str]) -> int:
        """See `Store`."""
        Charged.written += 1
        return super().number(counter)

    def get(self, key: tuple[str, str]) -> dict[str, Any] | None:
        """See `Store`."""
        found = super().get(key)
        Charged.read += max(1, math.ceil(len(json.dumps(found)) / (4 * KIB)))
        return found

    def query(self, pk: str, begins: str = "") -> list[dict[str, Any]]:
        """See `Store`."""
        found = super().query(pk, begins)
        Charged.read += max(1, math.ceil(len(json.dumps(found)) / (4 * KIB)))
        return found


def measured(delays: Delays) -> dict[str, Any]:
    """Run the experiments; what each asked, and how long it took."""
    found: dict[str, Any] = {}
    with sandboxes().own(delays) as own:
        place = target_in(own)
        if delays == "realistic":
            place = replace(place, clock=SkippingClock(own))
        client = Aws(place.connection).client("dynamodb")
        client.create_table(TableName="journal", **{key: TABLE[key] for key in MADE_WITH})
        for name in EXPERIMENTS:
            found[name] = one(name, place)
            print(
                "{}, {delays}: {verdict}, {seconds} s, {total} requests, {rows} of the journal "
                "({journal_writes} WRU, {journal_reads} RRU), {cpu_seconds} s of CPU".format(
                    name,
                    delays=delays,
                    total=sum(found[name]["requests"].values()),
                    rows=sum(found[name]["journal_requests"].values()),
                    **found[name],
                )
            )
    return found


def one(name: str, place: Target) -> dict[str, Any]:
    """Run one experiment as a worker does: under a lease on its account."""
    calls, rows = Counting(), Counting()
    Charged.written = Charged.read = 0
    target = replace(place, connection=replace(place.connection, budget=calls))
    experiments = spec.load([ROOT / "experiments" / f"{name}.yaml"], target.variables)
    table = replace(place.connection, budget=rows)
    busy = time.process_time()
    with dynamodb.DynamoJournal("journal", table, account=place.account) as journal:
        journal.hold({whole(place.account)}, "task", 7200)
        limits, lockouts = Limiter(target), Lockouts(target)
        results = run_set(experiments, target, journal, clock=target.clock, limits=limits, lockouts=lockouts)
        journal.release("task")
    busy = time.process_time() - busy
    (result,) = results.results
    lasted = (result.finished - result.started).total_seconds()  # type: ignore[operator] # it ended
    return {
        "verdict": str(result.verdict),
        "seconds": round(lasted, 1),
        "cpu_seconds": round(busy, 2),
        "requests": dict(sorted(calls.requests.items())),
        "journal_requests": dict(sorted(rows.requests.items())),
        "journal_writes": Charged.written,
        "journal_reads": Charged.read,
    }


def main() -> None:
    """Measure, and write it down."""
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else MEASURED
    vars(dynamodb)["Store"] = Charged
    kinds: tuple[Delays, ...] = ("instant", "realistic")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CHAOSKIT_HOME"] = folder
        found = {delays: measured(delays) for delays in kinds}
    where.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
