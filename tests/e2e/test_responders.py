"""Responders that are no runbooks: a state machine or a function repairs a fault, or the result says why."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.result import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chaoskit.result import ExpectationResult, Result
    from tests.e2e.lab import Lab

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
FILE = """\
id: responder
title: One of the tests' own
owner: tests
layer: identity
hypothesis: A responder repairs it.
blast_radius:
  accounts: ["${{sandbox.account}}"]
  regions: ["${{sandbox.region}}"]
  max_duration: 5m
  max_changes: 1
faults:
  - iam.attach-role-policy: {{role: "${{workload.training_role}}", policy: "{policy}"}}
expect:
  - response: {{iam.policy-not-attached: {{role: "${{workload.training_role}}", policy: "{policy}"}}}}
    runbook: {{{responder}}}
    within: 60s
"""
CODE = """\
import boto3

def handler(event, context):
    asked = event["detail"]["requestParameters"]
    boto3.client("iam").detach_role_policy(RoleName=asked["roleName"], PolicyArn=asked["policyArn"])
"""
MACHINE = {
    "StartAt": "Detach",
    "States": {
        "Detach": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:iam:detachRolePolicy",
            "Parameters": {
                "RoleName.$": "$.detail.requestParameters.roleName",
                "PolicyArn.$": "$.detail.requestParameters.policyArn",
            },
            "ResultPath": None,
            "End": True,
        }
    },
}
PATTERN = {
    "source": ["aws.iam"],
    "detail": {"eventName": ["AttachRolePolicy"], "requestParameters": {"policyArn": [READ_ONLY]}},
}


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _role(lab: Lab, name: str, service: str, *actions: str) -> str:
    iam = lab.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    made: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
    allow = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    iam.put_role_policy(RoleName=name, PolicyName="respond", PolicyDocument=_policy(allow))
    return made


@pytest.fixture(scope="module")
def state_machine(lab: Lab) -> str:
    role = _role(lab, "machine-responder", "states.amazonaws.com", "iam:DetachRolePolicy")
    made = lab.client("stepfunctions").create_state_machine(
        name="detacher", definition=json.dumps(MACHINE), roleArn=role
    )
    return str(made["stateMachineArn"])


@pytest.fixture(scope="module")
def function(lab: Lab) -> str:
    role = _role(lab, "function-responder", "lambda.amazonaws.com", "iam:DetachRolePolicy")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("index.py", CODE)
    client = lab.client("lambda")
    made = client.create_function(
        FunctionName="detacher",
        Role=role,
        Runtime="python3.12",
        Handler="index.handler",
        Timeout=60,
        Code={"ZipFile": archive.getvalue()},
    )
    client.add_permission(
        FunctionName="detacher",
        StatementId="events",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
    )
    return str(made["FunctionArn"])


@contextmanager
def _started_by_rule(lab: Lab, arn: str, role: str | None = None) -> Iterator[None]:
    events = lab.client("events")
    events.put_rule(Name="responds", EventPattern=json.dumps(PATTERN))
    target = {"Id": "1", "Arn": arn, **({"RoleArn": role} if role else {})}
    events.put_targets(Rule="responds", Targets=[target])
    try:
        yield
    finally:
        events.remove_targets(Rule="responds", Ids=["1"])
        events.delete_rule(Name="responds")


@pytest.fixture(scope="module")
def events_role(lab: Lab) -> str:
    return _role(lab, "starts-machines", "events.amazonaws.com", "states:StartExecution")


@contextmanager
def _powerless(lab: Lab, role: str) -> Iterator[None]:
    iam = lab.client("iam")
    before = iam.get_role_policy(RoleName=role, PolicyName="respond")["PolicyDocument"]
    iam.delete_role_policy(RoleName=role, PolicyName="respond")
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName="respond", PolicyDocument=json.dumps(before))


@contextmanager
def _scp_against(lab: Lab, role: str) -> Iterator[None]:
    organization, account = lab.organization(), lab.cloud.account
    deny = {
        "Effect": "Deny",
        "Action": "iam:DetachRolePolicy",
        "Resource": "*",
        "Condition": {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{account}:role/{role}"}},
    }
    made = organization.create_policy(
        Name="in-the-way", Description="-", Type="SERVICE_CONTROL_POLICY", Content=_policy(deny)
    )["Policy"]["PolicySummary"]["Id"]
    organization.attach_policy(PolicyId=made, TargetId=account)
    try:
        yield
    finally:
        organization.detach_policy(PolicyId=made, TargetId=account)
        organization.delete_policy(PolicyId=made)


def _run(lab: Lab, journal: Path, responder: str) -> tuple[Result, ExpectationResult]:
    path = journal.parent / "responder.yaml"
    path.write_text(FILE.format(policy=READ_ONLY, responder=responder))
    result = lab.run(path, journal)
    assert result.restored
    return result, result.expectations[0]


def test_a_state_machine_repairs_the_fault(
    lab: Lab, journal: Path, state_machine: str, events_role: str
) -> None:
    with _started_by_rule(lab, state_machine, events_role):
        result, response = _run(lab, journal, "state_machine: detacher")
    assert result.verdict is Verdict.PASSED, result.reason
    assert response.summary.endswith("state machine detacher succeeded")
    assert response.evidence["execution_arn"].startswith(f"arn:aws:states:us-east-1:{lab.cloud.account}:exec")
    assert response.dump()["runbook"] == "state_machine: detacher"


def test_a_state_machine_whose_role_was_stripped_fails_and_the_result_says_why(
    lab: Lab, journal: Path, state_machine: str, events_role: str
) -> None:
    with _started_by_rule(lab, state_machine, events_role), _powerless(lab, "machine-responder"):
        result, response = _run(lab, journal, "state_machine: detacher")
    assert result.verdict is Verdict.FAILED
    assert "state machine detacher is FAILED in state Detach: Iam.IamException" in response.summary
    assert "no identity-based policy allows the iam:DetachRolePolicy action" in response.summary


def test_a_state_machine_blocked_by_an_scp_fails_and_the_result_says_why(
    lab: Lab, journal: Path, state_machine: str, events_role: str
) -> None:
    with _started_by_rule(lab, state_machine, events_role), _scp_against(lab, "machine-responder"):
        result, response = _run(lab, journal, "state_machine: detacher")
    assert result.verdict is Verdict.FAILED
    assert "service control policy" in response.summary, response.summary


def test_an_execution_for_another_fault_does_not_count(lab: Lab, journal: Path, state_machine: str) -> None:
    lab.client("stepfunctions").start_execution(stateMachineArn=state_machine, input="{}")
    result, response = _run(lab, journal, "state_machine: detacher")
    assert result.verdict is Verdict.FAILED
    assert "has not been started for this fault" in response.summary, response.summary


def test_a_function_repairs_the_fault(lab: Lab, journal: Path, function: str) -> None:
    with _started_by_rule(lab, function):
        result, response = _run(lab, journal, "function: detacher")
    assert result.verdict is Verdict.PASSED, result.reason
    assert response.summary.endswith("function detacher succeeded with DetachRolePolicy")
    assert response.evidence["role_session"].endswith(":assumed-role/function-responder/detacher")


def test_a_function_blocked_by_an_scp_fails_and_the_result_says_why(
    lab: Lab, journal: Path, function: str
) -> None:
    with _started_by_rule(lab, function), _scp_against(lab, "function-responder"):
        result, response = _run(lab, journal, "function: detacher")
    assert result.verdict is Verdict.FAILED
    assert "service control policy" in response.summary, response.summary


def test_a_function_whose_role_was_stripped_fails_and_the_result_says_why(
    lab: Lab, journal: Path, function: str
) -> None:
    with _started_by_rule(lab, function), _powerless(lab, "function-responder"):
        result, response = _run(lab, journal, "function: detacher")
    assert result.verdict is Verdict.FAILED
    assert "no identity-based policy allows the iam:DetachRolePolicy action" in response.summary
