"""What runs next: failures, jumps, branches, sleeps and loops, through the served sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.automation.conftest import Aws


FAIL = "{Service: iam, Api: GetRole, RoleName: nobody}"
OK = "{Service: sts, Api: GetCallerIdentity}"


def api(name: str, inputs: str, more: str = "") -> str:
    return f"- {{name: {name}, action: aws:executeAwsApi, inputs: {inputs}{more}}}\n"


@pytest.mark.parametrize(
    ("more", "ended", "runs"),
    [
        ("", "Failed", {"first": "Failed", "second": "Pending", "third": "Pending"}),
        (", onFailure: Abort", "Failed", {"first": "Failed", "second": "Pending", "third": "Pending"}),
        (", onFailure: Continue", "Success", {"first": "Failed", "second": "Success", "third": "Success"}),
        (
            ", onFailure: Continue, isCritical: true",
            "Failed",
            {"first": "Failed", "second": "Success", "third": "Success"},
        ),
        (", onFailure: 'step:third'", "Failed", {"first": "Failed", "second": "Pending", "third": "Success"}),
        (
            ", onFailure: 'step:third', isCritical: false",
            "Success",
            {"first": "Failed", "second": "Pending", "third": "Success"},
        ),
        (
            ", onFailure: Continue, isEnd: true",
            "Success",
            {"first": "Failed", "second": "Pending", "third": "Pending"},
        ),
    ],
)
def test_on_failure_decides_what_runs_next_and_is_critical_how_it_ends(
    aws: Aws, more: str, ended: str, runs: dict[str, str]
) -> None:
    execution = aws.run(aws.runbook(api("first", FAIL, more) + api("second", OK) + api("third", OK)))
    assert (execution["AutomationExecutionStatus"], aws.statuses(execution)) == (ended, runs)


def test_next_step_jumps_and_is_end_stops(aws: Aws) -> None:
    execution = aws.run(
        aws.runbook(
            api("first", OK, ", nextStep: third")
            + api("second", OK)
            + api("third", OK, ", isEnd: true")
            + api("fourth", OK)
        )
    )
    assert aws.statuses(execution) == {
        "first": "Success",
        "second": "Pending",
        "third": "Success",
        "fourth": "Pending",
    }


def test_a_step_is_tried_again_up_to_its_max_attempts(aws: Aws) -> None:
    calls = []
    aws.served.cloud.gateway.add_observers([lambda call, _: calls.append(call.operation)])
    execution = aws.run(aws.runbook(api("first", FAIL, ", maxAttempts: 3")))
    assert calls.count("GetRole") == 3
    assert aws.step(execution, "first")["MaxAttempts"] == 3


BRANCH = """
- name: choose
  action: aws:branch
  inputs:
    Choices:
      - {NextStep: many, Variable: '{{ Count }}', NumericGreater: 10}
      - NextStep: some
        And:
          - {Variable: '{{ Count }}', NumericGreater: 1}
          - Not: {Variable: '{{ Name }}', StartsWith: none}
      - {NextStep: some, Variable: '{{ Name }}', StringEquals: force}
"""
BRANCHES = "".join(api(name, OK, ", isEnd: true") for name in ("after", "some", "many", "other"))


@pytest.mark.parametrize(
    ("count", "name", "chosen"),
    [
        ("11", "x", "many"),
        ("5", "x", "some"),
        ("5", "none", "after"),
        ("0", "force", "some"),
        ("0", "x", "after"),
    ],
)
def test_a_branch_takes_the_first_true_choice_or_goes_on(
    aws: Aws, count: str, name: str, chosen: str
) -> None:
    parameters = "{Count: {type: Integer}, Name: {type: String}}"
    execution = aws.run(aws.runbook(BRANCH + BRANCHES, parameters=parameters), Count=[count], Name=[name])
    ran = {name for name, status in aws.statuses(execution).items() if status == "Success"}
    assert ran == {"choose", chosen}


def test_a_branch_with_no_true_choice_takes_its_default_and_with_is_end_stops(aws: Aws) -> None:
    parameters = "{Count: {type: Integer, default: 0}, Name: {type: String, default: x}}"
    default = aws.run(aws.runbook(BRANCH + "    Default: other\n" + BRANCHES, parameters=parameters))
    assert aws.statuses(default)["other"] == "Success"
    assert aws.statuses(default)["after"] == "Pending"
    ended = aws.run(aws.runbook(BRANCH + "  isEnd: true\n" + BRANCHES, parameters=parameters))
    assert list(aws.statuses(ended).values()).count("Success") == 1


def test_a_branch_reads_an_output_that_was_not_put_out_as_empty(aws: Aws) -> None:
    branch = """
- name: choose
  action: aws:branch
  inputs:
    Choices: [{NextStep: yes-it-is, Variable: '{{ who.Arn }}', StringEquals: ''}]
"""
    execution = aws.run(
        aws.runbook(
            aws.WHO.replace("$.Arn", "$.No")
            + branch
            + api("after", OK, ", isEnd: true")
            + api("yes-it-is", OK)
        )
    )
    assert aws.statuses(execution)["yes-it-is"] == "Success"


def test_a_sleep_lasts_its_duration_on_the_sandboxs_clock(aws: Aws) -> None:
    execution_id = aws.start(aws.runbook("- {name: nap, action: aws:sleep, inputs: {Duration: PT10M}}"))
    aws.until(lambda: aws.step(aws.get(execution_id), "nap")["StepStatus"] == "InProgress")
    aws.served.cloud.clock.advance(599)
    assert not aws.served.cloud.idle(0.1)
    aws.served.cloud.clock.advance(1.1)
    assert aws.served.cloud.idle(5)
    nap = aws.step(aws.get(execution_id), "nap")
    assert 600 <= (nap["ExecutionEndTime"] - nap["ExecutionStartTime"]).total_seconds() < 605


def test_a_sleep_until_a_time_gone_by_ends_at_once(aws: Aws) -> None:
    execution = aws.run(
        aws.runbook("- {name: nap, action: aws:sleep, inputs: {Timestamp: '2020-01-01T01:00:00Z'}}")
    )
    assert execution["AutomationExecutionStatus"] == "Success"


def test_a_sleep_longer_than_its_time_limit_times_out(aws: Aws) -> None:
    execution_id = aws.start(
        aws.runbook("- {name: nap, action: aws:sleep, timeoutSeconds: 5, inputs: {Duration: PT1H}}")
    )
    aws.until(lambda: aws.step(aws.get(execution_id), "nap")["StepStatus"] == "InProgress")
    aws.served.cloud.clock.advance(5)
    assert aws.served.cloud.idle(5)
    assert aws.get(execution_id)["AutomationExecutionStatus"] == "TimedOut"


def test_a_loop_runs_its_steps_for_each_iterator(aws: Aws) -> None:
    role = aws.role().rpartition("/")[2]
    execution = aws.run(
        aws.runbook(
            """
- name: each
  action: aws:loop
  inputs:
    Iterators: '{{ Names }}'
    IteratorDataType: String
    Steps:
      - name: tag
        action: aws:executeAwsApi
        inputs:
          Service: iam
          Api: TagRole
          RoleName: '{{ Role }}'
          Tags: [{Key: '{{ each.CurrentIteratorValue }}', Value: x}]
      - name: read
        action: aws:executeAwsApi
        inputs: {Service: iam, Api: ListRoleTags, RoleName: '{{ Role }}'}
        outputs: [{Name: Keys, Selector: '$.Tags[*].Key', Type: StringList}]
""",
            parameters="{Role: {type: String}, Names: {type: StringList}}",
        ),
        Role=[role],
        Names=["a", "b", "c"],
    )
    assert execution["AutomationExecutionStatus"] == "Success"
    assert sorted(aws.step(execution, "read")["Outputs"]["Keys"]) == ["a", "b", "c"]
    tagged = [each for each in execution["StepExecutions"] if each["StepName"] == "tag"]
    assert [each["ParentStepDetails"]["IteratorValue"] for each in tagged] == ["a", "b", "c"]
    assert [each["ParentStepDetails"]["Iteration"] for each in tagged] == [1, 2, 3]
    second = aws.client("ssm").describe_automation_step_executions(
        AutomationExecutionId=execution["AutomationExecutionId"],
        Filters=[{"Key": "ParentStepIteration", "Values": ["2"]}, {"Key": "StepName", "Values": ["read"]}],
    )["StepExecutions"]
    assert [sorted(each["Outputs"]["Keys"]) for each in second] == [["a", "b"]]


@pytest.mark.parametrize(("most", "rounds"), [(10, 3), (2, 2)])
def test_a_loop_runs_again_while_its_condition_holds_up_to_max_iterations(
    aws: Aws, most: int, rounds: int
) -> None:
    # The step counts its own runs: from the third on there is a third one to select.
    execution = aws.run(
        aws.runbook(
            f"""
- name: again
  action: aws:loop
  inputs:
    MaxIterations: {most}
    LoopCondition: {{Variable: '{{{{ count.Third }}}}', StringEquals: ''}}
    Steps:
      - name: count
        action: aws:executeAwsApi
        inputs:
          Service: ssm
          Api: DescribeAutomationStepExecutions
          AutomationExecutionId: '{{{{ automation:EXECUTION_ID }}}}'
          Filters: [{{Key: StepName, Values: [count]}}]
        outputs: [{{Name: Third, Selector: '$.StepExecutions[2].StepName'}}]
"""
        )
    )
    counts = [each for each in execution["StepExecutions"] if each["StepName"] == "count"]
    assert len(counts) == rounds
    assert execution["AutomationExecutionStatus"] == "Success"


def test_a_failing_step_in_a_loop_fails_the_loop_and_says_which_iteration(aws: Aws) -> None:
    loop = """
- name: each
  action: aws:loop
  inputs:
    Iterators: [a, b]
    Steps:
      - {name: get, action: aws:executeAwsApi, inputs: {Service: iam, Api: GetRole, RoleName: nobody}MORE}
"""
    aborted = aws.run(aws.runbook(loop.replace("MORE", "")))
    assert aborted["AutomationExecutionStatus"] == "Failed"
    assert "A step of iteration 1 failed" in aws.step(aborted, "each")["FailureMessage"]
    assert "(NoSuchEntity)" in aws.step(aborted, "each")["FailureMessage"]
    went_on = aws.run(aws.runbook(loop.replace("MORE", ", onFailure: Continue")))
    assert went_on["AutomationExecutionStatus"] == "Success"
    assert len([each for each in went_on["StepExecutions"] if each["StepName"] == "get"]) == 2
