from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.aws import MEMBER, allow, deny, policy, refusal

if TYPE_CHECKING:
    from tests.sandbox.aws import Aws

BUCKET = "arn:aws:s3:::models"
QUEUE = f"arn:aws:sqs:us-east-1:{MEMBER}:jobs"
TRUST = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}


def custom(aws: Aws, *policies: str, actions: list[str] | None = None, **more: Any) -> list[dict[str, Any]]:
    answer = aws.client("iam").simulate_custom_policy(
        PolicyInputList=list(policies), ActionNames=actions or ["s3:GetObject"], **more
    )
    return list(answer["EvaluationResults"])


def one(results: list[dict[str, Any]]) -> dict[str, Any]:
    (result,) = results
    return result


def key(name: str, *values: str, kind: str = "string") -> dict[str, Any]:
    return {"ContextKeyName": name, "ContextKeyValues": list(values), "ContextKeyType": kind}


@pytest.fixture(scope="module")
def ann(aws: Aws) -> str:
    """A user with an inline policy, a group's managed policy and a boundary."""
    iam = aws.client("iam")
    aws.user("ann", allow("s3:*"), deny("s3:DeleteBucket", Sid="Keep"))
    iam.create_group(GroupName="readers")
    iam.add_user_to_group(GroupName="readers", UserName="ann")
    managed = iam.create_policy(
        PolicyName="queues", PolicyDocument=policy(allow("sqs:ReceiveMessage", QUEUE))
    )
    iam.attach_group_policy(GroupName="readers", PolicyArn=managed["Policy"]["Arn"])
    limit = iam.create_policy(PolicyName="limit", PolicyDocument=policy(allow(["s3:Get*", "sqs:*"])))
    iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=limit["Policy"]["Arn"])
    return f"arn:aws:iam::{MEMBER}:user/ann"


@pytest.mark.parametrize(
    ("statements", "decision"),
    [
        ([allow("s3:Get*")], "allowed"),
        ([allow("s3:Put*")], "implicitDeny"),
        ([allow("s3:*"), deny("s3:GetObject")], "explicitDeny"),
    ],
)
def test_a_simulation_decides_as_iam_does(aws: Aws, statements: list[Any], decision: str) -> None:
    result = one(custom(aws, policy(*statements)))
    assert result["EvalDecision"] == decision
    assert (result["EvalActionName"], result["EvalResourceName"]) == ("s3:GetObject", "*")
    assert "ResourceSpecificResults" not in result
    assert "OrganizationsDecisionDetail" not in result


def test_a_matched_statement_is_named_with_its_place_in_the_text(aws: Aws) -> None:
    """The positions are those of the AWS CLI's example of simulate-principal-policy."""
    text = """{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "codecommit:ListRepositories",
            "Resource": "*",
            "Sid": "x"
        }
    ]
}"""
    result = one(custom(aws, policy(allow("s3:*")), text, actions=["codecommit:ListRepositories"]))
    assert result["MatchedStatements"] == [
        {
            "SourcePolicyId": "PolicyInputList.2",
            "SourcePolicyType": "IAM Policy",
            "StartPosition": {"Line": 3, "Column": 19},
            "EndPosition": {"Line": 9, "Column": 10},
        }
    ]


def test_only_the_denying_statements_are_named_when_one_denies(aws: Aws) -> None:
    statements = [allow("s3:*"), deny("s3:GetObject", f"{BUCKET}/a"), deny("s3:GetObject", f"{BUCKET}/b")]
    text = policy(*statements)
    result = one(custom(aws, text, ResourceArns=[f"{BUCKET}/a"]))
    start, end = (result["MatchedStatements"][0][side]["Column"] for side in ("StartPosition", "EndPosition"))
    assert len(result["MatchedStatements"]) == 1
    assert json.loads(text[start - 1 : end - 1]) == statements[1]


def test_a_single_statement_needs_no_list_to_be_found(aws: Aws) -> None:
    text = json.dumps({"Statement": allow("s3:*"), "Version": "2012-10-17"})
    result = one(custom(aws, text))
    assert result["MatchedStatements"][0]["StartPosition"] == {"Line": 1, "Column": len('{"Statement":') + 1}


def test_each_resource_has_its_own_result_and_the_strictest_is_the_actions(aws: Aws) -> None:
    text = policy(allow("s3:GetObject", f"{BUCKET}/open/*"))
    result = one(custom(aws, text, ResourceArns=[f"{BUCKET}/open/1", f"{BUCKET}/shut/1"]))
    assert result["EvalDecision"] == "implicitDeny"
    assert result["EvalResourceName"] == "arn:${Partition}:s3:::${BucketName}/${ObjectName}"
    decided = {
        each["EvalResourceName"]: each["EvalResourceDecision"] for each in result["ResourceSpecificResults"]
    }
    assert decided == {f"{BUCKET}/open/1": "allowed", f"{BUCKET}/shut/1": "implicitDeny"}
    assert len(result["MatchedStatements"]) == 1


def test_the_keys_that_a_decision_lacks_are_named_and_count_when_given(aws: Aws) -> None:
    office = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    text = policy(allow("s3:GetObject", Condition=office), allow("sqs:*", Condition={"Bool": {"aws:x": "1"}}))
    lacking = one(custom(aws, text))
    assert (lacking["EvalDecision"], lacking["MissingContextValues"]) == ("implicitDeny", ["aws:SourceIp"])
    given = one(custom(aws, text, ContextEntries=[key("aws:SourceIp", "192.0.2.7", kind="ip")]))
    assert (given["EvalDecision"], given["MissingContextValues"]) == ("allowed", [])
    elsewhere = one(custom(aws, text, ContextEntries=[key("aws:sourceip", "203.0.113.9", kind="ip")]))
    assert elsewhere["EvalDecision"] == "implicitDeny"


def test_a_key_may_have_several_values(aws: Aws) -> None:
    text = policy(allow("s3:GetObject", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}))
    both = [key("aws:TagKeys", "a", "b", kind="stringList")]
    more = [key("aws:TagKeys", "a", "c", kind="stringList")]
    assert one(custom(aws, text, ContextEntries=both))["EvalDecision"] == "allowed"
    assert one(custom(aws, text, ContextEntries=more))["EvalDecision"] == "implicitDeny"


def test_a_users_name_is_a_variable_of_its_own_simulation_only(aws: Aws) -> None:
    text = policy(allow("s3:GetObject", BUCKET + "/${aws:username}/*"))
    resources = [f"{BUCKET}/ann/1"]
    caller = f"arn:aws:iam::{MEMBER}:user/ann"
    assert one(custom(aws, text, CallerArn=caller, ResourceArns=resources))["EvalDecision"] == "allowed"
    nobody = one(custom(aws, text, ResourceArns=resources))
    assert (nobody["EvalDecision"], nobody["MissingContextValues"]) == ("implicitDeny", ["aws:username"])


def test_a_boundary_limits_and_says_so(aws: Aws) -> None:
    limit = policy(allow("sqs:*"))
    result = one(custom(aws, policy(allow("*")), PermissionsBoundaryPolicyInputList=[limit]))
    assert result["EvalDecision"] == "implicitDeny"
    assert result["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    assert result["MatchedStatements"] == []


def test_levels_of_service_control_policies_can_be_given(aws: Aws) -> None:
    everything, nothing = policy(allow("*")), policy(deny("s3:*"))
    levels = [
        {"ServiceControlPolicyInputList": [everything]},
        {"ServiceControlPolicyInputList": [everything, nothing]},
    ]
    stopped = one(custom(aws, everything, OrderedOrganizationPolicyInputList=levels))
    assert stopped["EvalDecision"] == "explicitDeny"
    assert stopped["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": False}
    assert stopped["MatchedStatements"] == []
    passed = one(custom(aws, everything, OrderedOrganizationPolicyInputList=levels[:1]))
    assert passed["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": True}


def test_another_accounts_resource_needs_both_sides(aws: Aws) -> None:
    caller = f"arn:aws:iam::{MEMBER}:user/ann"
    owner = "arn:aws:iam::123456789012:root"
    letting = policy({**allow("s3:GetObject", f"{BUCKET}/*"), "Principal": {"AWS": caller}})
    asked: dict[str, Any] = {
        "CallerArn": caller,
        "ResourceArns": [f"{BUCKET}/1"],
        "ResourceOwner": owner,
        "ResourcePolicy": letting,
    }
    both = one(custom(aws, policy(allow("s3:*")), **asked))
    assert both["EvalDecision"] == "allowed"
    assert both["EvalDecisionDetails"] == {"IAM Policy": "allowed", "Resource Policy": "allowed"}
    assert {each["SourcePolicyId"] for each in both["MatchedStatements"]} == {
        "PolicyInputList.1",
        "ResourcePolicy",
    }
    half = one(custom(aws, policy(allow("sqs:*")), **asked))
    assert half["EvalDecision"] == "implicitDeny"
    assert half["EvalDecisionDetails"] == {"IAM Policy": "implicitDeny", "Resource Policy": "allowed"}
    own = one(
        custom(aws, policy(allow("sqs:*")), **{**asked, "ResourceOwner": f"arn:aws:iam::{MEMBER}:root"})
    )
    assert own["EvalDecision"] == "allowed"


def test_a_key_is_simulated_without_its_policy(aws: Aws) -> None:
    arn = f"arn:aws:kms:us-east-1:{MEMBER}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    result = one(custom(aws, policy(allow("kms:Decrypt")), actions=["kms:Decrypt"], ResourceArns=[arn]))
    assert result["EvalDecision"] == "allowed"


def test_a_users_own_policies_its_groups_and_its_boundary_are_simulated(aws: Aws, ann: str) -> None:
    actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteBucket", "sqs:ReceiveMessage"]
    results = aws.client("iam").simulate_principal_policy(
        PolicySourceArn=ann, ActionNames=actions, ResourceArns=[QUEUE]
    )["EvaluationResults"]
    decided = {each["EvalActionName"]: each["EvalDecision"] for each in results}
    assert list(decided.values()) == ["allowed", "implicitDeny", "explicitDeny", "allowed"]
    sources = {each["EvalActionName"]: each["MatchedStatements"] for each in results}
    assert [each["SourcePolicyId"] for each in sources["s3:GetObject"]] == ["user_ann_inline"]
    assert [each["SourcePolicyId"] for each in sources["sqs:ReceiveMessage"]] == ["queues"]
    bounded = {each["EvalActionName"]: each["PermissionsBoundaryDecisionDetail"] for each in results}
    assert bounded["s3:PutObject"] == {"AllowedByPermissionsBoundary": False}
    assert bounded["sqs:ReceiveMessage"] == {"AllowedByPermissionsBoundary": True}


def test_more_policies_and_another_boundary_can_be_tried(aws: Aws, ann: str) -> None:
    result = one(
        aws.client("iam").simulate_principal_policy(
            PolicySourceArn=ann,
            ActionNames=["kms:Decrypt"],
            PolicyInputList=[policy(allow("kms:*"))],
            PermissionsBoundaryPolicyInputList=[policy(allow("kms:*"))],
        )["EvaluationResults"]
    )
    assert result["EvalDecision"] == "allowed"


@pytest.mark.parametrize(
    ("exclusion", "action", "before", "after"),
    [
        ({"PolicyType": "inline"}, "s3:DeleteBucket", "explicitDeny", "implicitDeny"),
        (
            {
                "InlinePolicyIdentifier": {
                    "PolicyName": "inline",
                    "AttachmentType": "user",
                    "AttachmentName": "ann",
                }
            },
            "s3:GetObject",
            "allowed",
            "implicitDeny",
        ),
        (
            {"PolicyArn": f"arn:aws:iam::{MEMBER}:policy/queues"},
            "sqs:ReceiveMessage",
            "allowed",
            "implicitDeny",
        ),
        ({"PolicyType": "user-managed"}, "sqs:ReceiveMessage", "allowed", "implicitDeny"),
        ({"PolicyType": "permission-boundary"}, "s3:PutObject", "implicitDeny", "allowed"),
        ({"PolicyType": "rcp"}, "s3:GetObject", "allowed", "allowed"),
    ],
)
def test_a_policy_can_be_thought_away(
    aws: Aws, ann: str, exclusion: dict[str, Any], action: str, before: str, after: str
) -> None:
    iam = aws.client("iam")
    asked: dict[str, Any] = {"PolicySourceArn": ann, "ActionNames": [action], "ResourceArns": [QUEUE]}
    assert iam.simulate_principal_policy(**asked)["EvaluationResults"][0]["EvalDecision"] == before
    without = iam.simulate_principal_policy(**asked, PolicyExclusionList=[exclusion])
    assert without["EvaluationResults"][0]["EvalDecision"] == after


def test_the_organizations_policies_count_in_a_principals_simulation(aws: Aws) -> None:
    role = aws.role("trainer", TRUST, allow("*"))
    organizations = aws.client("organizations", "management")
    scp = organizations.create_policy(
        Name="no-sqs", Description="d", Type="SERVICE_CONTROL_POLICY", Content=policy(deny("sqs:*"))
    )["Policy"]["PolicySummary"]
    organizations.attach_policy(PolicyId=scp["Id"], TargetId=MEMBER)
    iam = aws.client("iam")
    asked: dict[str, Any] = {"PolicySourceArn": role, "ActionNames": ["sqs:SendMessage", "s3:GetObject"]}
    sqs, s3 = iam.simulate_principal_policy(**asked)["EvaluationResults"]
    assert (sqs["EvalDecision"], s3["EvalDecision"]) == ("explicitDeny", "allowed")
    assert sqs["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": False}
    assert s3["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": True}
    for exclusion in ({"PolicyArn": scp["Arn"]}, {"PolicyType": "scp"}):
        free = iam.simulate_principal_policy(**asked, PolicyExclusionList=[exclusion])
        assert free["EvaluationResults"][0]["EvalDecision"] == "allowed"
    organizations.detach_policy(PolicyId=scp["Id"], TargetId=MEMBER)


def test_results_come_in_pages(aws: Aws) -> None:
    actions = ["s3:GetObject", "s3:PutObject", "sqs:SendMessage"]
    pages = (
        aws.client("iam")
        .get_paginator("simulate_custom_policy")
        .paginate(
            PolicyInputList=[policy(allow("s3:*"))], ActionNames=actions, PaginationConfig={"PageSize": 2}
        )
    )
    seen = [[each["EvalActionName"] for each in page["EvaluationResults"]] for page in pages]
    assert seen == [actions[:2], actions[2:]]


def test_the_simulator_says_as_the_gateway_does(aws: Aws) -> None:
    """What is simulated to be denied is denied when it is called, and the other way round."""
    where = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}
    keys = aws.user("bob", allow(["iam:ListUsers", "sqs:*"], Condition=where), deny("sqs:PurgeQueue"))
    results = aws.client("iam").simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{MEMBER}:user/bob",
        ActionNames=["iam:ListUsers", "iam:ListRoles"],
        ContextEntries=[key("aws:RequestedRegion", "us-east-1")],
    )["EvaluationResults"]
    assert [each["EvalDecision"] for each in results] == ["allowed", "implicitDeny"]
    iam = aws.with_keys("iam", **keys)
    assert iam.list_users()["Users"]
    assert refusal(iam.list_roles)[0] == "AccessDenied"


def test_simulating_a_principal_is_a_permission_of_its_own(aws: Aws, ann: str) -> None:
    keys = aws.user("eve", allow("iam:SimulatePrincipalPolicy", f"arn:aws:iam::{MEMBER}:user/eve"))
    iam = aws.with_keys("iam", **keys)
    eve = f"arn:aws:iam::{MEMBER}:user/eve"
    assert iam.simulate_principal_policy(PolicySourceArn=eve, ActionNames=["s3:GetObject"])
    assert refusal(iam.simulate_principal_policy, PolicySourceArn=ann, ActionNames=["s3:GetObject"])[0] == (
        "AccessDenied"
    )


def test_the_context_keys_of_policies_are_listed_once(aws: Aws, ann: str) -> None:
    condition = {
        "StringEquals": {"aws:PrincipalTag/team": "${aws:ResourceTag/team}", "aws:sourceip": "192.0.2.1"},
        "StringLike": {"AWS:SourceIp": "*"},
    }
    text = policy(allow("s3:*", BUCKET + "/${aws:username}/${s3:prefix, 'none'}", Condition=condition))
    iam = aws.client("iam")
    assert sorted(iam.get_context_keys_for_custom_policy(PolicyInputList=[text])["ContextKeyNames"]) == [
        "aws:PrincipalTag/team",
        "aws:ResourceTag/team",
        "aws:sourceip",
        "aws:username",
        "s3:prefix",
    ]
    names = iam.get_context_keys_for_principal_policy(PolicySourceArn=ann, PolicyInputList=[text])
    assert len(names["ContextKeyNames"]) == 5


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"ActionNames": ["s3:Get*"]}, "s3:Get*"),
        ({"ActionNames": ["GetObject"]}, "GetObject"),
        ({"ResourceArns": ["models"]}, "models"),
        ({"PolicyInputList": ['{"Version": "2012-10-17"}']}, "PolicyInputList.1: Statement"),
        ({"PermissionsBoundaryPolicyInputList": [policy(allow("*"))] * 2}, "one permissions boundary"),
        ({"CallerArn": f"arn:aws:sts::{MEMBER}:assumed-role/r/s"}, "assumed-role"),
        ({"ResourcePolicy": policy(allow("*", Principal="*"))}, "CallerArn"),
        (
            {
                "ResourcePolicy": policy(allow("*", Principal="*")),
                "CallerArn": f"arn:aws:iam::{MEMBER}:role/r",
            },
            "not supported for roles",
        ),
        ({"ResourcePolicy": policy(allow("*")), "CallerArn": f"arn:aws:iam::{MEMBER}:user/u"}, "Principal"),
        ({"ResourceOwner": "me"}, "ResourceOwner"),
        ({"ContextEntries": [key("SourceIp", "192.0.2.1")]}, "SourceIp"),
        ({"ContextEntries": [key("aws:TagKeys", "a", "b")]}, "stringList"),
        ({"ResourceHandlingOption": "EC2-Classic"}, "EC2-VPC-EBS"),
        ({"ResourceHandlingOption": "EC2-VPC-EBS"}, "volume"),
        ({"Marker": "there"}, "Marker"),
    ],
)
def test_what_cannot_be_simulated_is_refused_with_the_reason(
    aws: Aws, wrong: dict[str, Any], words: str
) -> None:
    asked = {"PolicyInputList": [policy(allow("*"))], "ActionNames": ["s3:GetObject"], **wrong}
    code, message, status = refusal(aws.client("iam").simulate_custom_policy, **asked)
    assert (code, status) == ("InvalidInput", 400)
    assert words in message


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"PolicySourceArn": f"arn:aws:iam::{MEMBER}:user/nobody"}, "NoSuchEntity"),
        ({"PolicySourceArn": f"arn:aws:iam::{MEMBER}:policy/limit"}, "InvalidInput"),
        (
            {
                "PolicySourceArn": f"arn:aws:iam::{MEMBER}:user/ann",
                "PolicyExclusionList": [{"PolicyArn": "x" * 20}],
            },
            "InvalidInput",
        ),
    ],
)
def test_a_principal_that_is_none_is_refused(aws: Aws, ann: str, wrong: dict[str, Any], code: str) -> None:
    assert ann
    assert (
        refusal(aws.client("iam").simulate_principal_policy, ActionNames=["s3:GetObject"], **wrong)[0] == code
    )
