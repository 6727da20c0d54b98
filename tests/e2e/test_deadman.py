"""The dead-man's switch: what arms it, what it undoes, and what it leaves alone."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit import spec
from chaoskit.aws import Call
from chaoskit.contract import About, Change, Fault
from chaoskit.embedded import MovedClock
from chaoskit.engine import run_set, sweep
from chaoskit.journal import SqliteJournal
from chaoskit.predict import Lockouts
from chaoskit.result import Verdict
from tests.e2e.lab import CORE, SHIPPED

if TYPE_CHECKING:
    from chaoskit.result import Result
    from tests.e2e.lab import Lab

DEADLINE_S = 2 * 3600
TRAINING = "ml-research-training"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
FOREIGN = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def run(lab: Lab, journal: Path, experiment: str | Path, **options: Any) -> Result:
    target = options.pop("target", lab.target)
    path = experiment if isinstance(experiment, Path) else next(SHIPPED.rglob(f"{experiment}.yaml"))
    loaded = spec.load([path], target.variables)
    with SqliteJournal(journal) as open_journal:
        result = run_set(loaded, target, open_journal, clock=lab.clock, **options).results[0]
        assert not open_journal.open_faults() or not result.restored
    return result


def armed(lab: Lab) -> list[str]:
    documents = lab.client("ssm").list_documents(Filters=[{"Key": "Owner", "Values": ["Self"]}])
    names = [each["Name"] for each in documents["DocumentIdentifiers"]]
    names += [each["Name"] for each in lab.client("scheduler").list_schedules()["Schedules"]]
    return [name for name in names if name.startswith("chaoskit-2")]


def events(result: Result) -> list[str]:
    return [event.event for event in result.timeline]


class Meanwhile:
    """A listener that does something as soon as the fault is in, as somebody else in the account would."""

    def __init__(self, act: Any) -> None:
        self._act = act

    def __call__(self, _: Result, event: Any) -> None:
        if event.event == "met":
            act, self._act = self._act, None
            if act:
                act()


def test_a_run_arms_before_it_injects_and_leaves_nothing_armed(lab: Lab, journal: Path) -> None:
    result = run(lab, journal, "public-access-to-training-data")
    told = events(result)
    assert told.index("armed") < told.index("applied")
    assert armed(lab) == []
    names = [
        json.loads(each["CloudTrailEvent"])["requestParameters"]["name"]
        for each in lab.client("cloudtrail").lookup_events(
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateSchedule"}]
        )["Events"]
    ]
    assert any(name.startswith(f"chaoskit-{result.trace_id}-") for name in names)


def test_without_an_undo_role_nothing_is_injected(lab: Lab, journal: Path) -> None:
    result = run(
        lab, journal, "permissive-policy-on-training-role", target=replace(lab.target, undo_role_arn=None)
    )
    assert result.verdict is Verdict.ABORTED
    assert "--no-deadman" in result.reason
    assert "applied" not in events(result)


def test_a_switch_that_cannot_be_armed_keeps_the_fault_from_being_injected(lab: Lab, journal: Path) -> None:
    iam = lab.client("iam")
    deny = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "scheduler:CreateSchedule", "Resource": "*"}],
    }
    iam.put_role_policy(RoleName="chaoskit-undo", PolicyName="deny", PolicyDocument=json.dumps(deny))
    try:
        result = run(lab, journal, "public-access-to-training-data")
    finally:
        iam.delete_role_policy(RoleName="chaoskit-undo", PolicyName="deny")
    assert (result.verdict, result.restored) == (Verdict.ABORTED, True)
    assert "could not be armed" in result.reason
    assert "applied" not in events(result)
    assert armed(lab) == []


def test_a_run_without_it_says_so_in_its_timeline(lab: Lab, journal: Path) -> None:
    result = run(lab, journal, "permissive-policy-on-training-role", deadman=False)
    assert result.verdict is Verdict.PASSED, result.reason
    assert "unarmed" in events(result)
    assert "armed" not in events(result)


def test_what_somebody_else_attached_meanwhile_stays_and_is_reported(
    lab: Lab, journal: Path, without: Any, tmp_path: Path
) -> None:
    iam = lab.client("iam")
    act = Meanwhile(lambda: iam.attach_role_policy(RoleName=TRAINING, PolicyArn=FOREIGN))
    name = "permissive-policy-on-training-role"
    shipped = next(SHIPPED.rglob(f"{name}.yaml")).read_text("utf-8")
    unrepaired = tmp_path / f"{name}.yaml"
    unrepaired.write_text(re.sub(r"  - response: .*?within: 5m\n", "", shipped, flags=re.DOTALL), "utf-8")
    with without("runbook", "detach-permissive-policy"):  # the fault is surely seen, so what is ours is known
        result = run(lab, journal, unrepaired, listener=act)
    attached = iam.list_attached_role_policies(RoleName=TRAINING)["AttachedPolicies"]
    iam.detach_role_policy(RoleName=TRAINING, PolicyArn=FOREIGN)
    assert [each["PolicyArn"] for each in attached] == [FOREIGN]
    assert (result.verdict, result.restored) == (Verdict.INCONCLUSIVE, True), result.reason
    assert FOREIGN in result.reason


def test_a_policy_that_somebody_else_wrote_meanwhile_is_not_overwritten(
    lab: Lab, journal: Path, without: Any
) -> None:
    s3, bucket = lab.client("s3"), lab.target.variables["workload.training_data_bucket"]
    before = s3.get_bucket_policy(Bucket=bucket)["Policy"]

    def widen() -> None:
        document = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
        theirs = {
            "Sid": "Theirs",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{bucket}/*",
        }
        document["Statement"].append(theirs)
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))

    with without("runbook", "close-public-bucket"):
        result = run(lab, journal, "public-access-to-training-data", listener=Meanwhile(widen))
    now = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert "Theirs" in [each.get("Sid") for each in now["Statement"]]
    assert (result.verdict, result.restored) == (Verdict.ERROR, False)
    assert any("put-bucket-policy" in line for line in result.left_open)
    assert armed(lab), "it was disarmed though something is still open"

    # Nor does the dead-man's switch overwrite it; the person who takes the fault's part out ends the matter.
    lab.cloud.clock.advance(DEADLINE_S)
    assert lab.cloud.idle(20)
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == json.dumps(now)
    s3.put_bucket_policy(Bucket=bucket, Policy=before)
    for name in armed(lab):
        lab.client("ssm").delete_document(Name=name)


@pytest.fixture(autouse=True)
def responders_are_done(lab: Lab) -> Any:
    yield
    assert lab.cloud.idle(20)


LOCKED_OUT = """\
id: locked-out
title: A fault that would keep its own undo from being made
owner: tests
layer: identity
hypothesis: It is refused.
blast_radius:
  {{accounts: ["${{sandbox.account}}"], regions: ["${{sandbox.region}}"], max_duration: 5m, max_changes: 9}}
steady_state: [{{iam.policy-not-attached: {{role: chaoskit-events-role}}}}]
faults: [{{{fault}}}]
expect: [{{guardrail: {{call.denied: {{by: any}}}}}}]
"""


def test_a_fault_that_changes_the_undo_role_is_refused_before_it_is_made(
    lab: Lab, journal: Path, tmp_path: Path
) -> None:
    path = tmp_path / "locked-out.yaml"
    path.write_text(LOCKED_OUT.format(fault="iam.attach-role-policy: {role: chaoskit-undo}"))
    loaded = spec.load([path], lab.target.variables)
    with SqliteJournal(journal) as open_journal:
        (result,) = run_set(
            loaded, lab.target, open_journal, clock=lab.clock, lockouts=Lockouts(lab.target)
        ).results
    assert result.verdict is Verdict.ABORTED
    assert "changes the undo role" in result.reason
    assert result.faults == []


def test_a_bucket_policy_that_denies_its_own_undo_is_foreseen(lab: Lab) -> None:
    bucket = lab.target.variables["workload.training_data_bucket"]
    arn = f"arn:aws:s3:::{bucket}"

    def widened(effect: str) -> str | None:
        document = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": effect, "Principal": "*", "Action": "s3:*", "Resource": [arn, f"{arn}/*"]}
            ],
        }

        class Put(Fault):
            def changes(self, aws: Any) -> Any:
                del aws
                yield Change(
                    Call("s3", "PutBucketPolicy", Bucket=bucket, Policy=json.dumps(document)),
                    (Call("s3", "DeleteBucketPolicy", Bucket=bucket),),
                )

        Put.about = About("s3.test")
        shipped = spec.load(
            [next(SHIPPED.rglob("public-access-to-training-data.yaml"))], lab.target.variables
        )
        return Lockouts(lab.target)(replace(shipped[0], faults=(Put(),)))

    assert widened("Allow") is None
    assert "s3:DeleteBucketPolicy" in (widened("Deny") or "")


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.stem))
def test_no_shipped_experiment_is_taken_for_a_lock_out(lab: Lab, path: Path) -> None:
    for experiment in spec.load([path], lab.target.variables):
        assert Lockouts(lab.target)(experiment) is None


def test_the_document_of_a_switch_that_fired_is_swept_away_but_not_one_that_may_be_armed(
    lab: Lab, journal: Path
) -> None:
    ssm, now = lab.client("ssm"), lab.clock.now()
    old, young = now - timedelta(hours=3), now - timedelta(minutes=30)
    names = [f"chaoskit-{begun:%Y%m%dT%H%M%S}-abc123.1-1" for begun in (old, young)]
    content = {
        "schemaVersion": "0.3",
        "mainSteps": [{"name": "A", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}],
    }
    for name in names:
        ssm.create_document(Name=name, Content=json.dumps(content), DocumentType="Automation")
    undoer = lab.target.open_undo("chaoskit-test", "test", 0)
    assert undoer
    try:
        with SqliteJournal(journal) as held:
            assert sweep(undoer, held, lab.clock) == names[:1]
            assert sweep(undoer, held, lab.clock) == []
    finally:
        ssm.delete_document(Name=names[1])
    assert armed(lab) == []


def test_a_sandbox_whose_clock_was_advanced_is_armed_by_its_own_time(lab: Lab) -> None:
    lab.cloud.clock.advance(3600)
    clock = MovedClock.of(Answering(lab))  # type: ignore[arg-type] # as much of an instance as it asks
    assert abs((clock.now() - lab.cloud.now()).total_seconds()) < 60


@dataclass(frozen=True)
class Answering:
    """The lab's sandbox, as its control API tells the time."""

    lab: Lab

    def control(self, what: str) -> dict[str, str]:
        assert what == "health"
        return {"status": "ok", "now": self.lab.cloud.now().isoformat()}
