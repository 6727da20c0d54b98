"""The actions that call AWS, through the served sandbox."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.automation.conftest import Aws


def test_inputs_take_parameters_outputs_and_variables_with_their_types(aws: Aws) -> None:
    bucket = f"{aws.name()}-bucket"
    execution = aws.run(
        aws.runbook(
            """
- name: make
  action: aws:executeAwsApi
  inputs: {Service: s3, Api: CreateBucket, Bucket: '{{ Name }}'}
  outputs: [{Name: Location, Selector: $.Location}]
- name: tag
  action: aws:executeAwsApi
  inputs:
    Service: s3
    Api: put_bucket_tagging
    Bucket: '{{ Name }}'
    Tagging:
      TagSet:
        - {Key: from, Value: 'made {{ make.Location }} in {{ global:REGION }} on {{ global:DATE }}'}
        - {Key: by, Value: '{{ automation:EXECUTION_ID }}'}
- name: read
  action: aws:executeAwsApi
  inputs: {Service: s3, Api: GetBucketTagging, Bucket: '{{ Name }}'}
  outputs:
    - {Name: Values, Selector: '$.TagSet[*].Value', Type: StringList}
    - {Name: Set, Selector: $.TagSet, Type: MapList}
    - {Name: Missing, Selector: $.Nothing, Type: String}
""",
            parameters="{Name: {type: String}}",
        ),
        Name=[bucket],
    )
    today = execution["ExecutionStartTime"].strftime("%Y-%m-%d")
    outputs = aws.step(execution, "read")["Outputs"]
    assert outputs["Values"] == [
        f"made /{bucket} in us-east-1 on {today}",
        execution["AutomationExecutionId"],
    ]
    assert [json.loads(item)["Key"] for item in outputs["Set"]] == ["from", "by"]
    assert "Missing" not in outputs
    assert json.loads(aws.step(execution, "make")["Inputs"]["Bucket"]) == bucket


@pytest.mark.parametrize(
    ("inputs", "words", "stage"),
    [
        ("{Service: nosuch, Api: X}", "There is no AWS service 'nosuch'", "InputValidation"),
        ("{Service: iam, Api: FlyAway}", "The service iam has no operation 'FlyAway'", "InputValidation"),
        ("{Service: iam, Api: GetRole, Rol: x}", "Unknown parameter in input", "InputValidation"),
        ("{Service: s3, Api: GetObject, Bucket: b, Key: k}", "GetObject streams its answer", "Invocation"),
        ("{Service: iam, Api: GetRole, RoleName: nobody}", r"\(NoSuchEntity\)", "Invocation"),
    ],
)
def test_a_call_that_cannot_be_made_fails_its_step(aws: Aws, inputs: str, words: str, stage: str) -> None:
    execution = aws.run(aws.runbook(f"- {{name: call, action: aws:executeAwsApi, inputs: {inputs}}}"))
    failed = aws.step(execution, "call")
    assert failed["StepStatus"] == "Failed"
    assert re.search(words, failed["FailureMessage"])
    assert failed["FailureDetails"]["FailureStage"] == stage


def test_an_output_of_the_wrong_type_fails_its_step(aws: Aws) -> None:
    execution = aws.run(aws.runbook(aws.WHO.replace("Selector: $.Arn", "Selector: $.Arn, Type: Integer")))
    assert "The output Arn ($.Arn)" in aws.step(execution, "who")["FailureMessage"]
    assert "cannot be converted to Integer" in aws.step(execution, "who")["FailureMessage"]


def test_a_step_that_needs_an_output_with_no_value_fails_before_it_calls(aws: Aws) -> None:
    execution = aws.run(
        aws.runbook(
            aws.WHO.replace("$.Arn", "$.Nothing")
            + """
- name: use
  action: aws:executeAwsApi
  inputs: {Service: iam, Api: GetRole, RoleName: '{{ who.Arn }}'}
"""
        )
    )
    failed = aws.step(execution, "use")
    assert "{{ who.Arn }} has no value" in failed["FailureMessage"]
    assert failed["FailureDetails"]["FailureStage"] == "InputValidation"


PROPERTY = """
- name: look
  action: aws:{action}
  timeoutSeconds: 30
  inputs:
    Service: iam
    Api: ListRoleTags
    RoleName: '{{{{ Role }}}}'
    PropertySelector: '$.Tags[0].Value'
    DesiredValues: [contained, gone]
"""
ROLE = "{Role: {type: String}}"


def test_an_assertion_holds_when_the_property_is_a_desired_value_and_fails_otherwise(aws: Aws) -> None:
    role, iam = aws.role().rpartition("/")[2], aws.client("iam")
    content = aws.runbook(PROPERTY.format(action="assertAwsResourceProperty"), parameters=ROLE)
    absent = aws.step(aws.run(content, Role=[role]), "look")
    assert "$.Tags[0].Value is not in the response, not one of" in absent["FailureMessage"]
    iam.tag_role(RoleName=role, Tags=[{"Key": "state", "Value": "loose"}])
    wrong = aws.step(aws.run(content, Role=[role]), "look")
    assert 'is "loose", not one of ["contained", "gone"]' in wrong["FailureMessage"]
    assert wrong["FailureDetails"]["FailureType"] == "Verification"
    iam.tag_role(RoleName=role, Tags=[{"Key": "state", "Value": "gone"}])
    assert aws.run(content, Role=[role])["AutomationExecutionStatus"] == "Success"


def test_an_assertion_reads_true_and_true_text_alike(aws: Aws) -> None:
    execution = aws.run(
        aws.runbook(
            """
- name: look
  action: aws:assertAwsResourceProperty
  inputs:
    Service: iam
    Api: ListRoles
    PropertySelector: $.IsTruncated
    DesiredValues: ['False']
"""
        )
    )
    assert execution["AutomationExecutionStatus"] == "Success"


def test_a_wait_goes_on_until_the_property_is_there(aws: Aws) -> None:
    role = aws.role().rpartition("/")[2]
    execution_id = aws.start(
        aws.runbook(PROPERTY.format(action="waitForAwsResourceProperty"), parameters=ROLE), Role=[role]
    )
    aws.until(lambda: aws.step(aws.get(execution_id), "look")["StepStatus"] == "InProgress")
    aws.client("iam").tag_role(RoleName=role, Tags=[{"Key": "state", "Value": "contained"}])
    aws.served.cloud.clock.advance(6)
    assert aws.served.cloud.idle(5)
    assert aws.get(execution_id)["AutomationExecutionStatus"] == "Success"


def test_a_wait_past_its_time_limit_times_the_execution_out(aws: Aws) -> None:
    role = aws.role().rpartition("/")[2]
    execution_id = aws.start(
        aws.runbook(PROPERTY.format(action="waitForAwsResourceProperty"), parameters=ROLE), Role=[role]
    )
    aws.until(lambda: aws.step(aws.get(execution_id), "look")["StepStatus"] == "InProgress")
    aws.served.cloud.clock.advance(31)
    assert aws.served.cloud.idle(5)
    execution = aws.get(execution_id)
    assert execution["AutomationExecutionStatus"] == "TimedOut"
    assert aws.statuses(execution) == {"look": "TimedOut"}
    assert aws.step(execution, "look")["FailureMessage"].startswith("Step timed out while step is")
