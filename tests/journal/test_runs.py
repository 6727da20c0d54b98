"""Runs and commands with a journal in DynamoDB, in the sandbox with the workload."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from chaoskit import spec
from chaoskit.api import left_open
from chaoskit.aws import Aws
from chaoskit.cli import main
from chaoskit.embedded import UP
from chaoskit.engine import recover, run_set
from chaoskit.engine.deadman import ARMED
from chaoskit.errors import ExitCode
from chaoskit.journal import Record, open_journal
from chaoskit.journal.dynamodb import DynamoJournal
from chaoskit.journal.grants import Grants
from chaoskit.journal.table import TABLE
from chaoskit.places import reopen
from chaoskit.result import Verdict
from chaoskit.slo import SystemClock
from tests.e2e.conftest import lab_in
from tests.e2e.lab import SHIPPED, up_in
from tests.journal.tables import connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from chaoskit.engine import Undone
    from chaoskit.result import Result
    from chaoskit.sandbox.server import Served
    from tests.e2e.lab import Lab
    from tests.one_sandbox import OneSandbox

NUMBERS: Final = itertools.count(1)
POLICY: Final = "arn:aws:iam::aws:policy/ReadOnlyAccess"
PLAIN: Final = """\
id: plain
title: A policy on the training role
owner: tests
layer: identity
hypothesis: Somebody notices.
blast_radius:
  accounts: ["${{sandbox.account}}"]
  regions: ["${{sandbox.region}}"]
  max_duration: 5m
  max_changes: 1
faults:
  - iam.attach-role-policy: {{role: "${{workload.training_role}}", policy: "{policy}"}}
expect:
  - {expect}
    within: 60s
"""
EXPERIMENT: Final = SHIPPED / "identity" / "permissive-policy-on-training-role.yaml"


@pytest.fixture(scope="module")
def deployed(one_sandbox: OneSandbox) -> Iterator[Served]:
    with one_sandbox.deployed() as (served, _):
        yield served


@pytest.fixture
def lab(deployed: Served, chaoskit_home: Path) -> Iterator[Lab]:
    chaoskit_home.mkdir()
    with up_in(chaoskit_home, deployed):
        made = lab_in(deployed)
        place = {**made.target.place, "instance": UP}
        yield replace(made, target=replace(made.target, place=place))


@pytest.fixture
def url(lab: Lab, deployed: Served, monkeypatch: pytest.MonkeyPatch) -> str:
    """A journal, which the environment's credentials can use."""
    name = f"journal-{next(NUMBERS)}"
    made_with = ("AttributeDefinitions", "KeySchema", "BillingMode")
    lab.client("dynamodb").create_table(TableName=name, **{key: TABLE[key] for key in made_with})
    key = deployed.credentials["admin"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key.secret_access_key)
    return f"dynamodb:{name}?region=us-east-1&endpoint={deployed.url}"


def chaoskit(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


def attached(lab: Lab) -> list[str]:
    role = lab.target.variables["workload.training_role"]
    answer = lab.client("iam").list_attached_role_policies(RoleName=role)
    return [each["PolicyArn"] for each in answer["AttachedPolicies"]]


def fault(lab: Lab) -> Record:
    """What attaching a policy to the training role is journaled as."""
    role = lab.target.variables["workload.training_role"]
    params = {"RoleName": role, "PolicyArn": POLICY}
    return Record(
        trace_id="20260301T120000-abc123.1",
        experiment="small",
        fault="iam.attach-role-policy",
        target={**lab.target.place, "account": lab.target.account, "region": "us-east-1"},
        do={"service": "iam", "operation": "AttachRolePolicy", "params": params},
        undo=(
            {
                "service": "iam",
                "operation": "DetachRolePolicy",
                "params": params,
                "absent_ok": ["NoSuchEntity"],
            },
        ),
        state={
            "service": "iam",
            "operation": "ListAttachedRolePolicies",
            "params": {"RoleName": role},
            "select": "sort(AttachedPolicies[].PolicyArn)",
            "absent": [],
            "parse_json": False,
        },
        captured=attached(lab),
        listed=(None,),
    )


def test_an_experiment_runs_and_is_put_back(lab: Lab, url: str) -> None:
    with open_journal(url) as journal:
        experiments = spec.load([EXPERIMENT], lab.target.variables)
        results = run_set(experiments, lab.target, journal, clock=lab.clock)
        assert [each.verdict for each in results.results] == [Verdict.PASSED]
        assert journal.open_faults() == []
        assert journal.broken(thorough=True) == []


class Suspended:
    """A machine that is suspended, for longer than others believe it alive, just before some call of a run.

    Meanwhile another process, elsewhere, undoes what it has open.
    """

    def __init__(self, url: str, served: Served, monkeypatch: pytest.MonkeyPatch, before: str) -> None:
        self.undone: list[Undone] = []
        self._table, self._connection = url.partition(":")[2].partition("?")[0], connection(served)
        self._before, self._injecting, self._asleep = before, False, False
        beats, sends, reads = Grants.renew, Aws.send, Aws.read
        monkeypatch.setattr(Grants, "renew", lambda grants: None if self._asleep else beats(grants))
        monkeypatch.setattr(Aws, "send", self._once(sends))
        monkeypatch.setattr(Aws, "read", self._once(reads))

    def journal(self) -> DynamoJournal:
        return DynamoJournal(self._table, self._connection, beat_s=1.0, skew_s=0)

    def _once(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(aws: Aws, asked: Any) -> Any:
            self._injecting |= asked.operation == "AttachRolePolicy"
            if self._injecting and asked.operation == self._before and not (self.undone or self._asleep):
                self._asleep = True
                with self.journal() as elsewhere:
                    while not self.undone:
                        self.undone = recover(elsewhere, reopen, SystemClock())
                self._asleep = False
            return real(aws, asked)

        return call


def runs(lab: Lab, path: Path, machine: Suspended, expect: str) -> Result:
    """An experiment that attaches a policy which no runbook takes away."""
    path.write_text(PLAIN.format(policy=POLICY, expect=expect))
    with machine.journal() as journal:
        (result,) = run_set(
            spec.load([path], lab.target.variables), lab.target, journal, clock=SystemClock()
        ).results
        assert journal.open_faults() == []
    return result


def test_a_machine_that_sleeps_before_its_call_goes_out_undoes_it_and_passes_nothing(
    lab: Lab, url: str, deployed: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = attached(lab)
    machine = Suspended(url, deployed, monkeypatch, before="AttachRolePolicy")
    detection = "detection: {cloudtrail.event: {event_name: AttachRolePolicy}}"
    result = runs(lab, tmp_path / "plain.yaml", machine, detection)
    assert [each.ok for each in machine.undone if each.entry.record.fault != ARMED] == [True]
    assert attached(lab) == before
    assert (result.verdict, result.restored) == (Verdict.INCONCLUSIVE, True)
    assert "another process's rollback" in result.reason
    assert lab.client("scheduler").list_schedules()["Schedules"] == []


def test_another_process_s_rollback_is_no_response(
    lab: Lab, url: str, deployed: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = attached(lab)
    machine = Suspended(url, deployed, monkeypatch, before="LookupEvents")
    role = lab.target.variables["workload.training_role"]
    expect = (
        "detection: {cloudtrail.event: {event_name: AttachRolePolicy}}\n    within: 60s\n"
        f"  - response: {{iam.policy-not-attached: {{role: {role}, policy: {POLICY}}}}}"
    )
    result = runs(lab, tmp_path / "plain.yaml", machine, expect)
    assert machine.undone
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "another process's rollback" in result.reason
    assert attached(lab) == before


def test_a_fault_that_a_dead_run_left_is_listed_and_rolled_back(
    lab: Lab, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = attached(lab)
    with open_journal(url) as journal:
        journal.record(fault(lab), journal.hold({"role"}, "a dead run", 3600))
        journal.release("a dead run")
    lab.client("iam").attach_role_policy(
        RoleName=lab.target.variables["workload.training_role"], PolicyArn=POLICY
    )
    assert chaoskit("status", "--json", "--journal", url) == ExitCode.ERROR
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["fault"], row["status"]) == ("iam.attach-role-policy", "JOURNALED")
    assert chaoskit("rollback", "--journal", url) == ExitCode.PASSED
    assert "rolled back: iam.attach-role-policy of run" in capsys.readouterr().err
    assert attached(lab) == before
    assert chaoskit("status", "--journal", url) == ExitCode.PASSED
    assert "No faults are open." in capsys.readouterr().out


def test_what_another_run_has_open_is_nobody_s_fault_that_was_left(
    lab: Lab, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHAOSKIT_JOURNAL", url)
    with open_journal(url) as journal:
        journal.record(fault(lab), journal.hold({"role"}, "a run that goes on", 3600))
        assert chaoskit("rollback") == ExitCode.PASSED
        assert "Open, of runs that go on: 1." in capsys.readouterr().out
        (entry,) = journal.open_faults()
        assert chaoskit("rollback", "--accept", str(entry.id), "--yes") == ExitCode.ERROR
        assert "A run is at work on entry" in capsys.readouterr().err
        assert len(journal.open_faults()) == 1
        some: Any = type("Results", (), {"run_id": "another"})()
        assert left_open(some) == 0
        assert chaoskit("status") == ExitCode.ERROR
    assert "a run that goes on" not in capsys.readouterr().err


def test_an_edited_journal_is_told(
    lab: Lab, url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_journal(url) as journal:
        journal.record(fault(lab))
    client, table = lab.client("dynamodb"), url.partition(":")[2].partition("?")[0]
    row = next(item for item in client.scan(TableName=table)["Items"] if "undo" in item)
    client.put_item(TableName=table, Item={**row, "undo": {"S": "[]"}})
    assert chaoskit("status", "--journal", url) == ExitCode.ERROR
    assert "was edited: row 1 is not as it was written" in capsys.readouterr().err
    monkeypatch.setenv("CHAOSKIT_JOURNAL", url)
    assert chaoskit("report", "verify") == ExitCode.FAILED
