from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from chaoskit.aws import ITEM, Aws, Call, Connection, Each, Query
from chaoskit.contract import Change
from chaoskit.engine import deadman
from chaoskit.engine.deadman import Switch, digest
from chaoskit.errors import GuardError

if TYPE_CHECKING:
    from chaoskit.engine.deadman import Arming

ROLE = "arn:aws:iam::444455556666:role/chaoskit-undo"
LETTERS = "arn:aws:sqs:us-east-1:444455556666:chaoskit-undo-dead-letters"
NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
ROLE_NAME = {"RoleName": "training"}
STATE = Query("iam", "ListAttachedRolePolicies", ROLE_NAME, "AttachedPolicies[].PolicyArn")
ATTACH = Change(
    Call("iam", "AttachRolePolicy", RoleName="training"),
    (Call("iam", "DetachRolePolicy", absent_ok=("NoSuchEntity",), RoleName="training"),),
    STATE,
)
PUT = Change(
    Call("s3", "PutBucketPolicy", Bucket="data", Policy="{}"),
    (Call("s3", "PutBucketPolicy", Bucket="data", Policy='{"was": 1}'),),
    Query("s3", "GetBucketPolicy", {"Bucket": "data"}, "Policy", parse_json=True),
)
KEYS = Change(
    Call("iam", "CreateAccessKey", UserName="u"),
    (
        Each(
            Query("iam", "ListAccessKeys", {"UserName": "u"}, "AccessKeyMetadata[].AccessKeyId"),
            Call("iam", "DeleteAccessKey", UserName="u", AccessKeyId=ITEM),
        ),
    ),
)
SEVERAL = Change(ATTACH.do, (*ATTACH.undo, Call("iam", "DetachRolePolicy", RoleName="training")), STATE)


def arm(change: Change, **more: Any) -> Arming:
    aws = Aws(Connection("us-east-1"), account="444455556666")
    switch = Switch(aws, ROLE, LETTERS, "20260301T120000-abc123.1", more.pop("lasting_s", 600.0))
    given = {"captured": None, "listed": (None,) * len(change.undo), "now": NOW, **more}
    return switch.arming(1, change, given["captured"], given["listed"], given["now"])


def schedule(arming: Arming) -> Any:
    return arming.changes[-1].do.params


@pytest.mark.parametrize(
    ("change", "operations", "compares"),
    [
        (ATTACH, ["scheduler:CreateSchedule"], False),
        (PUT, ["ssm:CreateDocument", "scheduler:CreateSchedule"], True),
        (KEYS, ["ssm:CreateDocument", "scheduler:CreateSchedule"], True),
        (SEVERAL, ["ssm:CreateDocument", "scheduler:CreateSchedule"], True),
    ],
)
def test_one_exact_call_is_the_schedules_own_and_all_else_a_document_that_compares(
    change: Change, operations: list[str], compares: bool
) -> None:
    arming = arm(change)
    assert [str(each.do) for each in arming.changes] == operations
    assert (arming.told(["with the fault in"]) is not None) is compares


def test_the_schedules_own_call_is_the_undo_and_nothing_else() -> None:
    target = schedule(arm(ATTACH))["Target"]
    assert target["Arn"] == "arn:aws:scheduler:::aws-sdk:iam:detachRolePolicy"
    assert json.loads(target["Input"]) == ROLE_NAME
    assert (target["RoleArn"], target["DeadLetterConfig"]) == (ROLE, {"Arn": LETTERS})


@pytest.mark.parametrize("change", [ATTACH, PUT, KEYS, SEVERAL])
def test_what_arms_is_as_aws_takes_it(change: Change) -> None:
    arming = arm(change)
    told = arming.told(["x"])
    for call in (*(each.do for each in arming.changes), *([told] if told else [])):
        client = boto3.client(call.service, region_name="us-east-1")
        model = client.meta.service_model.operation_model(call.operation)
        from botocore.validate import ParamValidator  # noqa: PLC0415 - next to what it is for

        report = ParamValidator().validate(dict(call.params), model.input_shape)
        assert not report.has_errors(), report.generate_report()


@pytest.mark.parametrize("change", [ATTACH, PUT, KEYS, SEVERAL])
def test_whatever_arms_is_taken_away_again_also_when_it_is_gone_already(change: Change) -> None:
    for each in arm(change).changes:
        (gone,) = each.undo
        assert isinstance(gone, Call)
        assert gone.operation.startswith("Delete")
        assert gone.absent_ok


@pytest.mark.parametrize(
    ("lasting_s", "fires"),
    [(570.0, "12:10"), (600.0, "12:11"), (571.0, "12:11"), (0.0, "12:01"), (3570.0, "13:00")],
)
def test_it_fires_in_the_first_whole_minute_after_the_time(lasting_s: float, fires: str) -> None:
    arming = arm(ATTACH, lasting_s=lasting_s)
    assert f"{arming.deadline:%H:%M}" == fires
    assert schedule(arming)["ScheduleExpression"] == f"at(2026-03-01T{fires}:00)"


def test_the_document_knows_the_captured_state_and_what_was_there_before() -> None:
    arming = arm(KEYS, captured=["k"], listed=(["AKIAIOSFODNN7EXAMPLE"],))
    content = json.loads(arming.changes[0].do.params["Content"])
    plan = json.loads(content["mainSteps"][0]["inputs"]["InputPayload"]["Plan"])
    assert plan["listed"] == [["AKIAIOSFODNN7EXAMPLE"]]
    assert plan["captured"] == digest(["k"])
    assert content["assumeRole"] == ROLE


def test_the_fingerprint_of_what_the_fault_left_is_told_to_the_schedule() -> None:
    told = arm(PUT).told({"Statement": []})
    assert told is not None
    assert str(told) == "scheduler:UpdateSchedule"
    given = json.loads(told.params["Target"]["Input"])
    assert given["Parameters"] == {"Left": [digest({"Statement": []})]}


def test_doubled_braces_of_a_policy_do_not_become_a_variable_of_the_document() -> None:
    policy = '{"a": "{{ x }}"}'
    change = Change(PUT.do, (Call("s3", "PutBucketPolicy", Bucket="data", Policy=policy),), PUT.state)
    inputs = json.loads(arm(change).changes[0].do.params["Content"])["mainSteps"][0]["inputs"]
    assert "{{" not in inputs["InputPayload"]["Plan"]
    assert json.loads(inputs["InputPayload"]["Plan"])["undo"][0]["params"]["Policy"] == policy


def test_an_undo_that_no_document_can_hold_is_refused() -> None:
    change = Change(
        PUT.do, (Call("s3", "PutBucketPolicy", Bucket="data", Policy="x" * deadman._LARGEST_DOCUMENT),)
    )
    with pytest.raises(GuardError, match="too large for a dead-man's switch"):
        arm(change)


def test_equal_states_have_equal_fingerprints_however_they_are_ordered() -> None:
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})
    assert digest(["a", "b"]) != digest(["b", "a"])
