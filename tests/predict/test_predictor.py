from __future__ import annotations

import json
from typing import Any

import pytest

from chaoskit.aws import Call, Credentials
from chaoskit.permissions import Requirement
from chaoskit.predict.callers import planned, who_is
from chaoskit.predict.effects import Effects
from chaoskit.result import Foreseen
from tests.predict.account import (
    ALICE,
    FULL_BLOCK,
    HARNESS,
    MANAGEMENT,
    MEMBER,
    absent,
    account,
    allow,
    deny,
    document,
    organization,
    predict,
)

ATTACH = Call("iam", "AttachRolePolicy", RoleName="training", PolicyArn="arn:aws:iam::aws:policy/X")
ACL = Call("s3", "PutBucketAcl", Bucket="data", ACL="public-read")
PUBLIC = {
    "Sid": "Open",
    "Effect": "Allow",
    "Principal": "*",
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::data/*",
}
POLICY = Call("s3", "PutBucketPolicy", Bucket="data", Policy=document(PUBLIC))
CREATE = Call("iam", "CreateAccessKey", UserName="alice")


def leaked(call: Call, key: str = "<CreateAccessKey.AccessKey.AccessKeyId>", **more: Any) -> Call:
    return Call(call.service, call.operation, signed_by=Credentials(key, "x"), **more, **call.params)


def granted(*statements: dict[str, Any]) -> dict[str, Any]:
    """What an inline policy of the harness says, as botocore answers it."""
    loaded: dict[str, Any] = json.loads(document(*statements))
    return loaded


def test_what_a_policy_allows_is_not_stopped() -> None:
    assert str(predict(ATTACH, account())) == "not stopped"


def test_what_no_policy_allows_is_stopped_by_the_identity_layer() -> None:
    prediction = predict(ATTACH, account(iam__GetRolePolicy=granted(allow("s3:*"))))
    assert str(prediction) == "stopped by identity: nothing allows iam:AttachRolePolicy"


def test_a_role_is_decided_by_its_full_path() -> None:
    with_path = granted(allow(), deny("iam:*", f"arn:aws:iam::{MEMBER}:role/ml/*", Sid="NotMl"))
    assert (
        str(predict(ATTACH, account(iam__GetRolePolicy=with_path))) == "stopped by identity inline, Sid NotMl"
    )
    without = granted(allow(), deny("iam:*", f"arn:aws:iam::{MEMBER}:role/training"))
    assert predict(ATTACH, account(iam__GetRolePolicy=without)).effect is Foreseen.NOT_STOPPED


def test_a_boundary_that_does_not_allow_stops() -> None:
    boundary = "arn:aws:iam::444455556666:policy/boundary"
    aws = account(
        iam__GetPolicy="v3",
        iam__GetPolicyVersion=granted(allow("s3:*")),
    )
    aws.answers["iam:GetRole harness"] = {
        "Arn": HARNESS,
        "RoleId": "AROAHARNESS",
        "PermissionsBoundary": {"PermissionsBoundaryArn": boundary},
    }
    prediction = predict(ATTACH, aws)
    assert (prediction.layer, prediction.policy) == ("boundary", boundary)
    assert predict(ACL, aws).effect is Foreseen.NOT_STOPPED


def test_a_scp_is_named_with_its_statement() -> None:
    member, above = organization(("guard", document(deny("iam:Attach*", Sid="NoAttach"))))
    prediction = predict(ATTACH, account(**member), management=above)
    assert str(prediction) == "stopped by scp guard, Sid NoAttach"
    assert prediction.certain


def test_a_level_that_allows_nothing_stops_everything() -> None:
    member, above = organization()
    above.answers["organizations:ListPoliciesForTarget ou-1"] = []
    prediction = predict(ATTACH, account(**member), management=above)
    assert (prediction.layer, prediction.policy) == ("scp", "scps[1]")


def test_scps_leave_the_management_account_alone() -> None:
    member, above = organization(("guard", document(deny())))
    member["organizations__DescribeOrganization"] = ["o-1", MEMBER]
    assert predict(ATTACH, account(**member), management=above).effect is Foreseen.NOT_STOPPED


def test_scps_that_are_switched_off_stop_nothing() -> None:
    member, above = organization(("guard", document(deny())))
    above.answers["organizations:ListRoots"] = []
    assert predict(ATTACH, account(**member), management=above).effect is Foreseen.NOT_STOPPED


def test_scps_that_a_member_can_not_read_leave_the_prediction_open() -> None:
    member, _ = organization()
    prediction = predict(ATTACH, account(**member))
    assert str(prediction) == (
        "depends on the organization's service control policies (organizations:ListRoots: AccessDenied)"
    )


def test_what_is_stopped_anyway_does_not_depend_on_what_can_not_be_read() -> None:
    member, _ = organization()
    prediction = predict(ATTACH, account(**member, iam__GetRolePolicy=granted(allow("s3:*"))))
    assert prediction.layer == "identity"
    assert not prediction.certain  # a service control policy may deny it first


def test_an_identity_that_can_not_be_read_leaves_the_prediction_open() -> None:
    aws = account()
    del aws.answers["iam:GetRolePolicy"]
    prediction = predict(ATTACH, aws)
    assert str(prediction) == (
        "depends on the policies of the role harness (iam:GetRolePolicy: AccessDenied)"
    )


def test_a_scp_stops_even_who_can_not_be_read() -> None:
    member, above = organization(("guard", document(deny("iam:*", Sid="No"))))
    aws = account(**member)
    del aws.answers["iam:GetRolePolicy"]
    assert str(predict(ATTACH, aws, management=above)) == "stopped by scp guard, Sid No"


@pytest.mark.parametrize(
    ("key", "value"),
    [("aws:CurrentTime", "2030-01-01T00:00:00Z"), ("aws:TokenIssueTime", "2030-01-01T00:00:00Z")],
)
def test_when_the_call_is_made_is_not_known(key: str, value: str) -> None:
    late = granted(allow(), deny("iam:*", Condition={"DateGreaterThan": {key: value}}))
    assert predict(ATTACH, account(iam__GetRolePolicy=late)).depends_on == (key,)


def test_the_address_is_known_only_where_nothing_lies_between() -> None:
    outside = {"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
    aws = account(iam__GetRolePolicy=granted(allow(), deny("iam:*", Condition=outside)))
    assert predict(ATTACH, aws).effect is Foreseen.NOT_STOPPED
    assert predict(ATTACH, aws, local_address=None).depends_on == ("aws:SourceIp",)


def test_a_calls_own_address_counts_only_in_the_sandbox() -> None:
    office = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    aws = account(iam__GetRolePolicy=granted(allow(), deny("iam:*", Sid="Out", Condition=office)))
    inside = Call("iam", "AttachRolePolicy", source_ip="203.0.113.9", **ATTACH.params)
    assert predict(inside, aws).effect is Foreseen.NOT_STOPPED
    assert predict(ATTACH, aws).sid == "Out"
    assert predict(inside, aws, local_address=None).effect is Foreseen.DEPENDS


LOCKED = document(allow("s3:*", "arn:aws:s3:::ours/*", Principal="*", Sid="Ours"))
LEADS_TO_S3 = ["vpce-1", "vpc-1", "com.amazonaws.us-east-1.s3", LOCKED]
DELETE = Call("s3", "DeleteObject", source_vpce="vpce-1", Bucket="data", Key="k")


def test_the_policy_of_the_endpoint_that_a_call_comes_through_stops_it() -> None:
    aws = account(ec2__DescribeVpcEndpoints=[LEADS_TO_S3])
    assert str(predict(DELETE, aws)) == "stopped by endpoint vpce-1"
    ours = Call("s3", "DeleteObject", source_vpce="vpce-1", Bucket="ours", Key="k")
    assert predict(ours, aws).effect is Foreseen.NOT_STOPPED
    outside = Call("s3", "DeleteObject", Bucket="data", Key="k")
    assert predict(outside, aws).effect is Foreseen.NOT_STOPPED


def test_a_call_through_an_endpoint_has_the_keys_of_its_network_and_no_address() -> None:
    network = {"StringEquals": {"aws:SourceVpce": "vpce-1", "aws:SourceVpc": "vpc-1"}}
    conditions = network | {"Null": {"aws:SourceIp": "true"}, "IpAddress": {"aws:VpcSourceIp": "127.0.0.0/8"}}
    aws = account(
        ec2__DescribeVpcEndpoints=[[*LEADS_TO_S3[:3], document(allow(Principal="*"))]],
        iam__GetRolePolicy=granted(allow(Condition=conditions)),
    )
    assert predict(DELETE, aws).effect is Foreseen.NOT_STOPPED


def test_on_aws_it_is_not_known_which_of_the_endpoints_a_call_comes_through() -> None:
    aws = account(ec2__DescribeVpcEndpoints=[LEADS_TO_S3])
    depends = predict(DELETE, aws, local_address=None)
    assert str(depends) == "depends on whether the call comes through vpce-1"
    assert predict(ATTACH, aws, local_address=None).effect is Foreseen.NOT_STOPPED
    open_ = account(ec2__DescribeVpcEndpoints=[[*LEADS_TO_S3[:3], document(allow(Principal="*"))]])
    assert predict(DELETE, open_, local_address=None).effect is Foreseen.NOT_STOPPED


def test_endpoints_that_can_not_be_read_are_not_guessed() -> None:
    aws = account()
    del aws.answers["ec2:DescribeVpcEndpoints"]
    for how in ({}, {"local_address": None}):
        assert str(predict(DELETE, aws, **how)).startswith("depends on the VPC endpoints (ec2:Describe")


def test_an_earlier_change_of_the_endpoints_policy_leaves_it_open() -> None:
    widened = Effects()
    arn = f"arn:aws:ec2:us-east-1:{MEMBER}:vpc-endpoint/vpce-1"
    modify = Call("ec2", "ModifyVpcEndpoint", VpcEndpointId="vpce-1", PolicyDocument=document(allow()))
    who = who_is(HARNESS)
    widened.take(planned(modify, who, "us-east-1", None), [Requirement("ec2:ModifyVpcEndpoint", arn)])
    found = predict(DELETE, account(ec2__DescribeVpcEndpoints=[LEADS_TO_S3]), effects=widened)
    assert str(found) == "depends on what a change before does to the policy of vpce-1"


def test_a_key_that_aws_does_not_document_for_the_action_is_absent() -> None:
    condition = {"StringEquals": {"s3:x-amz-acl": "public-read"}}
    aws = account(iam__GetRolePolicy=granted(allow(), deny("iam:*", Condition=condition)))
    assert predict(ATTACH, aws).effect is Foreseen.NOT_STOPPED


def test_a_documented_key_that_only_the_account_knows_is_not_guessed() -> None:
    condition = {"StringEquals": {"iam:RoleTemplateARN": "arn:aws:iam::aws:role-template/x"}}
    aws = account(iam__GetRolePolicy=granted(allow(), deny("iam:*", Condition=condition)))
    assert predict(ATTACH, aws).depends_on == ("iam:RoleTemplateARN",)


def test_the_boundary_of_the_role_that_is_changed_is_read() -> None:
    boundary = f"arn:aws:iam::{MEMBER}:policy/limits"
    condition = {"StringNotEquals": {"iam:PermissionsBoundary": boundary}}
    bounded_only = granted(allow(), deny("iam:Attach*", Sid="BoundedOnly", Condition=condition))
    aws = account(iam__GetRolePolicy=bounded_only)
    assert predict(ATTACH, aws).sid == "BoundedOnly"
    aws.answers["iam:GetRole training"] = {
        **aws.answers["iam:GetRole training"],
        "PermissionsBoundary": {"PermissionsBoundaryArn": boundary},
    }
    assert predict(ATTACH, aws).effect is Foreseen.NOT_STOPPED
    del aws.answers["iam:GetRole training"]
    assert predict(ATTACH, aws).depends_on == ("iam:PermissionsBoundary",)


def test_a_key_that_tells_of_the_resource_where_the_request_does_not_is_not_guessed() -> None:
    condition = {"StringEquals": {"kms:KeySpec": "SYMMETRIC_DEFAULT"}}
    root = {"AWS": f"arn:aws:iam::{MEMBER}:root"}
    key = f"arn:aws:kms:us-east-1:{MEMBER}:key/1"
    aws = account(
        iam__GetRolePolicy=granted(allow(), deny("kms:*", Condition=condition)),
        kms__GetKeyPolicy=document({**allow("kms:*"), "Principal": root}),
    )
    assert predict(Call("kms", "DisableKey", KeyId=key), aws).depends_on == ("kms:KeySpec",)


def test_headers_that_the_parameters_make_are_condition_keys() -> None:
    condition = {"StringEquals": {"s3:x-amz-acl": ["public-read", "public-read-write"]}}
    aws = account(
        iam__GetRolePolicy=granted(allow(), deny("s3:PutBucketAcl", Sid="NoAcl", Condition=condition))
    )
    assert predict(ACL, aws).sid == "NoAcl"
    private = Call("s3", "PutBucketAcl", Bucket="data", ACL="private")
    assert predict(private, aws).effect is Foreseen.NOT_STOPPED


@pytest.mark.parametrize("key", ["aws:ResourceTag/tier", "iam:ResourceTag/tier"])
def test_tags_of_the_resource_are_read_when_a_policy_asks_for_them(key: str) -> None:
    condition = {"StringEquals": {key: "production"}}
    aws = account(iam__GetRolePolicy=granted(allow(), deny("iam:*", Sid="Tier", Condition=condition)))
    assert predict(ATTACH, aws).effect is Foreseen.NOT_STOPPED
    aws.answers["iam:GetRole training"] = {
        **aws.answers["iam:GetRole training"],
        "Tags": [{"Key": "tier", "Value": "production"}],
    }
    assert predict(ATTACH, aws).sid == "Tier"


def test_tags_that_can_not_be_read_are_not_guessed() -> None:
    condition = {"StringEquals": {"aws:ResourceTag/tier": "production"}}
    aws = account(iam__GetRolePolicy=granted(allow(), deny("s3:*", Condition=condition)))
    assert predict(ACL, aws).depends_on == ("aws:ResourceTag/tier",)


def test_a_bucket_policy_that_denies_stops() -> None:
    text = document({**deny("s3:PutBucketAcl", "arn:aws:s3:::data", Sid="Fixed"), "Principal": "*"})
    prediction = predict(ACL, account(s3__GetBucketPolicy=text))
    assert str(prediction) == "stopped by resource arn:aws:s3:::data, Sid Fixed"


def test_a_bucket_of_another_account_is_not_guessed() -> None:
    aws = account()
    del aws.answers["s3:HeadBucket"]
    assert predict(ACL, aws).depends_on == ("the owner of bucket data (s3:HeadBucket: AccessDenied)",)


@pytest.mark.parametrize(("call", "setting"), [(ACL, "BlockPublicAcls"), (POLICY, "BlockPublicPolicy")])
@pytest.mark.parametrize("whose", ["s3__GetPublicAccessBlock", "s3control__GetPublicAccessBlock"])
def test_block_public_access_of_bucket_or_account_stops_what_would_be_public(
    call: Call, setting: str, whose: str
) -> None:
    assert str(predict(call, account(**{whose: FULL_BLOCK}))) == f"stopped by bpa {setting}"
    assert predict(call, account()).effect is Foreseen.NOT_STOPPED


def test_acls_that_are_disabled_stop_an_acl_before_block_public_access_does() -> None:
    aws = account(s3__GetBucketOwnershipControls="BucketOwnerEnforced", s3__GetPublicAccessBlock=FULL_BLOCK)
    assert str(predict(ACL, aws)) == "stopped by ownership BucketOwnerEnforced"


def test_a_gate_that_can_not_be_read_leaves_the_prediction_open() -> None:
    aws = account()
    del aws.answers["s3control:GetPublicAccessBlock"]
    prediction = predict(ACL, aws)
    assert prediction.effect is Foreseen.DEPENDS
    assert any("Block Public Access of the account" in words for words in prediction.depends_on)


def test_a_policy_comes_before_a_gate() -> None:
    member, above = organization(("guard", document(deny("s3:PutBucketAcl", Sid="NoAcl"))))
    aws = account(**member, s3__GetPublicAccessBlock=FULL_BLOCK)
    assert predict(ACL, aws, management=above).sid == "NoAcl"


def test_a_leaked_key_is_the_users_it_is_created_for() -> None:
    call = leaked(Call("sagemaker-runtime", "InvokeEndpoint", EndpointName="e"))
    prediction = predict(call, account(), CREATE)
    assert str(prediction) == "stopped by identity: nothing allows sagemaker:InvokeEndpoint"
    aws = account(
        iam__ListUserPolicies=["mine"], iam__GetUserPolicy=granted(allow("sagemaker:InvokeEndpoint"))
    )
    assert predict(call, aws, CREATE).effect is Foreseen.NOT_STOPPED


def test_groups_give_their_members_their_policies() -> None:
    call = leaked(Call("sagemaker-runtime", "InvokeEndpoint", EndpointName="e"))
    aws = account(
        iam__ListGroupsForUser=[["ml", f"arn:aws:iam::{MEMBER}:group/ml"]],
        iam__ListGroupPolicies=["ours"],
        iam__GetGroupPolicy=granted(allow("sagemaker:*")),
        iam__ListAttachedGroupPolicies=[],
    )
    assert predict(call, aws, CREATE).effect is Foreseen.NOT_STOPPED


def test_a_key_of_a_session_is_the_roles() -> None:
    assume = Call("sts", "AssumeRole", RoleArn=HARNESS, RoleSessionName="x")
    call = leaked(ATTACH, "<AssumeRole.Credentials.AccessKeyId>")
    assert predict(call, account(), assume, caller=ALICE).effect is Foreseen.NOT_STOPPED


def test_a_key_of_nobody_known_is_not_guessed() -> None:
    prediction = predict(leaked(ATTACH, "<Forge.Key>"), account())
    assert prediction.depends_on == ("who holds the key <Forge.Key>",)


def test_a_key_that_exists_is_asked_for_its_holder() -> None:
    aws = account(iam__GetAccessKeyLastUsed="alice")
    assert predict(leaked(ATTACH, "AKIAEXAMPLE"), aws).layer == "identity"


def test_a_user_that_will_only_be_created_is_not_guessed() -> None:
    aws = account()
    aws.answers["iam:GetUser alice"] = absent("NoSuchEntity")
    call = leaked(Call("sagemaker-runtime", "InvokeEndpoint", EndpointName="e"))
    assert predict(call, aws, CREATE).depends_on == ("the user alice, which is not there yet",)


def test_a_resource_that_aws_has_yet_to_name_is_open_only_where_it_matters() -> None:
    call = Call("iam", "TagRole", RoleName="<CreateRole.Role.RoleName>", Tags=[])
    role = f"arn:aws:iam::{MEMBER}:role/"
    anywhere = granted(allow("iam:*", f"{role}*"))
    assert predict(call, account(iam__GetRolePolicy=anywhere)).effect is Foreseen.NOT_STOPPED
    elsewhere = granted(allow("iam:*"), deny("iam:*", f"arn:aws:iam::{MEMBER}:user/*"))
    assert predict(call, account(iam__GetRolePolicy=elsewhere)).effect is Foreseen.NOT_STOPPED
    somewhere = granted(allow("iam:*"), deny("iam:*", f"{role}protected-*"))
    prediction = predict(call, account(iam__GetRolePolicy=somewhere))
    assert (prediction.effect, len(prediction.depends_on)) == (Foreseen.DEPENDS, 1)
    assert prediction.depends_on[0].startswith("<")
    nowhere = granted(allow("iam:*", f"arn:aws:iam::{MEMBER}:user/*"))
    assert predict(call, account(iam__GetRolePolicy=nowhere)).layer == "identity"


def test_a_session_policy_limits_the_run_but_not_a_leaked_key() -> None:
    limited = document(allow("s3:*"))
    assert predict(ATTACH, account(), session_policy=limited).layer == "session"
    aws = account(iam__ListUserPolicies=["mine"], iam__GetUserPolicy=granted(allow()))
    assert predict(leaked(ATTACH), aws, CREATE, session_policy=limited).effect is Foreseen.NOT_STOPPED


def test_every_permission_that_a_call_needs_counts() -> None:
    call = Call(
        "lambda",
        "CreateFunction",
        FunctionName="f",
        Role=f"arn:aws:iam::{MEMBER}:role/ml/training",
        Code={},
    )
    aws = account(
        iam__GetRolePolicy=granted(allow("lambda:*")), lambda__GetPolicy=absent("ResourceNotFoundException")
    )
    prediction = predict(call, aws)
    assert (prediction.effect, prediction.action) == (Foreseen.STOPPED, "iam:PassRole")


def test_a_predictor_only_ever_reads() -> None:
    member, above = organization(("guard", document(deny("iam:Attach*"))))
    aws = account(**member)
    for call in (ATTACH, ACL, POLICY, CREATE):
        predict(call, aws, management=above)
    verbs = {asked.partition(":")[2][:3] for asked in (*aws.asked, *above.asked)}
    assert verbs <= {"Get", "Lis", "Des", "Hea"}


def test_a_member_reads_its_own_organization_and_management_the_policies() -> None:
    member, above = organization(("guard", document(deny("iam:Attach*"))))
    aws = account(**member)
    predict(ATTACH, aws, management=above)
    assert {each for each in aws.asked if each.startswith("organ")} == {"organizations:DescribeOrganization"}
    assert "organizations:DescribePolicy" in above.asked
    assert MANAGEMENT == "111122223333"
