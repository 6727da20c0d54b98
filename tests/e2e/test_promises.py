"""The two promises where they are hardest to keep: limits, guards, undo that fails, evidence that lacks."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.aws import Aws, Credentials
from chaoskit.cli import main
from chaoskit.engine import recover
from chaoskit.errors import TargetError
from chaoskit.faults.iam_attach_role_policy import AttachRolePolicy
from chaoskit.journal import Record, SqliteJournal
from chaoskit.result import Verdict
from tests.e2e.lab import SandboxClock

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from chaoskit.aws import Connection
    from tests.e2e.lab import Lab

    Write = Callable[..., Path]

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ATTACH = f'iam.attach-role-policy: {{role: "${{workload.training_role}}", policy: "{READ_ONLY}"}}'
NEVER = "detection: {eventbridge.matched: {rule: chaoskit-public-bucket-acl}}\n    within: 2s"
FILE = """\
id: probe
title: One of the tests' own
owner: tests
layer: identity
hypothesis: It shows one promise.
blast_radius:
  accounts: ["${{sandbox.account}}"]
  regions: ["{region}"]
  max_duration: 5m
  max_changes: {changes}
steady_state: [{steady}]
stop_conditions: [{stop}]
faults:
{faults}
expect:
  - {expect}
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(
        *faults: str,
        expect: str = NEVER,
        steady: str = "",
        stop: str = "",
        region: str = "${sandbox.region}",
        changes: int = 5,
    ) -> Path:
        path = tmp_path / "probe.yaml"
        lines = "\n".join(f"  - {fault}" for fault in faults or (ATTACH,))
        path.write_text(
            FILE.format(faults=lines, expect=expect, steady=steady, stop=stop, region=region, changes=changes)
        )
        return path

    return written


@pytest.fixture
def attached(lab: Lab) -> Callable[[], list[str]]:
    def look() -> list[str]:
        found = lab.client("iam").list_attached_role_policies(
            RoleName=lab.target.variables["workload.training_role"]
        )
        return [policy["PolicyArn"] for policy in found["AttachedPolicies"]]

    return look


@pytest.fixture
def no_undo(lab: Lab) -> Iterator[Callable[[], None]]:
    """Neither the harness nor the undo role may detach, until the returned function is called."""
    iam, roles = lab.client("iam"), (lab.target.variables["workload.harness_role"], "chaoskit-undo")
    deny = {"Effect": "Deny", "Action": "iam:DetachRolePolicy", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    for role in roles:
        iam.put_role_policy(RoleName=role, PolicyName="no-undo", PolicyDocument=document)
    allowed: list[bool] = []

    def allow() -> None:
        if not allowed:
            for role in roles:
                iam.delete_role_policy(RoleName=role, PolicyName="no-undo")
            allowed.append(True)

    yield allow
    allow()


def test_an_undo_that_is_refused_is_an_error_with_the_call_to_make_by_hand(
    lab: Lab, journal: Path, write: Write, attached: Callable[[], list[str]], no_undo: Callable[[], None]
) -> None:
    before = attached()
    result = lab.run(write(), journal)
    assert result.verdict is Verdict.ERROR
    assert not result.restored
    (line,) = result.left_open
    assert line.startswith("aws iam detach-role-policy --cli-input-json ")
    assert READ_ONLY in line
    assert attached() == [*before, READ_ONLY]

    no_undo()
    with SqliteJournal(journal) as again:
        admin = Aws(lab.target.connection, account=lab.target.account)
        undone = recover(again, lambda _: [admin], lab.clock)
        assert [each.ok for each in undone] == [True, True]  # the change, and the switch that stayed armed
        assert again.open_faults() == []
    assert attached() == before


def test_a_missed_detection_is_a_failure_and_the_fault_is_undone(
    lab: Lab, journal: Path, write: Write, attached: Callable[[], list[str]]
) -> None:
    before = attached()
    result = lab.run(write(), journal)
    assert result.verdict is Verdict.FAILED
    assert result.restored
    assert attached() == before


def test_a_defect_in_judging_is_an_error_of_a_run_that_was_put_back(
    lab: Lab,
    journal: Path,
    write: Write,
    attached: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def judge(*_: object) -> None:
        raise ZeroDivisionError

    before = attached()
    monkeypatch.setattr("chaoskit.engine.run.judge", judge)
    result = lab.run(write(), journal)
    assert (result.verdict, result.restored) == (Verdict.ERROR, True)
    assert "a defect in chaoskit: ZeroDivisionError" in result.reason
    assert attached() == before


def test_a_fault_that_changes_nothing_is_inconclusive(
    lab: Lab, journal: Path, write: Write, attached: Callable[[], list[str]]
) -> None:
    iam, role = lab.client("iam"), lab.target.variables["workload.training_role"]
    iam.attach_role_policy(RoleName=role, PolicyArn=READ_ONLY)
    try:
        result = lab.run(write(), journal)
        assert result.verdict is Verdict.INCONCLUSIVE
        assert "is so already" in result.reason
        assert READ_ONLY in attached(), "what was there before is not ours to undo"
    finally:
        if READ_ONLY in attached():
            iam.detach_role_policy(RoleName=role, PolicyArn=READ_ONLY)


def test_evidence_that_comes_after_the_slo_is_a_failure_that_says_how_late(
    lab: Lab, journal: Path, write: Write
) -> None:
    admin = 'iam.attach-role-policy: {role: "${workload.training_role}"}'
    late = (
        'response: {iam.policy-not-attached: {role: "${workload.training_role}"}}\n'
        "    runbook: detach-permissive-policy\n    within: 1ms"
    )
    result = lab.run(write(admin, expect=late), journal)
    assert result.verdict is Verdict.FAILED
    assert "1ms" in result.reason
    assert result.restored


def test_a_steady_state_that_does_not_hold_is_inconclusive_before_anything_is_changed(
    lab: Lab, journal: Path, write: Write
) -> None:
    steady = f"{{iam.policy-not-attached: {{role: chaoskit-deploy, policy: {ADMIN}}}}}"
    result = lab.run(write(steady=steady), journal)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.faults == []
    assert result.restored


@pytest.mark.parametrize(
    ("alarm", "said"),
    [("${workload.inference_error_alarm}", "is ALARM"), ("no-such-alarm", "there is no alarm")],
)
def test_a_stop_condition_that_rings_or_cannot_be_read_stops_before_the_fault(
    lab: Lab, journal: Path, write: Write, alarm: str, said: str
) -> None:
    cloudwatch, name = lab.client("cloudwatch"), lab.target.variables["workload.inference_error_alarm"]
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")
    try:
        result = lab.run(write(stop=f'{{cloudwatch.alarm: {{name: "{alarm}"}}}}'), journal)
    finally:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="test")
    assert result.verdict is Verdict.ABORTED
    assert said in result.reason
    assert result.faults == []


def test_a_run_stops_at_its_limit_of_changes_and_undoes_what_it_made(
    lab: Lab, journal: Path, write: Write, attached: Callable[[], list[str]]
) -> None:
    before = attached()
    second = ATTACH.replace("ReadOnlyAccess", "SecurityAudit")
    result = lab.run(write(ATTACH, second, changes=1), journal)
    assert result.verdict is Verdict.ABORTED
    assert "max_changes 1" in result.reason
    assert [len(fault.changes) for fault in result.faults] == [1, 0]
    assert result.restored
    assert attached() == before


def test_a_region_that_the_experiment_does_not_name_is_refused(lab: Lab, journal: Path, write: Write) -> None:
    result = lab.run(write(region="eu-west-1"), journal)
    assert result.verdict is Verdict.ABORTED
    assert "may not run in region us-east-1" in result.reason


def test_a_fault_on_something_that_is_not_there_is_inconclusive_and_says_so(
    lab: Lab, journal: Path, write: Write
) -> None:
    result = lab.run(write("s3.public-bucket-acl: {bucket: no-such-bucket-anywhere}"), journal)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "NoSuchBucket" in result.reason
    assert result.restored


def test_an_ended_session_is_told_in_one_sentence(lab: Lab) -> None:
    role = lab.target.role_arn
    assert role is not None
    short = lab.target.connection.assume(role, "short", 900)
    lab.cloud.clock.advance(901)
    with pytest.raises(TargetError, match=r"session has expired .*: log in again"):
        Aws(short).identify()


def test_no_secret_of_a_created_key_is_written_anywhere(
    lab: Lab, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets: list[str] = []
    remember = Credentials.__init__

    def noting(self: Credentials, *args: Any, **named: Any) -> None:
        remember(self, *args, **named)
        secrets.append(self.secret_access_key)

    monkeypatch.setattr(Credentials, "__init__", noting)
    result = lab.run("leaked-key-invocation", journal)
    assert result.verdict is Verdict.PASSED
    assert len(secrets) >= 2
    written = journal.read_bytes() + json.dumps(result.dump()).encode() + repr(result).encode()
    assert not any(secret.encode() in written for secret in secrets)


def test_credentials_do_not_show_themselves(lab: Lab) -> None:
    connection: Connection = replace(lab.target.connection)
    assert connection.credentials is not None
    assert connection.credentials.secret_access_key not in repr(lab.target)
    assert connection.credentials.secret_access_key not in repr(connection.credentials)


class LateEffect(SandboxClock):
    """A request that was on the wire when its sender died takes effect during the first wait."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab.cloud)
        self._lab = lab
        self.landed = False

    def wait(self, seconds: float, wake: threading.Event) -> bool:
        if not self.landed:
            self.landed = True
            self._lab.client("iam").attach_role_policy(
                RoleName=self._lab.target.variables["workload.training_role"], PolicyArn=READ_ONLY
            )
        return super().wait(seconds, wake)


def test_a_call_that_lands_after_its_sender_died_is_undone_all_the_same(
    lab: Lab, journal: Path, attached: Callable[[], list[str]]
) -> None:
    before = attached()
    fault = AttachRolePolicy(role=lab.target.variables["workload.training_role"], policy=READ_ONLY)
    aws = lab.target.open("late", "late", 0)
    change = next(fault.changes(aws))
    assert change.state is not None
    clock = LateEffect(lab)
    with SqliteJournal(journal) as died:
        died.record(
            Record(
                trace_id="died",
                experiment="e",
                fault="f",
                target=lab.target.place,
                do=change.do.dump(),
                undo=tuple(step.dump() for step in change.undo),
                state=change.state.dump(),
                captured=sorted(before),
                listed=(None,),
            )
        )
        (undone,) = recover(died, lambda _: [aws], clock)
        assert undone.ok
        assert "landed late" in undone.note
        assert died.open_faults() == []
    assert clock.landed
    assert attached() == before


def test_a_row_that_cannot_be_read_does_not_keep_the_others_from_being_undone(
    lab: Lab, journal: Path, attached: Callable[[], list[str]]
) -> None:
    before, role = attached(), lab.target.variables["workload.training_role"]
    fault = AttachRolePolicy(role=role, policy=READ_ONLY)
    aws = lab.target.open("odd", "odd", 0)
    change = next(fault.changes(aws))
    aws.send(change.do)
    whole = Record(
        trace_id="died",
        experiment="e",
        fault="whole",
        target=lab.target.place,
        do=change.do.dump(),
        undo=tuple(step.dump() for step in change.undo),
        state=change.state.dump() if change.state else None,
        captured=sorted(before),
        listed=(None,),
    )
    with SqliteJournal(journal) as died:
        died.record(whole)
        died.record(replace(whole, fault="odd", undo=({"from": "another version"},)))
        odd, good = recover(died, lambda _: [aws], lab.clock)
        assert (odd.ok, good.ok) == (False, True)
        assert [entry.record.fault for entry in died.open_faults()] == ["odd"]
    assert attached() == before


def test_status_shows_a_row_that_it_cannot_read_as_it_stands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHAOSKIT_HOME", str(tmp_path))
    with SqliteJournal(tmp_path / "journal.sqlite") as odd:
        odd.record(Record("t", "e", "f", {}, {}, ({"from": "another version"},), None, None, (None,)))
    with pytest.raises(SystemExit) as ended:
        main(["status"])
    assert ended.value.code == 5
    assert "not readable by this version" in capsys.readouterr().out
