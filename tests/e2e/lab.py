"""A target to experiment on, and a clock that passes virtual minutes at once."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaoskit import spec
from chaoskit.embedded import UP
from chaoskit.engine import run_set
from chaoskit.journal import SqliteJournal

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator
    from datetime import datetime

    import boto3

    from chaoskit.embedded import Instance
    from chaoskit.result import Result
    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.server import Served
    from chaoskit.slo import Clock
    from chaoskit.target import Target

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "experiments"
# The three faults that chaoskit is named for; all others are run by tests/experiments.
CORE = sorted(
    SHIPPED / f"{name}.yaml"
    for name in (
        "application/leaked-key-invocation",
        "application/leaked-key-on-production-endpoint",
        "data/public-access-to-production-data",
        "data/public-access-to-training-data",
        "identity/permissive-policy-on-production-role",
        "identity/permissive-policy-on-training-role",
    )
)
# Expects a detection that this fault never causes, so the run watches until it is ended.
ENDLESS = """\
id: endless
title: A run that watches for a detection that never comes
owner: tests
layer: identity
hypothesis: It is ended from outside.
blast_radius:
  {accounts: ["${sandbox.account}"], regions: ["${sandbox.region}"], max_duration: 5m, max_changes: 1}
steady_state:
  - iam.policy-not-attached: {role: "${workload.production_training_role}"}
faults:
  - iam.attach-role-policy:
      {role: "${workload.training_role}", policy: arn:aws:iam::aws:policy/ReadOnlyAccess}
expect:
  - detection: {eventbridge.matched: {rule: chaoskit-public-bucket-acl}}
    within: 4m
"""
_SETTLES_WITHIN_S = 20.0


class SandboxClock:
    """The sandbox's own time: a wait lets its background work finish, then moves its clock on."""

    def __init__(self, cloud: Sandbox) -> None:
        self._cloud = cloud

    def now(self) -> datetime:
        return self._cloud.now()

    def monotonic(self) -> float:
        return self._cloud.now().timestamp()

    def wait(self, seconds: float, wake: threading.Event) -> bool:
        assert self._cloud.idle(_SETTLES_WITHIN_S), "the sandbox's responders hang"
        self._cloud.clock.advance(seconds)
        return wake.is_set()


@contextmanager
def up_in(home: Path, served: Served) -> Iterator[dict[str, Any]]:
    """Have the chaoskit of a home find a served sandbox as the one that is up; what it says of itself."""
    sandboxes = home / "sandboxes"
    sandboxes.mkdir()
    with (sandboxes / f"{UP}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        about = {"pid": os.getpid(), **served.describe(), "instance": UP, "workload": "ready"}
        (sandboxes / f"{UP}.json").write_text(json.dumps(about))
        yield about


@dataclass(frozen=True)
class Lab:
    """A target to experiment on, and administrators' clients to take its controls away with."""

    target: Target
    clock: Clock
    cloud: Sandbox
    member: boto3.Session
    management: boto3.Session
    url: str
    instance: Instance
    """The sandbox as chaoskit finds one: with its own way in, beside AWS's APIs."""

    def client(self, service: str) -> Any:
        return self.member.client(service, endpoint_url=self.url)

    def organization(self) -> Any:
        return self.management.client("organizations", endpoint_url=self.url)

    def run(self, experiment: str | Path, journal: Path) -> Result:
        """Run one experiment, shipped (by id) or from a file."""
        path = experiment if isinstance(experiment, Path) else next(SHIPPED.rglob(f"{experiment}.yaml"))
        experiments = spec.load([path], self.target.variables)
        with SqliteJournal(journal) as open_journal:
            results = run_set(experiments, self.target, open_journal, clock=self.clock)
            assert self.cloud.idle(_SETTLES_WITHIN_S)
            assert not open_journal.open_faults() or not results.results[0].restored
        return results.results[0]
