"""A fleet for real: accounts x experiments, workers that are killed, an engine that is started again.

`python -m benchmarks.fleet --accounts 200` (`make fleet ACCOUNTS=200`) makes an organization in an embedded
sandbox, runs five experiments in each account with four worker processes, kills one of them (-9) while it has
a fault in, stops the state machine's execution and starts another for the rest. Then it looks, by means that
are not the workers': every task has a result, the journal has nothing open, every account's own state and its
audit trail say that each fault was injected once at most and is gone. Exit status 1 when any of it is not so.
"""
# ruff: noqa: T201 - a script: it prints, nobody imports it, and it starts our own programs

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from chaoskit.aws import Connection, Credentials
from chaoskit.fleet.collect import collect
from chaoskit.fleet.runs import Runs
from chaoskit.fleet.tasks import Tasks
from chaoskit.fleet.tooling import Tooling
from chaoskit.journal.dynamodb import DynamoJournal
from chaoskit.journal.store import Store
from tests.fleet.organization import EXPERIMENTS, organize

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chaoskit.fleet.collect import Collected
    from tests.fleet.organization import Organization

INJECTING: Final = (
    "AttachRolePolicy",
    "PutRolePolicy",
    "UpdateRole",
    "PutBucketVersioning",
    "PutBucketPolicy",
)
"""The call of each of the five experiments, as CloudTrail names it."""
_LOOK_S: Final = 2.0
_OPEN: Final = re.compile(r"event='(applied|undone|verdict)'")


@dataclass
class Workers:
    """Worker processes, each with a log of its own."""

    folder: Path
    environment: Mapping[str, str]
    going: list[subprocess.Popen[bytes]] = field(default_factory=list)
    logs: dict[int, Path] = field(default_factory=dict)

    def start(self, count: int) -> None:
        """Start so many more."""
        for _ in range(count):
            number = len(self.logs)
            log = self.folder / f"worker-{number}.log"
            home = {"CHAOSKIT_HOME": str(self.folder / f"home-{number}"), "PYTHONUNBUFFERED": "1"}
            with log.open("wb") as out:
                process = subprocess.Popen(
                    [_chaoskit(), "-v", "worker", str(EXPERIMENTS)],
                    env={**os.environ, **self.environment, **home},
                    stdout=out,
                    stderr=out,
                )
            self.going.append(process)
            self.logs[process.pid] = log

    def kill_one_with_a_fault_in(self) -> str:
        """Kill -9 one that has injected and not undone; which fault that was."""
        while True:
            for process in self.going:
                process.send_signal(signal.SIGSTOP)
                said = self.logs[process.pid].read_text("utf-8", "replace").splitlines()
                last = next((line for line in reversed(said) if _OPEN.search(line)), "")
                if "event='applied'" in last:
                    process.kill()
                    process.wait()
                    self.going.remove(process)
                    return last.partition("run=")[2][:120]
                process.send_signal(signal.SIGCONT)
            time.sleep(0.01)

    def drain(self) -> None:
        """Ask all to end, and wait."""
        for process in self.going:
            process.terminate()
        for process in self.going:
            process.wait()
        self.going.clear()


@dataclass
class Fleet:
    """The organization, its tooling and its workers."""

    organization: Organization
    tooling: Tooling
    workers: Workers
    folder: Path

    def run(self, name: str, accounts: Sequence[str], concurrency: int) -> str:
        """Start a run of all experiments in these accounts; its id."""
        file = self.folder / f"{name}.yaml"
        file.write_text(
            json.dumps(
                {
                    "id": name,
                    "title": "The benchmark's fleet",
                    "owner": "benchmarks",
                    "region": self.organization.region,
                    "experiments": [str(EXPERIMENTS)],
                    "accounts": list(accounts),
                    "canary": 1,
                    "concurrency": concurrency,
                    "tolerated": 100,
                    "heartbeat": "30s",
                    "timeout": "12h",
                }
            )
        )
        return self.cli("fleet", "run", str(file)).partition(":")[0]

    def cli(self, *arguments: str) -> str:
        """What a command of chaoskit says."""
        environment = {**os.environ, **self.workers.environment, "CHAOSKIT_HOME": str(self.folder / "home")}
        done = subprocess.run(
            [_chaoskit(), *arguments], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"chaoskit {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def results(self, run: str) -> int:
        """How many results are there."""
        return sum(Runs(self.tooling).state(run).results.values())

    def wait(self, run: str, results: int = 10**9) -> float:
        """Wait until so many results are there, or the run is over; for how long it was waited."""
        begun = time.monotonic()
        told = -1
        while (state := Runs(self.tooling).state(run)).going and sum(state.results.values()) < results:
            done = sum(state.results.values())
            if done // 50 != told // 50:
                print(f"  {done} of {state.tasks} results after {time.monotonic() - begun:.0f} s", flush=True)
                told = done
            time.sleep(_LOOK_S)
        return time.monotonic() - begun


def main() -> int:
    """Run it; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument(
        "--scale", type=int, default=8, help="accounts of the runs that show scaling; 0 for none"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _sandbox(Path(folder)) as about:
        begun = time.monotonic()
        organization = organize(about, asked.accounts)
        print(f"{asked.accounts} accounts made in {time.monotonic() - begun:.0f} s", flush=True)
        fleet = _fleet(organization, Path(folder))
        try:
            if asked.scale:
                _scaling(fleet, asked.scale, asked.workers)
            return _proof(fleet, asked.workers)
        finally:
            fleet.workers.drain()


def _scaling(fleet: Fleet, accounts: int, workers: int) -> None:
    """The same run with one worker, then with all."""
    some = fleet.organization.accounts[:accounts]
    took = {}
    for count in (1, workers):
        fleet.workers.start(count - len(fleet.workers.going))
        took[count] = fleet.wait(fleet.run(f"scaling-{count}", some, count))
        tasks = len(some) * len(INJECTING)
        print(
            f"{count} workers: {tasks} tasks in {took[count]:.1f} s, {tasks / took[count]:.2f} a second",
            flush=True,
        )
    print(f"1 -> {workers} workers on {os.cpu_count()} cores: {took[1] / took[workers]:.2f} times as fast")


def _proof(fleet: Fleet, workers: int) -> int:
    before = {each: _injections(fleet.organization, each) for each in fleet.organization.accounts}
    fleet.workers.start(workers - len(fleet.workers.going))
    tasks = len(fleet.organization.accounts) * len(INJECTING)
    begun = time.monotonic()
    run = fleet.run("proof", fleet.organization.accounts, workers)
    fleet.wait(run, results=max(6, tasks // 10))
    print(f"killed -9 with a fault in: {fleet.workers.kill_one_with_a_fault_in()}", flush=True)
    fleet.workers.start(1)
    fleet.wait(run, results=tasks * 4 // 10)
    print(
        f"engine stopped at {fleet.results(run)} results: {fleet.cli('fleet', 'stop', run).strip()}",
        flush=True,
    )
    fleet.wait(run)
    fleet.cli("fleet", "run", str(fleet.folder / "proof.yaml"), "--again", run)
    fleet.wait(run)
    wall = time.monotonic() - begun
    found = _collected(fleet, run)
    return _told(fleet, found, before, tasks, wall)


def _told(fleet: Fleet, found: Collected, before: Mapping[str, Counter[str]], tasks: int, wall: float) -> int:
    results = found.document["results"]
    verdicts = Counter(each["verdict"] for each in results)
    with DynamoJournal(fleet.tooling.table, fleet.tooling.connection, readonly=True) as journal:
        still = len(journal.open_faults())
    dirty = [each for each in fleet.organization.accounts if _is_dirty(fleet.organization, each)]
    twice, injected = 0, 0
    for account in fleet.organization.accounts:
        now = _injections(fleet.organization, account) - before[account]
        injected += sum(now.values())
        twice += sum(count > 1 for count in now.values())
    checks = {
        f"results: {len(results) - len(found.missing)} of {tasks}": not found.missing
        and len(results) == tasks,
        f"verdicts: {dict(verdicts)}": verdicts["ERROR"] == 0 and verdicts["FAILED"] == 0,
        f"not restored by their results: {sum(not each['restored'] for each in results)}": all(
            each["restored"] for each in results
        ),
        f"faults open in the journal: {still}": still == 0,
        f"accounts that are not as they were: {len(dirty)}": not dirty,
        f"injected twice, by CloudTrail: {twice} (of {injected} injections)": twice == 0,
    }
    print(f"wall time: {wall:.0f} s, {tasks / wall:.2f} tasks a second")
    for line, good in checks.items():
        print(f"{'ok   ' if good else 'WRONG'} {line}")
    for line in found.missing:
        print(line)
    return 0 if all(checks.values()) else 1


def _collected(fleet: Fleet, run: str) -> Collected:
    tasks = Tasks(Store(fleet.tooling.table, fleet.tooling.connection))
    return collect(fleet.tooling, Runs(fleet.tooling).plan(run), tasks)


def _injections(organization: Organization, account: str) -> Counter[str]:
    """How often each call was made as the role that injects, by the account's own audit trail."""
    trail = organization.member(account, "cloudtrail")
    found: Counter[str] = Counter()
    for name in INJECTING:
        where = [{"AttributeKey": "EventName", "AttributeValue": name}]
        for page in trail.get_paginator("lookup_events").paginate(LookupAttributes=where):
            for event in page["Events"]:
                who = json.loads(event["CloudTrailEvent"])["userIdentity"]
                found[name] += "/chaoskit-fleet-inject/" in who.get("arn", "")
    return found


def _is_dirty(organization: Organization, account: str) -> bool:
    """Whether anything of a fault is left, by the account's own state."""
    iam, s3 = organization.member(account, "iam"), organization.member(account, "s3")
    role, bucket = "ml-training", f"ml-training-{account}"
    schedules = organization.member(account, "scheduler").list_schedules()["Schedules"]
    return bool(
        iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        or iam.list_role_policies(RoleName=role)["PolicyNames"] != ["all"]
        or iam.get_role(RoleName=role)["Role"]["MaxSessionDuration"] != 3600  # noqa: PLR2004 - IAM's default
        or s3.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled"
        or schedules
    )


def _fleet(organization: Organization, folder: Path) -> Fleet:
    keys = organization.tooling.get_credentials().get_frozen_credentials()
    credentials = Credentials(keys.access_key, keys.secret_key)
    connection = Connection(organization.region, endpoint_url=organization.url, credentials=credentials)
    tooling = Tooling.of(connection)
    return Fleet(organization, tooling, Workers(folder, organization.environment), folder)


@contextmanager
def _sandbox(folder: Path) -> Iterator[Mapping[str, Any]]:
    """A sandbox of its own, bare; it ends with the block, and with this process."""
    name = "fleet"
    command = [sys.executable, "-m", "chaoskit.sandbox", "--state-dir", str(folder), "--instance", name]
    with (folder / "sandbox.log").open("wb") as log:
        process = subprocess.Popen([*command, "--watch-stdin"], stdin=subprocess.PIPE, stdout=log, stderr=log)
    try:
        file = folder / f"{name}.json"
        while not file.exists():
            if process.poll() is not None:
                raise SystemExit((folder / "sandbox.log").read_text("utf-8"))
            time.sleep(0.05)
        yield json.loads(file.read_text("utf-8"))
        usage = Path(f"/proc/{process.pid}/status")
        if usage.exists():
            peak = next(line for line in usage.read_text().splitlines() if line.startswith("VmHWM"))
            print(f"sandbox memory, peak: {' '.join(peak.split()[1:])}")
    finally:
        if process.stdin:
            process.stdin.close()
        process.wait()


def _chaoskit() -> str:
    return str(Path(sys.executable).with_name("chaoskit"))


if __name__ == "__main__":
    sys.exit(main())
