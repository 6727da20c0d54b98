"""The shipped experiments under nothing but the permissions that are derived for them."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit import spec
from chaoskit.aws import Aws, Call, Query
from chaoskit.contract import Trace
from chaoskit.engine import recover, run_set
from chaoskit.errors import DeniedError
from chaoskit.journal import SqliteJournal
from chaoskit.permissions.statements import MANAGED_LIMIT, SESSION_LIMIT, Scope, fitting, written
from chaoskit.predict import Limiter, engine_needs, grants, needs, session_policies
from chaoskit.predict.harness import Recorder, probes
from chaoskit.result import Verdict
from tests.e2e.lab import CORE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chaoskit.experiment import Experiment
    from chaoskit.target import Target
    from tests.e2e.lab import Lab

IDS = [path.stem for path in CORE]
NAME = "chaoskit-least-privilege"


def shipped(lab: Lab) -> list[Experiment]:
    return spec.load(CORE, lab.target.variables)


def derived(lab: Lab) -> Any:
    aws = lab.target.open("chaoskit-plan", "plan", 0)
    assert lab.target.role_arn
    every = [engine_needs(lab.target.switches), *(needs(each, aws) for each in shipped(lab))]
    return grants(every, aws, lab.target.role_arn)


@contextmanager
def role_with(lab: Lab, document: Any) -> Iterator[Target]:
    """A target whose role may do just this."""
    iam = lab.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{lab.target.account}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    made = iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.put_role_policy(RoleName=NAME, PolicyName="only", PolicyDocument=json.dumps(document))
    try:
        yield replace(lab.target, role_arn=made["Arn"])
    finally:
        iam.delete_role_policy(RoleName=NAME, PolicyName="only")
        iam.delete_role(RoleName=NAME)


def test_every_shipped_experiment_passes_with_only_the_harness_policy(lab: Lab, journal: Path) -> None:
    policy = written(derived(lab))
    assert policy.scope is Scope.RESOURCES
    assert len(policy.text) <= MANAGED_LIMIT
    with role_with(lab, policy.document) as target, SqliteJournal(journal) as open_journal:
        results = run_set(
            shipped(lab),
            replace(target, undo_role_arn=None, read_role_arn=None),
            open_journal,
            clock=lab.clock,
            deadman=False,
        )
    assert {r.experiment.id: (r.verdict, r.reason) for r in results.results if r.verdict != "PASSED"} == {}
    assert all(result.restored for result in results.results)
    assert len(results.results) == len(IDS)


@pytest.mark.parametrize("lacking", ["Inject", "Undo", "Read"])
@pytest.mark.long
def test_no_part_of_the_harness_policy_can_be_left_out(lab: Lab, journal: Path, lacking: str) -> None:
    groups = {sid: grants for sid, grants in derived(lab).items() if sid != lacking}
    with role_with(lab, written(groups).document) as target:
        # Or the read role would look, and the undo role undo.
        alone = replace(target, undo_role_arn=None, read_role_arn=None)
        (loaded,) = [e for e in shipped(lab) if e.id == "permissive-policy-on-training-role"]
        with SqliteJournal(journal) as held:
            (result,) = run_set([loaded], alone, held, clock=lab.clock, deadman=False).results
        assert result.verdict is not Verdict.PASSED
    if not result.restored:
        with SqliteJournal(journal) as open_journal:
            restore(lab, open_journal)


def restore(lab: Lab, journal: SqliteJournal) -> None:
    """As `chaoskit rollback` does it, with the target's own identity."""
    own = Aws(lab.target.connection, account=lab.target.account)
    undone = recover(journal, lambda _: [own], lab.clock)
    assert all(each.ok for each in undone)


@pytest.mark.long
@pytest.mark.parametrize("experiment", IDS)
def test_a_run_passes_under_its_session_policy(lab: Lab, journal: Path, experiment: str) -> None:
    (loaded,) = [each for each in shipped(lab) if each.id == experiment]
    with SqliteJournal(journal) as open_journal:
        results = run_set([loaded], lab.target, open_journal, clock=lab.clock, limits=Limiter(lab.target))
    assert results.results[0].verdict is Verdict.PASSED, results.results[0].reason


def test_a_session_policy_fits_and_wider_ones_stand_by(lab: Lab) -> None:
    aws = lab.target.open("chaoskit-plan", "plan", 0)
    for experiment in shipped(lab):
        policies = session_policies(experiment, aws, lab.target.role_arn or "", lab.target.switches)
        sizes = [len(policy) for policy in policies]
        assert sizes == sorted(sizes, reverse=True)
        assert sizes[0] <= SESSION_LIMIT
        narrowest = json.loads(policies[0])["Statement"]
        inject = next(each for each in narrowest if each["Sid"].startswith("Inject"))
        assert inject["Resource"] != "*"


def test_a_session_policy_really_limits_the_run(lab: Lab, journal: Path) -> None:
    nothing = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "iam:List*", "Resource": "*"}],
        }
    )
    (loaded,) = [e for e in shipped(lab) if e.id == "permissive-policy-on-training-role"]
    with SqliteJournal(journal) as open_journal:
        results = run_set([loaded], lab.target, open_journal, clock=lab.clock, limits=lambda _: [nothing])
    assert results.results[0].verdict is not Verdict.PASSED
    assert "no session policy allows" in str(results.results[0].dump())


def test_a_session_that_may_not_undo_does_not_leave_the_fault_behind(
    lab: Lab, journal: Path, without: Any
) -> None:
    (loaded,) = [e for e in shipped(lab) if e.id == "permissive-policy-on-training-role"]
    limited = written({sid: found for sid, found in derived(lab).items() if sid != "Undo"})
    # With no runbook to detach the policy, the run itself has to.
    with without("runbook", "detach-permissive-policy"), SqliteJournal(journal) as open_journal:
        results = run_set(
            [loaded],
            replace(lab.target, undo_role_arn=None),  # or the undo role would undo
            open_journal,
            clock=lab.clock,
            limits=lambda _: [limited.text],
            deadman=False,
        )
        assert open_journal.open_faults() == []
    (result,) = results.results
    assert (result.verdict, result.restored) == (Verdict.FAILED, True)
    said = [event.detail for event in result.timeline if event.event == "undone"]
    assert said == ["iam.attach-role-policy: the state is as captured"]


def made_by(lab: Lab, role: str, trace_id: str) -> set[str]:
    """The operations that a run's session of a role called, as the audit trail has them."""
    client = lab.client("cloudtrail")
    pages = client.get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": "Username", "AttributeValue": f"chaoskit-{trace_id}"}]
    )
    records = [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]
    arn = f":assumed-role/{role}/"
    return {each["eventName"] for each in records if arn in each["userIdentity"].get("arn", "")}


def test_a_run_injects_looks_and_undoes_as_three_roles(lab: Lab, journal: Path, without: Any) -> None:
    (loaded,) = [e for e in shipped(lab) if e.id == "permissive-policy-on-training-role"]
    limits = Limiter(lab.target)
    with without("runbook", "detach-permissive-policy"), SqliteJournal(journal) as held:
        (result,) = run_set([loaded], lab.target, held, clock=lab.clock, limits=limits).results
    assert result.restored
    injected, looked, undid = (
        made_by(lab, f"chaoskit-{role}", result.trace_id) for role in ("harness", "read", "undo")
    )
    assert injected == {"AttachRolePolicy", "ListAttachedRolePolicies"}
    assert {"DescribeRule", "DescribeAutomationExecutions"} <= looked
    assert not {name for name in looked if name.startswith(("Attach", "Detach", "Put", "Create"))}
    assert {"CreateSchedule", "DetachRolePolicy", "DeleteSchedule"} <= undid


def test_a_run_passes_with_three_roles(lab: Lab, journal: Path) -> None:
    (loaded,) = [e for e in shipped(lab) if e.id == "permissive-policy-on-training-role"]
    with SqliteJournal(journal) as held:
        (result,) = run_set([loaded], lab.target, held, clock=lab.clock, limits=Limiter(lab.target)).results
    assert result.verdict is Verdict.PASSED, result.reason


def test_the_session_that_injects_cannot_read_detectors(lab: Lab) -> None:
    (loaded,) = [e for e in shipped(lab) if e.id == "permissive-policy-on-training-role"]
    inject = lab.target.open("chaoskit-test", "test", 0, policies=Limiter(lab.target)(loaded))
    role = lab.target.variables["workload.training_role"]
    assert inject.read(Query("iam", "ListAttachedRolePolicies", {"RoleName": role}))
    look = lab.target.open_read("chaoskit-test", "test", 0)
    assert look
    for query in (
        Query("events", "DescribeRule", {"Name": "chaoskit-permissive-policy"}),
        Query("ssm", "DescribeAutomationExecutions"),
        Query("sqs", "GetQueueUrl", {"QueueName": "chaoskit-alerts"}),
    ):
        assert look.read(query)
        with pytest.raises(DeniedError):
            inject.read(query)


def test_the_read_role_can_change_nothing(lab: Lab) -> None:
    look = lab.target.open_read("chaoskit-test", "test", 0)
    assert look
    role = lab.target.variables["workload.training_role"]
    with pytest.raises(DeniedError):
        look.send(
            Call("iam", "AttachRolePolicy", RoleName=role, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
        )
    with pytest.raises(DeniedError):
        look.send(Call("events", "DisableRule", Name="chaoskit-permissive-policy"))


def test_every_probe_declares_what_it_reads(lab: Lab) -> None:
    aws = lab.target.open("chaoskit-plan", "plan", 0)
    looked = []
    for probe in {probe for each in shipped(lab) for probe in probes(each)}:
        recorder = Recorder(aws)
        probe.ready(recorder)
        probe.look(recorder, Trace("plan", lab.clock.now()))
        looked += recorder.calls
        # Whatever takes messages from a queue deletes them as well.
        made = {str(call) for call in recorder.calls} - {"sqs:DeleteMessageBatch"}
        assert made <= set(probe.reads), probe
    assert looked


def test_scopes_widen_until_the_policy_fits(lab: Lab) -> None:
    groups = derived(lab)
    scopes = [policy.scope for policy in fitting(groups, MANAGED_LIMIT)]
    assert scopes == [Scope.RESOURCES, Scope.ACTIONS, Scope.VERBS, Scope.SERVICES]
    assert fitting(groups, SESSION_LIMIT)[0].scope is Scope.ACTIONS
    assert fitting(groups, 10) == []
