"""`aws:executeScript` through the served sandbox: a real interpreter, the role's own credentials."""

from __future__ import annotations

import json
from textwrap import indent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.sandbox.automation.conftest import Aws


def script(code: str, *, payload: str = "{}", more: str = "") -> str:
    return f"""
- name: run
  action: aws:executeScript
{more}
  inputs:
    Runtime: python3.11
    Handler: handler
    InputPayload: {payload}
    Script: |-
{indent(code, "      ")}
  outputs:
    - {{Name: Answer, Selector: $.Payload.answer, Type: String}}
"""


def test_a_script_gets_its_payload_and_its_answer_becomes_outputs(aws: Aws) -> None:
    code = "def handler(events, context):\n    return {'answer': events['n'] + 1, 'names': events['names']}"
    execution = aws.run(
        aws.runbook(
            script(code, payload="{n: '{{ N }}', names: '{{ Names }}'}"),
            parameters="{N: {type: Integer}, Names: {type: StringList}}",
            outputs="[run.Answer, run.Payload]",
        ),
        N=["41"],
        Names=["a", "b"],
    )
    assert execution["AutomationExecutionStatus"] == "Success"
    assert execution["Outputs"]["run.Answer"] == ["42"]
    assert json.loads(execution["Outputs"]["run.Payload"][0]) == {"answer": 42, "names": ["a", "b"]}


def test_a_script_calls_aws_with_the_assumed_roles_credentials(aws: Aws) -> None:
    code = """\
import boto3
def handler(events, context):
    roles = boto3.client("iam").list_roles()["Roles"]
    return {"answer": boto3.client("sts").get_caller_identity()["Arn"], "roles": len(roles)}"""
    role = aws.role("iam:ListRoles")
    answer = aws.step(aws.run(aws.runbook(script(code), role=role)), "run")["Outputs"]["Answer"][0]
    assert answer.startswith(f"arn:aws:sts::444455556666:assumed-role/{role.rpartition('/')[2]}/Automation-")


def test_a_script_whose_role_lacks_the_permission_fails_with_awss_denial(aws: Aws) -> None:
    code = "import boto3\ndef handler(events, context):\n    boto3.client('iam').list_roles()"
    failed = aws.step(aws.run(aws.runbook(script(code), role=aws.role("s3:*"))), "run")
    assert failed["StepStatus"] == "Failed"
    assert "is not authorized to perform: iam:ListRoles" in failed["FailureMessage"]


def test_a_script_without_a_role_has_no_credentials(aws: Aws) -> None:
    code = "import boto3\ndef handler(events, context):\n    boto3.client('iam').list_roles()"
    failed = aws.step(aws.run(aws.runbook(script(code))), "run")
    assert "NoCredentialsError - Unable to locate credentials" in failed["FailureMessage"]


def test_a_script_that_raises_fails_with_its_traceback_as_aws_frames_it(aws: Aws) -> None:
    code = "def handler(events, context):\n    print('so far')\n    return events['missing']"
    execution = aws.run(aws.runbook(script(code)))
    failed = aws.step(execution, "run")
    start, _, end = failed["FailureMessage"].partition("customer_script.py")
    assert start.startswith(
        "Step fails when it is Poll action status for completion. Traceback (most recent call last):\n"
    )
    assert "line 3, in handler" in end
    assert end.endswith(
        "\nKeyError - 'missing'. "
        "Please refer to Automation Service Troubleshooting Guide for more diagnosis details."
    )
    assert failed["Response"] == "so far\n"
    assert execution["AutomationExecutionStatus"] == "Failed"


def test_a_script_past_its_time_limit_times_out(aws: Aws) -> None:
    code = "def handler(events, context):\n    while True: pass"
    execution = aws.run(aws.runbook(script(code, more="  timeoutSeconds: 2")))
    assert execution["AutomationExecutionStatus"] == "TimedOut"
    assert aws.step(execution, "run")["FailureMessage"].startswith("Step timed out while step is")


def test_a_script_is_killed_when_its_execution_is_stopped(aws: Aws) -> None:
    code = "def handler(events, context):\n    while True: pass"
    execution_id = aws.start(aws.runbook(script(code)))
    aws.until(lambda: aws.step(aws.get(execution_id), "run")["StepStatus"] == "InProgress")
    aws.client("ssm").stop_automation_execution(AutomationExecutionId=execution_id)
    assert aws.served.cloud.idle(5)
    assert aws.get(execution_id)["AutomationExecutionStatus"] == "Cancelled"


def test_references_in_a_script_are_replaced_and_other_doubled_braces_stay(aws: Aws) -> None:
    code = "def handler(events, context):\n    x = 1\n    return {'answer': '{{ N }}' + f'{{x}}'}"
    execution = aws.run(aws.runbook(script(code), parameters="{N: {type: String}}"), N=["seven"])
    assert aws.step(execution, "run")["Outputs"]["Answer"] == ["seven{x}"]


def test_a_payload_over_awss_limit_fails_the_step(aws: Aws) -> None:
    code = "def handler(events, context):\n    return {'answer': 'x' * 200_000}"
    assert "more than 102400 bytes" in aws.step(aws.run(aws.runbook(script(code))), "run")["FailureMessage"]
