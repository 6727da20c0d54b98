"""Fleet runs from plan to report, with a worker in this process, and some that are killed and drained."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit import evidence
from chaoskit.aws import Aws
from chaoskit.errors import ChaoskitError, ExitCode
from chaoskit.fleet.accounts import accounts_of
from chaoskit.fleet.collect import collect
from chaoskit.fleet.plan import result_key
from chaoskit.fleet.runs import Runs
from chaoskit.fleet.tasks import Task
from chaoskit.spec import fleet as files

if TYPE_CHECKING:
    from chaoskit.fleet.plan import Plan
    from tests.fleet.yard import Yard

ATTACHED, DENIED = "policy-attached", "public-policy"
KEPT = "../endless/policy-kept"


@pytest.fixture(scope="module")
def done(yard: Yard) -> Plan:
    """A run that is over: two experiments in two accounts."""
    plan = yard.plan("done", [ATTACHED, DENIED], yard.organization.accounts[:2])
    Runs(yard.tooling).start(plan)
    yard.work(4)
    return plan


def test_every_task_has_a_result_and_a_run_that_went_well_succeeds(yard: Yard, done: Plan) -> None:
    state = yard.ended(done.run)
    assert state.executions == {done.run: "SUCCEEDED"}
    assert dict(state.results) == dict.fromkeys(yard.organization.accounts[:2], 2)
    found = collect(yard.tooling, done, yard.tasks)
    results = found.document["results"]
    assert [(each["account"], each["experiment"]) for each in results] == list(done.tasks)
    assert {(each["verdict"], each["restored"]) for each in results} == {("PASSED", True)}
    assert (found.missing, found.exit_code) == ((), ExitCode.PASSED)
    assert evidence.problems(found.document) == []
    assert not yard.open_faults()


def test_what_is_answered_is_not_begun_again_when_the_engine_is_started_again(yard: Yard, done: Plan) -> None:
    yard.ended(done.run)
    before = [yard.injections(each) for each in done.accounts]
    Runs(yard.tooling).again(done.run)
    again = yard.work(4)
    assert [each.outcome.verdict for each in again if each.outcome] == ["PASSED"] * 4
    state = yard.ended(done.run)
    assert [*state.executions.values()] == ["SUCCEEDED"] * 2
    assert [yard.injections(each) for each in done.accounts] == before == [1, 1]


def test_a_result_that_is_gone_or_edited_is_an_error_and_never_passed(yard: Yard, done: Plan) -> None:
    yard.ended(done.run)
    s3, bucket = yard.organization.client("s3"), yard.tooling.bucket
    first, second = (result_key(done.run, each, ATTACHED) for each in done.accounts)
    kept = {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in (first, second)}
    s3.delete_object(Bucket=bucket, Key=first)
    edited = json.loads(kept[second])
    edited["results"][0]["reason"] = "everything was fine"
    s3.put_object(Bucket=bucket, Key=second, Body=json.dumps(edited).encode())
    try:
        found = collect(yard.tooling, done, yard.tasks)
    finally:
        for key, body in kept.items():
            s3.put_object(Bucket=bucket, Key=key, Body=body)
    results = {(each["account"], each["experiment"]): each for each in found.document["results"]}
    gone, changed = (results[each, ATTACHED] for each in done.accounts)
    assert (
        (gone["verdict"], gone["restored"]) == (changed["verdict"], changed["restored"]) == ("ERROR", False)
    )
    assert "whether everything was put back is not known" in gone["reason"]
    assert "proves nothing" in changed["reason"]
    assert len(found.missing) == 2
    assert found.exit_code == ExitCode.ERROR


def test_a_run_that_goes_on_is_not_started_again(yard: Yard) -> None:
    plan = yard.plan("going", [ATTACHED], yard.organization.accounts[:1])
    runs = Runs(yard.tooling)
    runs.start(plan)
    with pytest.raises(ChaoskitError, match="goes on"):
        runs.again(plan.run)
    yard.until(yard.is_sent, "the task")
    assert runs.stop(plan.run) == 1
    state = yard.ended(plan.run)
    assert state.executions == {plan.run: "ABORTED"}
    # Its task is still in the queue, and nobody waits for it.
    (dropped,) = yard.work(1)
    assert dropped.outcome is None
    assert "nobody waits" in dropped.note
    found = collect(yard.tooling, plan, yard.tasks)
    assert "nothing was injected" in found.missing[0]
    assert found.document["results"][0]["restored"] is True
    assert found.exit_code == ExitCode.ERROR


def test_a_task_that_began_before_is_answered_as_aborted_and_not_begun_again(yard: Yard) -> None:
    account = yard.organization.accounts[2]
    plan = yard.plan("begun", [ATTACHED], [account])
    assert yard.tasks.begin(Task(plan.run, account, ATTACHED), "a worker that is gone")
    before = yard.injections(account)
    Runs(yard.tooling).start(plan)
    (worked,) = yard.work(1)
    assert worked.outcome
    assert (worked.outcome.verdict, worked.outcome.restored) == ("ABORTED", True)
    assert yard.injections(account) == before
    yard.ended(plan.run)


def test_a_canary_that_fails_lets_no_other_account_begin(yard: Yard) -> None:
    first, second, third = yard.organization.accounts
    plan = yard.plan("canary", [ATTACHED], [first, second, third])
    planned = replace(plan, experiments={ATTACHED: "0" * 64})  # of a file that no worker has
    before = yard.injections(first)
    Runs(yard.tooling).start(planned)
    (worked,) = yard.work(1)
    assert worked.outcome
    assert worked.outcome.verdict == "ERROR"
    assert "not the version that was planned" in worked.outcome.reason
    state = yard.ended(plan.run)
    assert "Chaoskit.WaveFailed" in state.why
    assert dict(state.results) == {first: 1}
    assert yard.injections(first) == before


def test_an_account_that_does_not_say_that_it_is_a_sandbox_is_not_touched(yard: Yard) -> None:
    account = yard.organization.accounts[0]
    ssm = yard.organization.member(account, "ssm")
    before = yard.injections(account)
    ssm.delete_parameter(Name="/chaoskit/sandbox")
    try:
        plan = yard.plan("consent", [ATTACHED], [account])
        Runs(yard.tooling).start(plan)
        (worked,) = yard.work(1)
        yard.ended(plan.run)
    finally:
        ssm.put_parameter(Name="/chaoskit/sandbox", Type="String", Value="true")
    assert worked.outcome
    assert worked.outcome.verdict == "ABORTED"
    assert "does not say that it is a sandbox" in worked.outcome.reason
    assert yard.injections(account) == before


def test_the_accounts_of_a_unit_are_those_that_organizations_has_in_it(yard: Yard) -> None:
    more: dict[str, Any] = {"unit": yard.organization.unit}
    path = yard.file("unit", [ATTACHED], [], **more)
    document = json.loads(path.read_text())
    del document["accounts"]
    path.write_text(json.dumps(document))
    fleet = files.load(path)
    management = replace(yard.tooling.connection, credentials=yard.management)
    assert accounts_of(fleet, Aws(management)) == yard.organization.accounts


def test_a_worker_that_is_killed_with_a_fault_in_leaves_it_to_the_next_who_never_injects_it_again(
    yard: Yard,
) -> None:
    first, second, third = yard.organization.accounts
    runs = Runs(yard.tooling)
    before = yard.injections(first)
    killed = yard.plan("killed", [KEPT], [first])
    runs.start(killed)
    with yard.worker("one") as one:
        yard.until(lambda: yard.attached(first), "the fault")
        one.send_signal(signal.SIGKILL)
        one.wait()
    assert yard.attached(first)
    assert yard.open_faults()
    yard.let_a_minute_pass(first)

    with yard.worker("two") as two, yard.worker("three") as three:
        state = yard.ended(killed.run)
        assert not yard.attached(first)
        assert not yard.open_faults()
        assert yard.injections(first) == before + 1
        found = collect(yard.tooling, killed, yard.tasks)
        (result,) = found.document["results"]
        assert (result["verdict"], result["restored"]) == ("ABORTED", True)
        assert "the worker that began this task" in result["reason"]
        assert "WaveFailed" in state.why  # an aborted canary lets nobody else begin

        # The same workers, told to end with a fault in each.
        drained = yard.plan("drained", [KEPT], [second, third], canary=0, concurrency=2)
        runs.start(drained)
        yard.until(lambda: yard.attached(second) and yard.attached(third), "both faults")
        for process in (two, three):
            process.send_signal(signal.SIGTERM)
        assert [process.wait() for process in (two, three)] == [ExitCode.PASSED] * 2
    assert all("ABORTED: stopped by SIGTERM" in yard.said(each) for each in ("two", "three"))
    assert not yard.attached(second)
    assert not yard.attached(third)
    assert not yard.open_faults()
    results = collect(yard.tooling, drained, yard.tasks).document["results"]
    assert [(each["verdict"], each["restored"]) for each in results] == [("ABORTED", True)] * 2
