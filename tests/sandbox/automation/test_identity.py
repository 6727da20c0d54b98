"""Whose credentials a runbook runs with, and what stops it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from tests.sandbox.automation.conftest import Aws

GUIDE = "Please refer to Automation Service Troubleshooting Guide for more diagnosis details."
ADMIN = "arn:aws:iam::444455556666:user/admin"


def test_a_runbook_without_a_role_runs_as_its_caller(aws: Aws) -> None:
    execution = aws.run(
        aws.runbook(
            """
- name: who
  action: aws:executeAwsApi
  inputs: {Service: sts, Api: GetCallerIdentity}
  outputs: [{Name: Arn, Selector: $.Arn}]
""",
            outputs="[who.Arn]",
        )
    )
    assert execution["AutomationExecutionStatus"] == "Success"
    assert execution["Outputs"] == {"who.Arn": [ADMIN]}
    assert execution["ExecutedBy"] == ADMIN


def test_a_runbook_with_a_role_runs_as_a_session_named_after_the_execution(aws: Aws) -> None:
    role = aws.role()
    execution = aws.run(
        aws.runbook(aws.WHO, role="{{ Role }}", parameters="{Role: {type: String}}"), Role=[role]
    )
    session = f"arn:aws:sts::444455556666:assumed-role/{role.rpartition('/')[2]}"
    assert aws.step(execution, "who")["Outputs"]["Arn"] == [
        f"{session}/Automation-{execution['AutomationExecutionId']}"
    ]


LIST_BUCKETS = "- {name: list, action: aws:executeAwsApi, inputs: {Service: iam, Api: ListRoles}}"


def test_a_role_without_the_permission_fails_the_step_with_awss_denial(aws: Aws) -> None:
    role = aws.role("s3:*")
    execution = aws.run(aws.runbook(LIST_BUCKETS, role=role))
    failed = aws.step(execution, "list")
    assert execution["AutomationExecutionStatus"] == failed["StepStatus"] == "Failed"
    assert failed["FailureMessage"].startswith(
        "Step fails when it is Execute/Cancelling action. An error occurred (AccessDenied) when calling the "
        "ListRoles operation: User: arn:aws:sts::444455556666:assumed-role/"
    )
    assert "is not authorized to perform: iam:ListRoles" in failed["FailureMessage"]
    assert failed["FailureMessage"].endswith(GUIDE)
    assert failed["FailureDetails"]["FailureType"] == "Permission"
    assert failed["FailureDetails"]["Details"]["ErrorCode"] == ["AccessDenied"]
    assert failed["ResponseCode"] == "1"
    assert execution["FailureMessage"] == failed["FailureMessage"]


def test_a_service_control_policy_stops_a_responder_too(aws: Aws) -> None:
    organizations = aws.client("organizations", "management")
    role = aws.role("iam:*")
    deny = {"Effect": "Deny", "Action": "iam:ListRoles", "Resource": "*"}
    policy = organizations.create_policy(
        Name=aws.name(),
        Description="no roles",
        Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=policy, TargetId="444455556666")
    try:
        stopped = aws.run(aws.runbook(LIST_BUCKETS, role=role))
    finally:
        organizations.detach_policy(PolicyId=policy, TargetId="444455556666")
    assert "with an explicit deny in a service control policy" in aws.step(stopped, "list")["FailureMessage"]
    assert aws.run(aws.runbook(LIST_BUCKETS, role=role))["AutomationExecutionStatus"] == "Success"


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("not-an-arn", "The format of the supplied assume role ARN is invalid."),
        ("arn:aws:iam::444455556666:role/nobody", "The defined assume role is unable to be assumed."),
    ],
)
def test_a_role_that_cannot_be_assumed_refuses_the_start(aws: Aws, role: str, words: str) -> None:
    with pytest.raises(ClientError, match=words) as caught:
        aws.start(aws.runbook(aws.WHO, role=role))
    assert caught.value.response["Error"]["Code"] == "InvalidAutomationExecutionParametersException"


def test_who_may_not_pass_the_role_cannot_start_the_runbook_with_it(aws: Aws) -> None:
    iam, user, role = aws.client("iam"), aws.name(), aws.role()
    iam.create_user(UserName=user)
    allow = {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_user_policy(UserName=user, PolicyName="ssm", PolicyDocument=document)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    name = aws.create(
        aws.runbook(
            aws.WHO, role="{{ AutomationAssumeRole }}", parameters="{AutomationAssumeRole: {type: String}}"
        )
    )
    ssm = aws.signed("ssm", key["AccessKeyId"], key["SecretAccessKey"])
    with pytest.raises(ClientError, match="is not authorized to perform: iam:PassRole on resource") as caught:
        ssm.start_automation_execution(DocumentName=name, Parameters={"AutomationAssumeRole": [role]})
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"


def test_a_role_that_does_not_trust_ssm_refuses_the_start(aws: Aws) -> None:
    with pytest.raises(ClientError, match="unable to be assumed"):
        aws.start(aws.runbook(aws.WHO, role="arn:aws:iam::444455556666:role/OrganizationAccountAccessRole"))
