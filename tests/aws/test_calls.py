from __future__ import annotations

import json
import shlex
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from chaoskit.aws import ITEM, Call, Credentials, Each, Query, load_undo

KEYS = Credentials("AKIAIOSFODNN7EXAMPLE", "a-secret", "a-token")
ATTACH = Call("iam", "AttachRolePolicy", RoleName="training", PolicyArn="arn:aws:iam::aws:policy/X")
INVOKE = Call(
    "sagemaker-runtime",
    "InvokeEndpoint",
    absent_ok=("NoSuchEntity",),
    not_yet=("InvalidClientTokenId",),
    signed_by=KEYS,
    source_ip="198.51.100.23",
    EndpointName="research",
    Body=b"\x00\xff",
)
LIST = Query(
    "iam", "ListAccessKeys", {"UserName": "alice"}, "AccessKeyMetadata[].AccessKeyId", ("NoSuchEntity",)
)
DELETE = Call("iam", "DeleteAccessKey", UserName="alice", AccessKeyId=ITEM)


def through_json(data: Any) -> Any:
    return json.loads(json.dumps(data))


def test_a_call_is_named_as_a_policy_names_it() -> None:
    assert str(ATTACH) == "iam:AttachRolePolicy"
    assert str(Query("s3", "GetBucketAcl")) == "s3:GetBucketAcl"
    assert str(Each(LIST, DELETE)) == "iam:DeleteAccessKey for each new item of iam:ListAccessKeys"


def test_what_is_no_option_is_a_parameter() -> None:
    assert INVOKE.params == {"EndpointName": "research", "Body": b"\x00\xff"}


def test_a_parameter_may_have_any_name_that_aws_uses() -> None:
    assert Call("x", "Y", service="a", operation="b").params == {"service": "a", "operation": "b"}


def test_an_error_is_early_by_its_code_or_by_its_code_and_how_its_message_begins() -> None:
    call = Call("x", "Y", not_yet=("Busy", "ValidationException: Cannot update"))
    assert call.is_early("Busy", "whatever")
    assert call.is_early("ValidationException", "Cannot update in-progress endpoint")
    assert not call.is_early("ValidationException", "Could not find endpoint")
    assert not call.is_early("BusyToo", "whatever")
    assert not INVOKE.is_early("NoSuchEntity", "")


def test_what_is_absent_is_told_in_the_same_way() -> None:
    call = Call("x", "Y", absent_ok=("NoSuchThing", "ValidationException: RecordNotFound"))
    assert call.is_absent("NoSuchThing", "whatever")
    assert call.is_absent("ValidationException", "RecordNotFound")
    assert not call.is_absent("ValidationException", "Status (Pending) not in ([InService])")
    assert Call.load(call.dump()) == call


def test_a_call_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        ATTACH.operation = "DetachRolePolicy"  # type: ignore[misc] # that is the test


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"Body": b"\x00\xff"},
        {"Grants": [{"Grantee": {"Type": "Group"}, "Permission": "READ"}]},
        {"Deep": {"Of": [{"Bytes": [b"a", b""]}]}},
        {"Number": 1, "Yes": True, "None": None, "Text": "ünï"},
    ],
)
def test_a_call_comes_back_from_json_as_it_was(params: dict[str, Any]) -> None:
    call = Call(
        "s3",
        "PutBucketAcl",
        absent_ok=("A",),
        not_yet=("B",),
        settles=9.0,
        source_ip="198.51.100.1",
        **params,
    )
    assert Call.load(through_json(call.dump())) == call


def test_no_secret_is_written() -> None:
    text = json.dumps(INVOKE.dump()) + repr(INVOKE) + str(INVOKE) + repr(KEYS)
    assert KEYS.access_key_id in text
    assert "a-secret" not in text
    assert "a-token" not in text


def test_a_call_that_is_read_back_is_signed_by_nobody_in_particular() -> None:
    assert Call.load(through_json(INVOKE.dump())).signed_by is None


def test_a_call_to_another_region_says_so_in_the_journal_and_to_a_person() -> None:
    there = Call("sagemaker", "ListModels", region="eu-west-2")
    assert Call.load(through_json(there.dump())) == there
    assert there.cli() == "aws sagemaker list-models --region eu-west-2 --cli-input-json '{}'"


def test_what_a_call_does_not_have_is_not_written() -> None:
    assert set(ATTACH.dump()) == {"service", "operation", "params"}


@pytest.mark.parametrize(
    "query",
    [
        LIST,
        Query("iam", "ListUsers"),
        Query("s3", "GetBucketPolicy", {"Bucket": "b"}, "Policy", parse_json=True),
    ],
)
def test_a_query_comes_back_from_json_as_it_was(query: Query) -> None:
    assert Query.load(through_json(query.dump())) == query


@pytest.mark.parametrize("step", [ATTACH, Each(LIST, DELETE)])
def test_both_kinds_of_undo_come_back_from_json(step: Call | Each) -> None:
    assert load_undo(through_json(step.dump())) == step


def test_an_item_takes_its_place_wherever_it_is_named() -> None:
    call = Call("x", "Y", A=ITEM, B=[f"arn:{ITEM}", {"C": ITEM}], D=1, E=b"{item}", absent_ok=("Z",))
    assert call.with_item("new") == Call(
        "x", "Y", A="new", B=["arn:new", {"C": "new"}], D=1, E=b"{item}", absent_ok=("Z",)
    )


def test_an_item_does_not_change_the_call_it_is_put_into() -> None:
    DELETE.with_item("AKIAIOSFODNN7EXAMPLE")
    assert DELETE.params["AccessKeyId"] == ITEM


def test_a_person_can_paste_a_call_into_a_shell() -> None:
    call = Call("s3", "PutBucketPolicy", Bucket="b", Policy='{"Sid": "it\'s"}')
    command, service, operation, option, body = shlex.split(call.cli())
    assert (command, service, operation, option) == (
        "aws",
        "s3api",
        "put-bucket-policy",
        "--cli-input-json",
    )
    assert json.loads(body) == {"Bucket": "b", "Policy": '{"Sid": "it\'s"}'}


def test_a_calls_shell_line_is_spelled_as_the_aws_cli_spells_it() -> None:
    assert ATTACH.cli().startswith("aws iam attach-role-policy --cli-input-json ")
    assert (
        Call("ec2", "AuthorizeSecurityGroupIngress")
        .cli()
        .startswith("aws ec2 authorize-security-group-ingress ")
    )
