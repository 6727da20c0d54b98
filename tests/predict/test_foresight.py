from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.aws import Call
from chaoskit.contract import About, Change, Fault
from chaoskit.experiment import Expectation, Role
from chaoskit.faults.iam_attach_role_policy import AttachRolePolicy
from chaoskit.predict import Predictor, compare, foresee
from chaoskit.probes.call_denied import CallDenied
from chaoskit.result import ChangeResult, FaultResult, Foreseen, Prediction
from tests.predict.account import (
    ALICE,
    HARNESS,
    MEMBER,
    absent,
    account,
    allow,
    deny,
    document,
    organization,
)
from tests.samples import DETECTION, GUARDRAIL, experiment, result

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes
    from chaoskit.predict import Foresight
    from tests.predict.account import Account

ATTACH = AttachRolePolicy(role="training")
PUBLIC = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::data/*",
}


class Calls(Fault):
    """Makes these calls."""

    about = About("tests.calls", "identity")

    def __init__(self, *calls: Call) -> None:
        self.calls = calls

    def changes(self, aws: Reader) -> Changes:
        del aws
        for call in self.calls:
            yield Change(do=call)


def foreseen(aws: Account, *faults: Fault, expect: Expectation = DETECTION, **how: Any) -> Foresight:
    predictor = Predictor(aws, HARNESS, local_address="127.0.0.1", **how)
    return foresee(experiment(expect, faults=faults or (ATTACH,)), predictor)


def effects(foresight: Foresight) -> list[str]:
    return [each.prediction.effect.value for fault in foresight.faults for each in fault.changes]


def test_an_earlier_change_of_the_callers_permissions_leaves_later_ones_open() -> None:
    widen = Call("iam", "PutUserPolicy", UserName="alice", PolicyName="p", PolicyDocument=document(allow()))
    later = Call("iam", "CreateUser", UserName="bob")
    aws = account()
    predictor = Predictor(aws, ALICE, local_address="127.0.0.1")
    mine = {"iam:ListUserPolicies": ["mine"], "iam:GetUserPolicy": document(allow("iam:PutUserPolicy"))}
    aws.answers |= mine
    foresight = foresee(experiment(faults=(Calls(widen, later),)), predictor)
    assert effects(foresight) == ["not stopped", "depends"]
    (_, second) = foresight.faults[0].changes
    assert str(second.prediction) == "depends on what iam:PutUserPolicy changes before"


def test_an_earlier_change_that_is_stopped_alters_nothing() -> None:
    widen = Call("iam", "PutRolePolicy", RoleName="harness", PolicyName="p", PolicyDocument="{}")
    later = Call("iam", "CreateUser", UserName="bob")
    aws = account(iam__GetRolePolicy=document(allow("iam:CreateUser")))
    assert effects(foreseen(aws, Calls(widen, later))) == ["stopped", "not stopped"]


def test_a_bucket_policy_that_an_earlier_change_puts_is_the_one_that_counts() -> None:
    closed = document({**deny("s3:PutBucketAcl", "arn:aws:s3:::data", Sid="No"), "Principal": "*"})
    put = Call("s3", "PutBucketPolicy", Bucket="data", Policy=closed)
    acl = Call("s3", "PutBucketAcl", Bucket="data", ACL="public-read")
    assert effects(foreseen(account(), Calls(put, acl))) == ["not stopped", "depends"]
    harmless = Call("s3", "PutBucketPolicy", Bucket="data", Policy=document(PUBLIC))
    assert effects(foreseen(account(), Calls(harmless, acl))) == ["not stopped", "not stopped"]


def test_an_acl_can_only_open() -> None:
    acl = Call("s3", "PutBucketAcl", Bucket="data", ACL="public-read")
    put = Call("s3", "PutBucketPolicy", Bucket="data", Policy=document(PUBLIC))
    assert effects(foreseen(account(), Calls(acl, put))) == ["not stopped", "not stopped"]


def test_a_gate_that_an_earlier_change_moves_is_open() -> None:
    lift = Call("s3", "DeletePublicAccessBlock", Bucket="data")
    put = Call("s3", "PutBucketPolicy", Bucket="data", Policy=document(PUBLIC))
    shut = account(s3__GetPublicAccessBlock={"BlockPublicPolicy": True})
    assert effects(foreseen(shut, Calls(lift, put))) == ["not stopped", "depends"]


def test_a_role_that_an_earlier_change_creates_has_the_path_it_is_given() -> None:
    create = Call("iam", "CreateRole", RoleName="new", Path="/ml/", AssumeRolePolicyDocument="{}")
    tag = Call("iam", "TagRole", RoleName="new", Tags=[{"Key": "a", "Value": "b"}])
    protected = document(allow(), deny("iam:TagRole", f"arn:aws:iam::{MEMBER}:role/ml/*", Sid="Ml"))
    aws = account(iam__GetRolePolicy=protected)
    aws.answers["iam:GetRole new"] = absent("NoSuchEntity")
    (_, second) = foreseen(aws, Calls(create, tag)).faults[0].changes
    assert second.prediction.sid == "Ml"


@pytest.mark.parametrize(
    ("scp", "by", "unguarded"),
    [
        (deny("iam:*", Sid="No"), "scp", None),
        (deny("iam:*", Sid="No"), "any", None),
        (deny("s3:*"), "scp", "iam:AttachRolePolicy is predicted not to be stopped"),
        (
            deny("iam:*", Sid="No"),
            "boundary",
            "iam:AttachRolePolicy is predicted to be stopped by scp guard, Sid No, not by boundary",
        ),
    ],
)
def test_a_guardrail_that_is_predicted_not_to_be_met_is_told(
    scp: dict[str, Any], by: Any, unguarded: str | None
) -> None:
    member, above = organization(("guard", document(scp)))
    expect = Expectation(Role.GUARDRAIL, CallDenied(by=by))
    foresight = foreseen(account(**member), expect=expect, management=above)
    assert foresight.unguarded == unguarded


def test_what_is_only_detected_needs_no_guardrail() -> None:
    assert foreseen(account(), expect=DETECTION).unguarded is None


def test_what_depends_is_not_called_unguarded() -> None:
    member, _ = organization()
    assert foreseen(account(**member), expect=GUARDRAIL).unguarded is None


def test_the_operation_that_a_guardrail_names_is_the_one_that_counts() -> None:
    calls = Calls(Call("iam", "CreateUser", UserName="bob"), Call("iam", "CreateGroup", GroupName="g"))
    member, above = organization(("guard", document(deny("iam:CreateGroup", Sid="No"))))
    named = Expectation(Role.GUARDRAIL, CallDenied(by="scp", operation="CreateGroup"))
    assert foreseen(account(**member), calls, expect=named, management=above).unguarded is None
    other = replace(named, probe=CallDenied(by="scp", operation="CreateUser"))
    told = foreseen(account(**member), calls, expect=other, management=above).unguarded
    assert told == "iam:CreateUser is predicted not to be stopped"


def test_a_prediction_stands_beside_the_outcome_of_the_same_call() -> None:
    foresight = foreseen(account())
    done = result()
    done.faults = [FaultResult(ATTACH.about.name, [ChangeResult("iam", "AttachRolePolicy", "applied")])]
    compare(done, foresight)
    assert done.faults[0].changes[0].predicted == foresight.faults[0].changes[0].prediction
    assert done.dump()["faults"][0]["changes"][0]["predicted"]["summary"] == "not stopped"


STOPPED = Prediction(Foreseen.STOPPED, "scp", "guard", "No")
FREE = Prediction(Foreseen.NOT_STOPPED)
OPEN = Prediction(Foreseen.DEPENDS, depends_on=("aws:SourceIp",))


@pytest.mark.parametrize(
    ("predicted", "outcome", "denied_by", "finding"),
    [
        (STOPPED, "applied", None, "predicted stopped by scp guard, Sid No, but it went through"),
        (STOPPED, "denied", "scp", None),
        (STOPPED, "denied", "unknown", None),
        (
            STOPPED,
            "denied",
            "identity",
            "predicted stopped by scp guard, Sid No, but it was denied by identity",
        ),
        (replace(STOPPED, certain=False), "denied", "identity", None),
        (replace(STOPPED, layer="kms"), "denied", "resource", None),
        (STOPPED, "failed", None, None),
        (FREE, "applied", None, None),
        (FREE, "failed", None, None),
        (FREE, "denied", "scp", "predicted not stopped, but it was denied by scp"),
        (FREE, "denied", "unknown", "predicted not stopped, but it was denied"),
        (OPEN, "applied", None, None),
        (OPEN, "denied", "scp", None),
        (None, "applied", None, None),
    ],
)
def test_only_what_was_certain_can_be_wrong(
    predicted: Prediction | None, outcome: str, denied_by: str | None, finding: str | None
) -> None:
    change = ChangeResult("iam", "AttachRolePolicy", outcome, denied_by, predicted=predicted)
    assert change.disagreement == finding
