"""State machines run for real: their tasks sign as the machine's role and are authorized as it."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.aws import MEMBER, allow, policy, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.aws import Aws

    Run = Callable[..., dict[str, Any]]

TRUST = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def one(resource: str, parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A state machine of one task."""
    task = {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True, **more}
    return {"StartAt": "Only", "States": {"Only": task}}


@pytest.fixture(scope="module")
def run(aws: Aws) -> Run:
    states = aws.client("stepfunctions")
    made = iter(range(1000))

    def execute(definition: dict[str, Any], *statements: dict[str, Any], given: object = None) -> Any:
        name = f"machine-{next(made)}"
        role = aws.role(name, TRUST, *statements)
        machine = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
        arn = machine["stateMachineArn"]
        execution = states.start_execution(stateMachineArn=arn, input=json.dumps(given or {}))
        assert aws.served.cloud.idle(10)
        return states.describe_execution(executionArn=execution["executionArn"])

    return execute


def victim(aws: Aws, name: str) -> str:
    aws.role(name, TRUST)
    aws.client("iam").attach_role_policy(RoleName=name, PolicyArn=READ_ONLY)
    return name


def detach(name: str) -> dict[str, Any]:
    return one("arn:aws:states:::aws-sdk:iam:detachRolePolicy", {"RoleName": name, "PolicyArn": READ_ONLY})


def attached(aws: Aws, name: str) -> list[str]:
    found = aws.client("iam").list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    return [each["PolicyArn"] for each in found]


def test_an_sdk_task_acts_as_the_machines_role_and_leaves_its_record(aws: Aws, run: Run) -> None:
    name = victim(aws, "sdk-victim")
    done = run(detach(name), allow("iam:DetachRolePolicy"))
    assert done["status"] == "SUCCEEDED", done
    assert attached(aws, name) == []
    found = aws.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "DetachRolePolicy"}]
    )
    record = json.loads(found["Events"][0]["CloudTrailEvent"])
    issuer = record["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"]
    assert issuer == f"arn:aws:iam::{MEMBER}:role/{done['stateMachineArn'].rpartition(':')[2]}"
    assert record["sourceIPAddress"] == record["userIdentity"]["invokedBy"] == "states.amazonaws.com"


def test_a_task_that_the_role_may_not_do_fails_and_the_history_says_why(aws: Aws, run: Run) -> None:
    name = victim(aws, "denied-victim")
    done = run(detach(name))
    assert (done["status"], done["error"]) == ("FAILED", "Iam.IamException")
    assert "is not authorized to perform: iam:DetachRolePolicy" in done["cause"]
    assert "(Service: Iam, Status Code: 403, Request ID: " in done["cause"]
    assert attached(aws, name) == [READ_ONLY]
    history = aws.client("stepfunctions").get_execution_history(executionArn=done["executionArn"])["events"]
    (failed,) = [event for event in history if event["type"] == "TaskFailed"]
    details = failed["taskFailedEventDetails"]
    assert (details["resourceType"], details["resource"]) == ("aws-sdk:iam", "detachRolePolicy")
    assert "iam:DetachRolePolicy" in details["cause"]


def test_a_role_that_does_not_trust_step_functions_cannot_be_acted_as(aws: Aws) -> None:
    states, iam = aws.client("stepfunctions"), aws.client("iam")
    role = aws.role("distrustful", TRUST, allow("*"))
    machine = states.create_state_machine(
        name="distrusted", definition=json.dumps(detach("nobody")), roleArn=role
    )
    other = {**TRUST, "Principal": {"Service": "ec2.amazonaws.com"}}
    iam.update_assume_role_policy(RoleName="distrustful", PolicyDocument=policy(other))
    started = states.start_execution(stateMachineArn=machine["stateMachineArn"])
    assert aws.served.cloud.idle(10)
    done = states.describe_execution(executionArn=started["executionArn"])
    assert done["status"] == "FAILED"
    assert "is authorized to assume the provided role" in done["cause"]


def test_parameters_and_answers_are_pascal_case_whatever_the_api_spells(aws: Aws, run: Run) -> None:
    aws.client("logs").create_log_group(logGroupName="/spelled")
    definition = one(
        "arn:aws:states:::aws-sdk:cloudwatchlogs:describeLogGroups", {"LogGroupNamePrefix": "/spelled"}
    )
    done = run(definition, allow("logs:DescribeLogGroups"))
    assert done["status"] == "SUCCEEDED", done
    assert json.loads(done["output"])["LogGroups"][0]["LogGroupName"] == "/spelled"


def test_executions_keep_the_sandboxs_time_and_do_not_wait_by_the_wall(aws: Aws) -> None:
    states, cloud = aws.client("stepfunctions"), aws.served.cloud
    definition = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}}}
    role = aws.role("waits", TRUST)
    machine = states.create_state_machine(name="waits", definition=json.dumps(definition), roleArn=role)
    started = states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    while not cloud.idle(0.01):
        cloud.clock.advance(600)
    done = states.describe_execution(executionArn=started)
    assert done["status"] == "SUCCEEDED"
    assert (done["stopDate"] - done["startDate"]).total_seconds() >= 3600


def test_an_express_execution_that_is_waited_for_is_refused_plainly(aws: Aws) -> None:
    states = aws.client("stepfunctions")
    machine = states.list_state_machines()["stateMachines"][0]["stateMachineArn"]
    states.meta.config.inject_host_prefix = False
    code, message, status = refusal(states.start_sync_execution, stateMachineArn=machine)
    assert (code, status) == ("NotImplemented", 501)
    assert "StartSyncExecution" in message


def test_a_lambda_task_runs_the_functions_real_code_as_the_functions_own_role(aws: Aws, run: Run) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("index.py", "def handler(event, context):\n    return {'got': event['x'] + 1}\n")
    trust = {**TRUST, "Principal": {"Service": "lambda.amazonaws.com"}}
    aws.client("lambda").create_function(
        FunctionName="adder",
        Role=aws.role("adder", trust),
        Runtime="python3.12",
        Handler="index.handler",
        Timeout=60,
        Code={"ZipFile": archive.getvalue()},
    )
    task = one("arn:aws:states:::lambda:invoke", {"FunctionName": "adder", "Payload": {"x": 41}})
    done = run(task, allow("lambda:InvokeFunction"))
    assert done["status"] == "SUCCEEDED", done
    assert json.loads(done["output"])["Payload"] == {"got": 42}
    refused = run(task)
    assert (refused["status"], refused["error"]) == ("FAILED", "Lambda.AccessDeniedException")


def test_a_stack_makes_state_machines_and_guardrails(aws: Aws) -> None:
    role = aws.role("stacked", TRUST)
    definition = {"StartAt": "Say", "States": {"Say": {"Type": "Pass", "Result": "${word}", "End": True}}}
    words = {"WordsConfig": [{"Text": "heron"}]}
    messages = {"BlockedInputMessaging": "No.", "BlockedOutputsMessaging": "No."}
    template = {
        "Resources": {
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "RoleArn": role,
                    "Definition": definition,
                    "DefinitionSubstitutions": {"word": "hello"},
                },
            },
            "Guardrail": {
                "Type": "AWS::Bedrock::Guardrail",
                "Properties": {"Name": "stacked", "WordPolicyConfig": words, **messages},
            },
        },
        "Outputs": {
            "Machine": {"Value": {"Ref": "Machine"}},
            "Guardrail": {"Value": {"Fn::GetAtt": ["Guardrail", "GuardrailId"]}},
        },
    }
    api, states = aws.client("cloudformation"), aws.client("stepfunctions")
    api.create_stack(StackName="responders", TemplateBody=json.dumps(template))
    assert aws.served.cloud.idle(10)
    (stack,) = api.describe_stacks(StackName="responders")["Stacks"]
    made = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    started = states.start_execution(stateMachineArn=made["Machine"])["executionArn"]
    assert aws.served.cloud.idle(10)
    assert json.loads(states.describe_execution(executionArn=started)["output"]) == "hello"
    bedrock = aws.client("bedrock")
    found = bedrock.get_guardrail(guardrailIdentifier=made["Guardrail"])
    assert found["wordPolicy"]["words"][0]["text"] == "heron"
    api.delete_stack(StackName="responders")
    assert aws.served.cloud.idle(10)
    assert bedrock.list_guardrails()["guardrails"] == []
    assert made["Machine"] not in [
        m["stateMachineArn"] for m in states.list_state_machines()["stateMachines"]
    ]
