"""How many experiments a second one process runs, and whether one costs the same as all grows ten-fold.

Each experiment attaches a policy to a role of its own, sees it and takes it off again, with all that a run
does: roles, leases, dead-man's switch, journal. The sandbox answers from its own process; what an experiment
costs is this process's processor time, since the sandbox's is another and waiting is nobody's. Then the
history, the catalog and the number of accounts grow ten-fold: the cost of one experiment should stay within
20 %. There is no peer: the Chaos Toolkit runs one experiment at a time, see `overhead`.

Run: `python -m benchmarks.throughput [--experiments N] [--accounts N]`.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any, Final

from benchmarks.lab import client, sandbox_up
from benchmarks.measure import Figure, median, memory_of, options, reporting, spent_by, timed
from benchmarks.overhead import POLICY
from chaoskit import spec
from chaoskit.api import opened
from chaoskit.aws import Connection, Credentials
from chaoskit.engine import run_set
from chaoskit.history import History
from chaoskit.home import history_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.measure import Report
    from chaoskit.api import Lab
    from chaoskit.embedded import Instance
    from chaoskit.experiment import Experiment
    from chaoskit.result import Results
    from chaoskit.target import Target

_JOBS: Final = (1, 4, 16, 64)
_GROWN: Final = 10
_FLAT: Final = 1.2
_ROUNDS: Final = 5
_TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
_FILE: Final = """\
id: on-{name}
title: A managed policy on a role is seen, and taken off again
owner: benchmarks
layer: identity
hypothesis: A policy that is attached to the role shows within a minute.
blast_radius:
  {{accounts: ["${{sandbox.account}}"], regions: ["${{sandbox.region}}"], max_duration: 5m, max_changes: 1}}
steady_state:
  - iam.policy-not-attached: {{role: {name}, policy: "{policy}"}}
faults:
  - iam.attach-role-policy: {{role: {name}, policy: "{policy}"}}
expect:
  - detection: {{iam.policy-attached: {{role: {name}, policy: "{policy}"}}}}
    within: 60s
"""


def main(experiments: int = 64, accounts: int = 200) -> None:
    """Print the figures."""
    with reporting("throughput") as report, sandbox_up() as (sandbox, home), opened("embedded") as lab:
        iam = client(sandbox, "iam")
        for number in range(experiments):
            iam.create_role(RoleName=_role(number), AssumeRolePolicyDocument=json.dumps(_TRUST))
        loaded = lab.load(_written(home / "catalog", experiments))
        _at_once(report, lab, sandbox, loaded)
        _history(report, lab, loaded[:8])
        _catalog(report, home, experiments)
        _accounts(report, lab, sandbox, accounts)


def _role(number: int) -> str:
    return f"bench-{number:04}"


def _written(folder: Path, count: int) -> Path:
    """So many experiments, which say where they lie: a content that was read before is not parsed again."""
    folder.mkdir(exist_ok=True)
    for number in range(count):
        name = _role(number)
        text = f"# {folder}\n{_FILE.format(name=name, policy=POLICY)}"
        (folder / f"on-{name}.yaml").write_text(text, "utf-8")
    return folder


def _passed(results: Results) -> None:
    verdicts = Counter(str(each.verdict) for each in results.results)
    if set(verdicts) != {"PASSED"}:
        odd = next(each for each in results.results if each.verdict != "PASSED")
        raise RuntimeError(f"{dict(verdicts)}: {odd.experiment.id}: {odd.reason}")


def _at_once(report: Report, lab: Lab, sandbox: Instance, loaded: Sequence[Experiment]) -> None:
    _passed(lab.run(loaded[:4], jobs=4))
    before = memory_of(os.getpid())
    for jobs in _JOBS:
        some = loaded[: min(len(loaded), max(8, jobs))]
        began, worked, served = perf_counter(), process_time(), spent_by(sandbox.pid)
        results = lab.run(some, jobs=jobs)
        took = perf_counter() - began
        _passed(results)
        what = f"-j {jobs}"
        cost = (process_time() - worked) * 1000 / len(some)
        theirs = (spent_by(sandbox.pid) - served) * 1000 / len(some)
        report.add(Figure(what, "chaoskit, experiments", "/s", [len(some) / took], (), "more"))
        report.add(Figure(what, "chaoskit, one experiment", "ms cpu", [cost]))
        report.add(Figure(what, "the sandbox, one experiment", "ms cpu", [theirs], (), "neither"))
    ran = sum(min(len(loaded), max(8, jobs)) for jobs in _JOBS)
    grown = (memory_of(os.getpid()) - before) / ran
    report.add(Figure("memory that a run leaves", "chaoskit", "MB", [max(grown, 0.0)], (), "neither"))
    report.add(Figure("memory of the process", "chaoskit", "MB", [memory_of(os.getpid())]))


def _history(report: Report, lab: Lab, some: Sequence[Experiment]) -> None:
    """One experiment's cost, and keeping its result, with a history of 100 runs and of ten times as many."""
    history, kept = History(history_path()), lab.run(some)
    _passed(kept)
    document, costs, keeping, begun = kept.dump(), [], [], 0
    for size in (100, 100 * _GROWN):
        for number in range(begun, size):
            earlier = {
                **document,
                "run_id": f"20200101T000000-{number:06}",
                "started": "2020-01-01T00:00:00.000Z",
            }
            history.keep(earlier)
        begun = size
        _, spent = timed(lambda: lab.run(some), _ROUNDS, each=1)
        costs.append([each / len(some) for each in spent])
        _, spent = timed(lambda: history.keep(document), _ROUNDS * 5)
        keeping.append(spent)
    for size, cost, keep in zip((100, 100 * _GROWN), costs, keeping, strict=True):
        report.add(Figure(f"history of {size} runs", "chaoskit, one experiment", "ms cpu", cost))
        report.add(Figure(f"history of {size} runs", "chaoskit, keep a result", "ms cpu", keep))
    _flat(report, "history and journal", costs)


def _catalog(report: Report, home: Path, count: int) -> None:
    costs = []
    for size in (count, count * _GROWN):
        folders = [_written(home / f"catalog-{size}-{number}", size) for number in range(_ROUNDS)]
        spent = [timed(partial(spec.load, [folder]), 1)[1][0] for folder in folders]
        costs.append([each / size for each in spent])
        report.add(Figure(f"catalog of {size} experiments", "chaoskit, one, read", "ms cpu", costs[-1]))
    _flat(report, "catalog", costs)


def _accounts(report: Report, lab: Lab, sandbox: Instance, most: int) -> None:
    """One experiment in each of several accounts of the organization, at most four at a time."""
    targets: list[Target] = []
    costs = []
    file = Path(os.environ["CHAOSKIT_HOME"]) / "catalog" / f"on-{_role(0)}.yaml"

    def one(target: Target) -> None:
        (loaded,) = spec.load([file], target.variables)
        _passed(run_set([loaded], target, lab.journal, clock=target.clock, deadman=False))

    first = max(most // _GROWN, 1)
    for size in (first, most):
        targets += [_account(lab, sandbox, number) for number in range(len(targets), size)]

        began, worked = perf_counter(), process_time()
        with ThreadPoolExecutor(min(4, first)) as pool:
            list(pool.map(one, targets))
        cost = (process_time() - worked) * 1000 / size
        what = f"{size} accounts"
        report.add(Figure(what, "chaoskit, experiments", "/s", [size / (perf_counter() - began)], (), "more"))
        report.add(Figure(what, "chaoskit, one experiment", "ms cpu", [cost]))
        costs.append([cost])
    _flat(report, "accounts", costs)


def _account(lab: Lab, sandbox: Instance, number: int) -> Target:
    """A new account of the organization with the role of the experiment, as its administrator."""
    above = lab.client("organizations", management=True)
    made = above.create_account(Email=f"bench-{number}@example.com", AccountName=f"bench-{number}")
    account = made["CreateAccountStatus"]["AccountId"]
    keys = lab.client("sts", management=True).assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole", RoleSessionName="bench"
    )["Credentials"]
    given = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    connection = Connection(sandbox.region, endpoint_url=sandbox.url, credentials=given)
    target = replace(
        lab.place,
        connection=connection,
        account=account,
        allowed_accounts=frozenset({account}),
        variables={**lab.place.variables, "sandbox.account": account},
        role_arn=None,
        read_role_arn=None,
        undo_role_arn=None,
    )
    aws: Any = target.open("bench", "bench", 0)
    aws.client("iam").create_role(RoleName=_role(0), AssumeRolePolicyDocument=json.dumps(_TRUST))
    return target


def _flat(report: Report, what: str, costs: Sequence[Sequence[float]]) -> None:
    share = median(costs[1]) / median(costs[0])
    report.goal(f"{what} ten times as large: cost of one experiment, times", share, most=_FLAT)


if __name__ == "__main__":
    chosen = options(__doc__, experiments=64, accounts=200)
    main(chosen.experiments, chosen.accounts)
