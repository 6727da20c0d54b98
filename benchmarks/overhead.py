"""What a run costs beside the Chaos Toolkit, and beside the calls alone: one experiment, one sandbox.

Steady state, attach a policy to a role, observe it, detach it, verify. `plain` is chaoskit without what the
Chaos Toolkit does not do either (the dead-man's switch, the prediction). Turns are taken, so that whatever
else the machine does disturbs all alike. The calls of a warm run are listed by phase, and those that were
made twice with no change between. Then the very same calls are made by boto3 alone.

Run: `python -m benchmarks.overhead [--rounds N]`; the peers' environment is `.venv-peers`.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

import chaoskit
from benchmarks import chaostoolkit_peer
from benchmarks.lab import PEERS, client, environment, sandbox_up
from benchmarks.measure import Figure, median, options, reporting, tell, timed
from benchmarks.own_part import calls_made_by, own_part
from chaoskit.api import open_target, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from benchmarks.measure import Report
    from chaoskit.embedded import Instance
    from chaoskit.result import Event, Result

POLICY: Final = "arn:aws:iam::aws:policy/ReadOnlyAccess"
EXPERIMENT: Final = f"""\
id: overhead
title: A managed policy on a role is seen, and taken off again
owner: benchmarks
layer: identity
hypothesis: A policy that is attached to the training role shows within a minute.
blast_radius:
  {{accounts: ["${{sandbox.account}}"], regions: ["${{sandbox.region}}"], max_duration: 5m, max_changes: 1}}
steady_state:
  - iam.policy-not-attached: {{role: "${{workload.training_role}}", policy: "{POLICY}"}}
faults:
  - iam.attach-role-policy: {{role: "${{workload.training_role}}", policy: "{POLICY}"}}
expect:
  - detection: {{iam.policy-attached: {{role: "${{workload.training_role}}", policy: "{POLICY}"}}}}
    within: 60s
"""
PLAIN: Final = {"predict": False, "deadman": False}
_ENDS: Final = {"ready": "prepare", "applied": "inject", "met": "observe", "verdict": "restore"}
_RAW: Final = """\
import boto3
iam, role, arn = boto3.client("iam"), {role!r}, {arn!r}
for step in ("list", "attach", "list", "detach", "list"):
    if step == "list":
        iam.list_attached_role_policies(RoleName=role)
    else:
        getattr(iam, step + "_role_policy")(RoleName=role, PolicyArn=arn)
"""
_REPEATED: Final = """\
import json, sys
from pathlib import Path
import boto3
from botocore import xform_name
from botocore.exceptions import ClientError
clients = {}
for service, operation, params in json.loads(Path(sys.argv[1]).read_text("utf-8")):
    client = clients.get(service) or clients.setdefault(service, boto3.client(service))
    try:
        getattr(client, xform_name(operation))(**params)
    except ClientError:
        pass
"""
_READS: Final = ("Get", "List", "Describe", "Head", "Lookup", "Simulate")


@dataclass(slots=True)
class Heard:
    """Calls as botocore makes them, by the phase that they belong to."""

    calls: list[tuple[str, str, str, str]] = field(default_factory=list)
    made: list[Callable[[], Any]] = field(default_factory=list)
    _since: int = 0

    def listen(self, result: Result, event: Event) -> None:
        """What was called before the event belongs to the phase that it ends."""
        del result
        if phase := _ENDS.get(event.event):
            self.calls[self._since :] = [(phase, *call[1:]) for call in self.calls[self._since :]]
            self._since = len(self.calls)

    @contextmanager
    def hearing(self) -> Iterator[None]:
        """For a block."""

        def listening(make: Any) -> Any:
            def heard(client: Any, operation: str, params: Mapping[str, Any]) -> Any:
                service = client.meta.service_model.service_name
                told = json.dumps(params, sort_keys=True, default=str)
                self.calls.append(("after", service, operation, told))
                # Clients are shared: whose call it is, its context knows.
                self.made.append(partial(copy_context().run, make, client, operation, params))
                return make(client, operation, params)

            return heard

        with calls_made_by(listening):
            yield

    def repeated(self) -> list[str]:
        """Reads that were made before, with no change since."""
        known: set[tuple[str, ...]] = set()
        found = []
        for _, *call in self.calls:
            if not call[1].startswith(_READS):
                known.clear() if call[0] != "sts" else None
            elif tuple(call) in known:
                found.append(f"{call[0]}:{call[1]}")
            known.add(tuple(call))
        return found


def main(rounds: int = 5, warm: int = 20) -> None:
    """Print the figures."""
    with reporting("overhead") as report, sandbox_up() as (sandbox, home):
        with open_target("embedded") as target:
            role = target.variables["workload.training_role"]
        ours, theirs = home / "overhead.yaml", home / "overhead.json"
        ours.write_text(EXPERIMENT, "utf-8")
        theirs.write_text(json.dumps(chaostoolkit_peer.experiment(role, POLICY, sandbox.region)), "utf-8")
        _whole(report, sandbox, home, role, rounds)
        _warm(report, sandbox, ours, theirs, warm)


def _whole(report: Report, sandbox: Instance, home: Path, role: str, rounds: int) -> None:
    run = [sys.executable, "-m", "chaoskit", "run", str(home / "overhead.yaml")]
    quiet = ["--no-version-check", "--no-log-file", "--settings", str(home / "settings.yaml")]
    commands = {
        "chaoskit": run,
        "chaoskit, plain": [*run, "--no-predict", "--no-deadman"],
        "Chaos Toolkit": [
            *(str(PEERS / "chaos"), *quiet, "run", str(home / "overhead.json")),
            *("--journal-path", str(home / "journal.json")),
        ],
        "boto3, the five calls": [sys.executable, "-c", _RAW.format(role=role, arn=POLICY)],
        "boto3, the calls of chaoskit": [sys.executable, "-c", _REPEATED, str(home / "calls.json")],
    }
    (home / "calls.json").write_text(json.dumps(_all_calls(home / "overhead.yaml")), "utf-8")
    there = {**environment(sandbox), "PYTHONPATH": str(Path(__file__).parent)}
    ours = {**environment(sandbox), "AWS_ENDPOINT_URL": ""}
    told = _in_turns(
        {
            name: partial(_process, command, ours if name.startswith("chaoskit") else there, home)
            for name, command in commands.items()
        },
        rounds,
    )
    for name, (wall_s, spent_s) in told.items():
        report.add(Figure("whole process", name, "s", wall_s, spent_s))
    peer = median(told["Chaos Toolkit"][1])
    for name in ("chaoskit", "chaoskit, plain"):
        share = median(told[name][1]) / peer
        report.goal(f"{name}: whole process, share of the Chaos Toolkit's processor time", share, most=0.5)
        share = median(told[name][0]) / median(told["Chaos Toolkit"][0])
        report.goal(f"{name}: whole process, share of the Chaos Toolkit's wall time", share, most=0.5)
    share = median(told["chaoskit"][1]) / median(told["boto3, the calls of chaoskit"][1])
    report.goal(
        "chaoskit: whole process, beside its calls by boto3 alone, by processor time", share, most=1.5
    )


def _all_calls(experiment: Path) -> list[tuple[str, str, Any]]:
    """What the command calls, prediction and all: service, operation and parameters."""
    heard = Heard()
    with heard.hearing():
        chaoskit.run(experiment)
    return [(service, operation, json.loads(params)) for _, service, operation, params in heard.calls]


def _process(command: list[str], where: Mapping[str, str], folder: Path) -> tuple[float, float]:
    def children() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    said = {name: value for name, value in where.items() if value}
    began, spent = perf_counter(), children()
    ended = subprocess.run(command, env=said, cwd=folder, capture_output=True, text=True, check=False)
    took = perf_counter() - began, children() - spent
    if ended.returncode:
        raise RuntimeError(f"{command} ended with {ended.returncode}:\n{ended.stdout}\n{ended.stderr}")
    return took


def _warm(report: Report, sandbox: Instance, ours: Path, theirs: Path, rounds: int) -> None:
    heard = {"chaoskit": Heard(), "chaoskit, plain": Heard()}
    works: dict[str, Callable[[], None]] = {}
    with opened("embedded") as lab:
        experiments = lab.load(ours)
        for name, calls in heard.items():
            deadman = name == "chaoskit"

            def run(*, deadman: bool = deadman) -> None:
                assert lab.run(experiments, deadman=deadman).exit_code == 0  # noqa: S101 - else nothing is timed

            run()
            with calls.hearing():
                lab.run(experiments, listener=calls.listen, deadman=deadman)
            works[name] = run
            works[f"boto3, the calls of {name}"] = _replay(calls)
        works["boto3, the five calls"] = _raw(sandbox, json.loads(theirs.read_text("utf-8")))
        taken = _in_turns({name: partial(_once, work) for name, work in works.items()}, rounds)
        own_part(report, works["chaoskit"], rounds)
    peer = subprocess.run(
        [PEERS / "python", Path(__file__).with_name("chaostoolkit_peer.py"), "run", theirs, str(rounds)],
        env={**environment(sandbox), "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        check=True,
        cwd=ours.parent,
    )
    said = json.loads(peer.stdout)
    taken["Chaos Toolkit"] = said["wall"], said["processor"]
    for name, (wall, spent) in taken.items():
        report.add(Figure("warm, in one process", name, "ms", wall, spent))
    for name in heard:
        share = median(taken[name][0]) / median(taken[f"boto3, the calls of {name}"][0])
        report.goal(f"{name}: warm, beside the same calls by boto3 alone", share, most=1.15)
        share = median(taken[name][1]) / median(taken[f"boto3, the calls of {name}"][1])
        report.goal(f"{name}: warm, beside them, by processor time", share, most=1.15)
    _list(report, heard, said["calls"])


def _once(work: Callable[[], None]) -> tuple[float, float]:
    (wall,), (spent,) = timed(work, 1)
    return wall, spent


def _in_turns(
    works: Mapping[str, Callable[[], tuple[float, float]]], rounds: int
) -> dict[str, tuple[list[float], list[float]]]:
    """Wall and processor times of each, which take turns; the first round fills caches.

    Each turn has another order: who always comes after the same calls would find the caches warm.
    """
    taken: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in works}
    order, chance = list(works), Random(rounds)  # noqa: S311 - no secret
    for turn in range(rounds + 1):
        chance.shuffle(order)
        for name in order:
            wall, spent = works[name]()
            if turn:
                taken[name][0].append(wall)
                taken[name][1].append(spent)
    return taken


def _raw(sandbox: Instance, given: Mapping[str, Any]) -> Callable[[], None]:
    asked = given["method"][0]["provider"]["arguments"]
    iam, role, arn = client(sandbox, "iam"), asked["role_name"], asked["arn"]

    def work() -> None:
        iam.list_attached_role_policies(RoleName=role)
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
        iam.list_attached_role_policies(RoleName=role)
        iam.detach_role_policy(RoleName=role, PolicyArn=arn)
        iam.list_attached_role_policies(RoleName=role)

    return work


def _replay(heard: Heard) -> Callable[[], None]:
    """The same calls by the same clients, which are warm: what AWS itself takes of a run."""

    def work() -> None:
        for call in heard.made:
            with suppress(ClientError):  # what is not there is asked for too
                call()

    return work


def _list(report: Report, heard: Mapping[str, Heard], peers: list[str]) -> None:
    tell("\ncalls of a warm run, by phase")
    for name, calls in heard.items():
        report.add(Figure("calls of a warm run", name, "calls", [len(calls.calls)]))
        for phase in ("prepare", "inject", "observe", "restore", "after"):
            made = Counter(f"{service}:{operation}" for p, service, operation, _ in calls.calls if p == phase)
            if made:
                report.note(f"{name}, {phase}: {sum(made.values())} calls: {_counted(made)}")
        again = calls.repeated()
        report.note(f"{name}, read again with no change between: {_counted(Counter(again)) or 'nothing'}")
        report.goal(f"{name}: reads made twice with no change between", len(again), most=0)
    report.add(Figure("calls of a warm run", "Chaos Toolkit", "calls", [len(peers)]))


def _counted(calls: Counter[str]) -> str:
    return ", ".join(call if times == 1 else f"{times} x {call}" for call, times in calls.items())


if __name__ == "__main__":
    chosen = options(__doc__, rounds=5, warm=20)
    main(chosen.rounds, chosen.warm)
