"""What a call needs, from a call that is only a value: the gateway's tests cover the tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from chaoskit.permissions import Requirement, Unseen, requirements
from chaoskit.permissions.arns import access_levels
from chaoskit.permissions.request_tags import tag_keys
from chaoskit.permissions.service_context import modelled, of_service

ACCOUNT = "444455556666"


@dataclass(frozen=True)
class Caller:
    account: str = ACCOUNT
    user_name: str = "alice"
    invoked_by: str = ""


@dataclass(frozen=True)
class Call:
    service: str
    operation: str
    params: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    account: str = ACCOUNT
    region: str = "us-east-1"
    principal: Caller = Caller()
    method: str = "POST"
    path: str = "/"
    query: str = ""


class Known(Unseen):
    """An account with one role."""

    def principals(self, kind: str, name: str, account: str) -> list[str]:
        return [f"arn:aws:iam::{account}:{kind}/ml/{name}"] if name == "training" else []

    def boundary(self, kind: str, name: str, account: str) -> str:
        return f"arn:aws:iam::{account}:policy/limits" if (kind, name) == ("role", "training") else ""


def needed(call: Call) -> list[tuple[str, str]]:
    return [(each.action, each.resource) for each in requirements(call, Known())]


def test_a_path_is_what_only_the_account_knows() -> None:
    attach = Call(
        "iam", "AttachRolePolicy", {"RoleName": "training", "PolicyArn": "arn:aws:iam::aws:policy/X"}
    )
    assert needed(attach) == [("iam:AttachRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/ml/training")]
    unknown = Call("iam", "AttachRolePolicy", {"RoleName": "other", "PolicyArn": "arn:aws:iam::aws:policy/X"})
    assert needed(unknown) == [("iam:AttachRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/other")]


def test_a_user_who_names_nobody_means_herself() -> None:
    assert needed(Call("iam", "CreateAccessKey")) == [
        ("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/alice")
    ]


def test_a_passed_role_is_needed_besides_with_the_service_that_gets_it() -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/r"
    call = Call("lambda", "CreateFunction", {"FunctionName": "f", "Role": role})
    assert list(requirements(call, Unseen()))[1] == Requirement(
        "iam:PassRole", role, {"iam:PassedToService": "lambda.amazonaws.com"}
    )


def test_what_needs_no_permission_needs_none() -> None:
    assert needed(Call("sts", "GetCallerIdentity")) == []


@pytest.mark.parametrize(
    ("action", "level"),
    [
        ("iam:AttachRolePolicy", "Permissions management"),
        ("s3:PutBucketAcl", "Permissions management"),
        ("iam:TagRole", "Tagging"),
        ("iam:CreateAccessKey", "Write"),
        ("s3:GetObject", "Read"),
    ],
)
def test_what_an_action_does_is_what_aws_says(action: str, level: str) -> None:
    assert level in access_levels(action)


def test_tags_are_found_however_a_service_spells_them() -> None:
    assert tag_keys({"Tags": [{"Key": "a", "Value": "1"}]}) == {"aws:RequestTag/a": "1", "aws:TagKeys": ["a"]}
    assert tag_keys({"tags": {"a": "1"}}) == {"aws:RequestTag/a": "1", "aws:TagKeys": ["a"]}
    assert tag_keys({"TagKeys": ["a"]}) == {"aws:TagKeys": ["a"]}
    assert tag_keys({"Name": "x"}) == {}


def test_a_modelled_key_is_absent_when_a_call_does_not_have_it_but_what_signing_adds_is_not_modelled() -> (
    None
):
    assert "s3:x-amz-acl" in modelled("s3")
    assert "s3:x-amz-content-sha256" not in modelled("s3")
    assert "sagemaker:volumekmskey" in modelled("sagemaker")


def test_the_boundary_of_the_role_that_a_call_is_about_is_a_key_unless_the_call_names_one() -> None:
    limits = f"arn:aws:iam::{ACCOUNT}:policy/limits"
    attach = Call("iam", "AttachRolePolicy", {"RoleName": "training"})
    assert of_service(attach, "iam", Known())["iam:PermissionsBoundary"] == limits
    put = Call("iam", "PutRolePermissionsBoundary", {"RoleName": "training", "PermissionsBoundary": "other"})
    assert of_service(put, "iam", Known())["iam:PermissionsBoundary"] == "other"
    assert "iam:PermissionsBoundary" not in of_service(
        Call("iam", "TagRole", {"RoleName": "training"}), "iam", Known()
    )


HERE = f"us-east-1:{ACCOUNT}"
STAGE = "arn:aws:apigateway:us-east-1::/restapis/a/stages/b"


def configured(**settings: Any) -> Call:
    return Call("lambda", "UpdateFunctionConfiguration", {"FunctionName": "f", **settings})


@pytest.mark.parametrize(
    ("call", "besides"),
    [
        (
            configured(VpcConfig={"SubnetIds": ["s"]}),
            {("ec2:DescribeSubnets", "*"), ("ec2:DescribeSecurityGroups", "*"), ("ec2:DescribeVpcs", "*")},
        ),
        (configured(VpcConfig={"SubnetIds": []}), set()),
        (
            Call("lambda", "CreateFunction", {"FunctionName": "f", "Code": {"S3Bucket": "b", "S3Key": "k"}}),
            {("s3:GetObject", "arn:aws:s3:::b/k")},
        ),
        (
            Call("lambda", "UpdateFunctionCode", {"S3Bucket": "b", "S3Key": "k", "S3ObjectVersion": "1"}),
            {("s3:GetObjectVersion", "arn:aws:s3:::b/k")},
        ),
        (configured(Layers=["arn:layer:1"]), {("lambda:GetLayerVersion", "arn:layer:1")}),
        (
            Call("secretsmanager", "RotateSecret", {"SecretId": "s", "RotationLambdaARN": "arn:function"}),
            {("lambda:InvokeFunction", "arn:function")},
        ),
        (
            Call("wafv2", "DisassociateWebACL", {"ResourceArn": STAGE}),
            {("apigateway:SetWebACL", STAGE)},
        ),
        (
            Call("ec2", "CreateFlowLogs", {"DeliverLogsPermissionArn": f"arn:aws:iam::{ACCOUNT}:role/flow"}),
            {("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/flow")},
        ),
        (Call("ec2", "CreateFlowLogs", {"LogDestinationType": "s3"}), {("logs:CreateLogDelivery", "*")}),
        (
            Call("ec2", "CreateVpc", {"TagSpecifications": [{"ResourceType": "vpc"}]}),
            {("ec2:CreateTags", f"arn:aws:ec2:{HERE}:vpc/*")},
        ),
    ],
    ids=lambda value: value.operation if isinstance(value, Call) else "",
)
def test_a_call_needs_what_the_service_does_as_its_caller(call: Call, besides: set[tuple[str, str]]) -> None:
    own = f"{call.service}:{call.operation}"
    assert {each for each in needed(call) if each[0] != own} == besides


def test_tags_at_creation_come_with_the_action_that_creates_and_their_keys() -> None:
    tags = [{"Key": "tier", "Value": "research"}]
    made = Call("ec2", "CreateVpc", {"TagSpecifications": [{"ResourceType": "vpc", "Tags": tags}]})
    (tagging,) = (each for each in requirements(made, Known()) if each.action == "ec2:CreateTags")
    assert tagging.keys == {
        "ec2:CreateAction": "CreateVpc",
        "aws:RequestTag/tier": "research",
        "aws:TagKeys": ["tier"],
    }


def test_what_a_call_of_ec2_makes_is_any_of_its_type() -> None:
    made = Call("ec2", "CreateVpcEndpoint", {"VpcId": "vpc-1", "RouteTableIds": ["rtb-1"]})
    assert {resource for _, resource in needed(made)} == {
        f"arn:aws:ec2:{HERE}:{name}" for name in ("vpc-endpoint/*", "vpc/vpc-1", "route-table/rtb-1")
    }
