from __future__ import annotations

import json
import subprocess
import sys
from textwrap import dedent

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.sandbox.automation.document import InvalidDocumentError, parse
from chaoskit.sandbox.automation.schema import ACTIONS, UNSUPPORTED
from chaoskit.sandbox.automation.values import Type
from tests.examples import examples

RUNBOOK = """\
schemaVersion: '0.3'
description: Detach a policy from a role.
assumeRole: '{{ AutomationAssumeRole }}'
parameters:
  AutomationAssumeRole: {type: 'AWS::IAM::Role::Arn', default: ''}
  RoleName: {type: String, allowedPattern: '[\\w+=,.@-]{1,64}'}
  Limit: {type: Integer, default: 5}
mainSteps:
  - name: list
    action: aws:executeAwsApi
    maxAttempts: 3
    timeoutSeconds: 30
    inputs:
      Service: iam
      Api: list_attached_role_policies
      RoleName: '{{ RoleName }}'
    outputs:
      - {Name: Arns, Selector: '$.AttachedPolicies[*].PolicyArn', Type: StringList}
  - name: detach
    action: aws:loop
    inputs:
      Iterators: '{{ list.Arns }}'
      Steps:
        - name: detachOne
          action: aws:executeAwsApi
          onFailure: Continue
          inputs:
            Service: iam
            Api: DetachRolePolicy
            RoleName: '{{ RoleName }}'
            PolicyArn: '{{ detach.CurrentIteratorValue }}'
outputs:
  - list.Arns
"""

MINIMAL = """\
schemaVersion: '0.3'
mainSteps:
  - name: nap
    action: aws:sleep
    inputs: {Duration: PT1S}
"""


def steps(text: str) -> str:
    return f"schemaVersion: '0.3'\nparameters: {{P: {{type: String}}}}\nmainSteps:\n{dedent(text)}"


def problems(text: str) -> list[str]:
    with pytest.raises(InvalidDocumentError) as caught:
        parse(text)
    return [str(problem) for problem in caught.value.problems]


def test_a_runbook_becomes_steps_with_aws_defaults() -> None:
    document = parse(RUNBOOK)
    listing, loop = document.steps
    assert (listing.on_failure, listing.is_critical, listing.is_end) == ("Abort", True, False)
    assert (listing.max_attempts, listing.timeout_seconds) == (3, 30)
    assert listing.outputs[0].type is Type.STRING_LIST
    assert loop.steps[0].name == "detachOne"
    assert document.parameters["Limit"].default == 5
    assert document.parameters["RoleName"].required
    assert not document.parameters["AutomationAssumeRole"].required
    assert document.outputs == ("list.Arns",)


def test_on_failure_continue_makes_a_step_uncritical_unless_it_says_otherwise() -> None:
    loop = parse(RUNBOOK).steps[1]
    assert not loop.steps[0].is_critical
    explicit = parse(
        RUNBOOK.replace("onFailure: Continue", "onFailure: Continue\n          isCritical: true")
    )
    assert explicit.steps[1].steps[0].is_critical


def test_json_and_yaml_read_the_same() -> None:
    step = {"name": "nap", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}
    assert parse(json.dumps({"schemaVersion": "0.3", "mainSteps": [step]})) == parse(MINIMAL)


def test_every_problem_is_named_at_once_with_its_line_and_path() -> None:
    text = """\
schemaVersion: '0.3'
descripton: typo
mainSteps:
  - name: one
    action: aws:executeAwsApi
    onFailure: Retry
    inputs: {Service: iam}
  - name: two
    action: aws:runCommand
    nextStep: thre
    inputs: {}
  - name: three
    action: aws:sleep
    timeoutSeconds: soon
    inputs: {Duration: 5 minutes, Reason: none}
"""
    with pytest.raises(InvalidDocumentError) as caught:
        parse(text)
    first, second, third = (f"mainSteps[{index}]" for index in range(3))
    supported = ", ".join(ACTIONS)
    found = [(each.line, each.column, each.where, each.message) for each in caught.value.problems]
    assert found == [
        (2, 1, "descripton", "unknown key 'descripton'; did you mean 'description'?"),
        (6, 5, f"{first}.onFailure", 'must be Abort, Continue or step:NAME, not "Retry"'),
        (7, 5, f"{first}.inputs", "aws:executeAwsApi needs the input Api"),
        (
            9,
            5,
            f"{second}.action",
            f"the action aws:runCommand is not supported by the embedded sandbox; it runs {supported}",
        ),
        (10, 5, f"{second}.nextStep", "there is no step 'thre' here; did you mean 'three'?"),
        (14, 5, f"{third}.timeoutSeconds", "must be a whole number of at least 1"),
        (15, 14, f"{third}.inputs.Duration", "'5 minutes' is not an ISO 8601 duration such as PT10M"),
        (15, 35, f"{third}.inputs.Reason", "unknown key 'Reason'; known here: Duration, Timestamp"),
    ]
    assert str(caught.value).splitlines()[0].startswith("line 2, column 1, descripton: unknown key")


@pytest.mark.parametrize("action", sorted(UNSUPPORTED))
def test_an_action_of_aws_that_is_not_run_here_is_refused_by_name(action: str) -> None:
    [problem] = problems(steps(f"  - {{name: a, action: '{action}', inputs: {{}}}}"))
    assert f"the action {action} is not supported by the embedded sandbox" in problem


def test_an_action_that_aws_does_not_have_gets_a_suggestion() -> None:
    [problem] = problems(MINIMAL.replace("aws:sleep", "aws:slep"))
    assert "there is no action 'aws:slep'; did you mean 'aws:sleep'?" in problem


def test_steps_that_form_a_circle_are_refused_with_the_circle() -> None:
    found = problems(
        steps(
            """\
  - {name: a, action: aws:sleep, inputs: {Duration: PT1S}}
  - {name: b, action: aws:sleep, inputs: {Duration: PT1S}, onFailure: 'step:c'}
  - {name: c, action: aws:sleep, inputs: {Duration: PT1S}, nextStep: a}
"""
        )
    )
    assert found == ["line 4, column 3, mainSteps[0]: the steps form an infinite loop: a -> b -> c -> a"]


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("{{ Q }}", "is no parameter, no output of an earlier step and no variable"),
        ("{{ first.Ot }}", "did you mean 'first.Out'?"),
        ("{{ last.Out }}", "put out by a step that does not come before this one"),
        ("{{ global:REGIN }}", "did you mean 'global:REGION'?"),
        ("{{ ssm:/a/b }}", "Parameter Store references are not supported"),
        ("{{ loop.CurrentIteratorValue }}", "is no parameter"),
        ("{{ inner.Out }}", "is no parameter"),
    ],
)
def test_a_reference_to_nothing_is_refused(reference: str, words: str) -> None:
    api = "action: aws:executeAwsApi, inputs: {Service: sts, Api: get_caller_identity}"
    out = "outputs: [{Name: Out, Selector: $.Arn}]"
    found = problems(
        steps(
            f"""\
  - {{name: first, {api}, {out}}}
  - name: loop
    action: aws:loop
    inputs:
      Iterators: [a]
      Steps: [{{name: inner, {api}, {out}}}]
  - name: middle
    action: aws:executeAwsApi
    inputs: {{Service: iam, Api: get_role, RoleName: '{reference}'}}
  - {{name: last, {api}, {out}}}
"""
        )
    )
    assert len(found) == 1
    assert words in found[0]
    assert "mainSteps[2].inputs.RoleName" in found[0]


def test_the_steps_of_a_loop_see_its_iterator_and_what_came_before() -> None:
    assert parse(RUNBOOK).steps[1].inputs["Iterators"] == "{{ list.Arns }}"


def test_doubled_braces_in_a_script_are_the_scripts_own() -> None:
    document = parse(
        steps(
            """\
  - name: a
    action: aws:executeScript
    inputs:
      Runtime: python3.11
      Handler: f
      Script: "def f(e, c): return f'{{not a reference}}'"
"""
        )
    )
    assert document.steps[0].name == "a"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- just a list", "a runbook must be a mapping"),
        ("schemaVersion: [", "not valid YAML"),
        ("- " * 30_000, "nested too deeply"),
        ('{"schemaVersion": "0.3",}', "not valid JSON"),
        ("", "a runbook must be a mapping"),
        (MINIMAL.replace("'0.3'", "'2.2'"), "schemaVersion '0.3', not \"2.2\""),
        (MINIMAL + "files: {}\n", "'files' is not supported by the embedded sandbox"),
        (MINIMAL + "outputs: [nap.Out]\n", "no step puts out 'nap.Out'"),
        (MINIMAL + "assumeRole: '{{ Role }}'\n", "is no parameter of this runbook"),
        (MINIMAL + "parameters: {P: {type: Text}}\n", "is no type"),
        (MINIMAL + "parameters: {P: {type: String, allowedPattern: '['}}\n", "not a regular expression"),
        (MINIMAL + "parameters: {P: {type: Integer, default: x}}\n", "cannot be converted to Integer"),
        (
            MINIMAL + "parameters: {P: {type: String, default: c, allowedValues: [a]}}\n",
            "not one of the allowedValues",
        ),
        (MINIMAL + "parameters: {On: {type: Boolean}}\n", "On is not read as text here: put it in quotes"),
        (MINIMAL + "    name: again\n", "this key is given twice"),
        (MINIMAL + "  - {name: nap, action: aws:sleep, inputs: {Duration: PT1S}}\n", "'nap' is used twice"),
        (MINIMAL + "    outputs: [{Name: O, Selector: $.a}]\n", "aws:sleep takes no outputs"),
        (MINIMAL.replace("PT1S", "P8D"), "at most 604800 seconds"),
        (
            MINIMAL.replace("PT1S}", "PT1S, Timestamp: '2026-01-01T00:00:00Z'}"),
            "either a Duration or a Timestamp",
        ),
        (MINIMAL.replace("Duration: PT1S", "Timestamp: tomorrow"), "not an ISO 8601 time"),
    ],
)
def test_what_is_no_runbook_is_explained(text: str, words: str) -> None:
    assert any(words in problem for problem in problems(text))


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ("{Steps: []}", "either Iterators or a LoopCondition"),
        ("{Steps: [], Iterators: [a]}", "must be a list with at least one step"),
        ("{Steps: [], Iterators: nothing}", "must be a list, or a reference to one"),
        (
            "{Steps: [], Iterators: [a], IteratorDataType: MapList}",
            "must be Boolean, Integer, String or StringMap",
        ),
        ("{Steps: [], Iterators: [a], MaxIterations: 101}", "must be a number from 1 to 100"),
        ("{Steps: [], LoopCondition: {Variable: a}}", "needs exactly one operation"),
    ],
)
def test_a_loop_that_cannot_loop_is_explained(inputs: str, words: str) -> None:
    assert any(
        words in problem
        for problem in problems(steps(f"  - {{name: l, action: aws:loop, inputs: {inputs}}}"))
    )


@pytest.mark.parametrize("runtime", ["PowerShell 7.0", "python2.7", "nodejs"])
def test_only_python_scripts_are_taken(runtime: str) -> None:
    [problem] = problems(
        steps(
            f"""\
  - name: s
    action: aws:executeScript
    inputs: {{Runtime: {runtime}, Handler: f, Script: x}}
"""
        )
    )
    assert f"the runtime {runtime!r} is not supported by the embedded sandbox" in problem


def test_reading_a_runbook_loads_neither_moto_nor_boto3() -> None:
    code = (
        "import sys, chaoskit.sandbox.automation.document; "
        "print({'moto', 'boto3', 'botocore', 'cheroot'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("{{ list.Arns }}"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=4,
)


@given(data=st.data())
@settings(max_examples=examples(150), derandomize=True, deadline=None)
def test_a_runbook_with_anything_anywhere_is_read_or_refused_and_never_crashes(data: st.DataObject) -> None:
    content = yaml.safe_load(RUNBOOK)
    place: object = content
    while isinstance(place, dict | list) and place:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if data.draw(st.booleans()) or not isinstance(place[key], dict | list):
            place[key] = data.draw(JSON)
            break
        place = place[key]
    try:
        found: tuple[object, ...] = parse(json.dumps(content)).steps
    except InvalidDocumentError as error:
        found = error.problems
    assert found
