"""A fleet to try things on: its organization, runs of it, and workers in this process or in their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chaoskit.aws import Connection, Credentials
from chaoskit.fleet.plan import Plan
from chaoskit.fleet.runs import Runs
from chaoskit.fleet.tasks import Tasks
from chaoskit.fleet.tooling import Tooling
from chaoskit.fleet.worker import Drain, Worked, Worker
from chaoskit.journal.dynamodb import DynamoJournal
from chaoskit.journal.store import Store
from chaoskit.slo import SystemClock
from chaoskit.spec import fleet as files
from tests.fleet.organization import EXPERIMENTS, JOURNAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import boto3

    from chaoskit.fleet.runs import State
    from chaoskit.journal import Entry
    from chaoskit.sandbox.server import Served
    from tests.fleet.organization import Organization

_PATIENCE_S = 60.0
_LOOK_S = 0.2


@dataclass(frozen=True)
class Yard:
    organization: Organization
    served: Served
    folder: Path

    @cached_property
    def tooling(self) -> Tooling:
        region, url = self.organization.region, self.organization.url
        credentials = _keys(self.organization.tooling)
        return Tooling.of(Connection(region, endpoint_url=url, credentials=credentials))

    @property
    def management(self) -> Credentials:
        return _keys(self.organization.management)

    @cached_property
    def tasks(self) -> Tasks:
        return Tasks(Store(self.tooling.table, self.tooling.connection))

    def file(self, name: str, experiments: Sequence[str], accounts: Sequence[str], **more: Any) -> Path:
        """A fleet file."""
        path = self.folder / f"{name}.yaml"
        document = {
            "id": name,
            "title": "A fleet of tests",
            "owner": "tests",
            "region": self.organization.region,
            "experiments": [str(EXPERIMENTS / f"{each}.yaml") for each in experiments],
            "accounts": list(accounts),
            "heartbeat": "1m",
            "timeout": "1h",
            **more,
        }
        path.write_text(json.dumps(document))
        return path

    def plan(self, name: str, experiments: Sequence[str], accounts: Sequence[str], **more: Any) -> Plan:
        """A plan of a run."""
        path = self.file(name, experiments, accounts, **more)
        return Plan.of(files.load(path), accounts, SystemClock().now())

    def work(self, tasks: int) -> list[Worked]:
        """What a worker in this process makes of so many tasks."""
        drain, done = Drain(), list[Worked]()

        def told(worked: Worked) -> None:
            done.append(worked)
            if len(done) == tasks:
                drain.request("that were all")

        Worker(self.tooling, [EXPERIMENTS], drain, told=told, idle_s=20).work()
        return done

    def ended(self, run: str) -> State:
        """The run, once no execution of it goes on."""
        runs = Runs(self.tooling)
        self.until(lambda: not runs.state(run).going, "the run's end")
        return runs.state(run)

    def is_sent(self) -> bool:
        """Whether a task waits in the queue."""
        about = self.organization.client("sqs").get_queue_attributes(
            QueueUrl=self.tooling.queue, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return bool(about["Attributes"]["ApproximateNumberOfMessages"] != "0")

    def open_faults(self) -> list[Entry]:
        with DynamoJournal(self.tooling.table, self.tooling.connection, readonly=True) as journal:
            return journal.open_faults()

    def attached(self, account: str) -> list[str]:
        """The policies of the role that is experimented on."""
        found = self.organization.member(account, "iam").list_attached_role_policies(RoleName="ml-training")
        return [each["PolicyArn"] for each in found["AttachedPolicies"]]

    def injections(self, account: str, event: str = "AttachRolePolicy") -> int:
        """How often the role that injects made this call, by the account's audit trail."""
        where = [{"AttributeKey": "EventName", "AttributeValue": event}]
        events = self.organization.member(account, "cloudtrail").lookup_events(LookupAttributes=where)[
            "Events"
        ]
        callers = [json.loads(each["CloudTrailEvent"])["userIdentity"].get("arn", "") for each in events]
        return sum("/chaoskit-fleet-inject/" in caller for caller in callers)

    def let_a_minute_pass(self, account: str) -> None:
        """What a minute without a sign of life lets others do: see its message, and take its leases over."""
        self.served.cloud.clock.advance(60)
        items = self.organization.client("dynamodb")
        where = {":pk": {"S": f"account#{account}"}, ":sk": {"S": "grant#"}}
        condition = "pk = :pk AND begins_with(sk, :sk)"
        found = items.query(
            TableName=JOURNAL, KeyConditionExpression=condition, ExpressionAttributeValues=where
        )
        for grant in found["Items"]:
            grant["until"] = {"S": "2000-01-01T00:00:00+00:00"}
            items.put_item(TableName=JOURNAL, Item=grant)

    @contextmanager
    def worker(self, name: str) -> Iterator[subprocess.Popen[bytes]]:
        """A worker process, whose words are in `said`; it is killed at the end of the block, if it lives."""
        home = {"CHAOSKIT_HOME": str(self.folder / name), "PYTHONUNBUFFERED": "1"}
        folders = (str(EXPERIMENTS), str(EXPERIMENTS.with_name("endless")))
        with self._log(name).open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "chaoskit", "worker", *folders],
                env={**os.environ, **self.organization.environment, **home},
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def said(self, name: str) -> str:
        """What a worker process has said."""
        return self._log(name).read_text("utf-8")

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    @staticmethod
    def until(holds: Callable[[], Any], what: str) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + _PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline, f"{what} did not come"
            time.sleep(_LOOK_S)


def _keys(session: boto3.Session) -> Credentials:
    keys = session.get_credentials().get_frozen_credentials()
    return Credentials(keys.access_key, keys.secret_key)
