"""The `ssm` operations themselves: documents, starting, listing and stopping executions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from tests.sandbox.automation.conftest import Aws

NAP = "- {name: nap, action: aws:sleep, inputs: {Duration: DURATION}}"
COMMAND = {
    "schemaVersion": "2.2",
    "mainSteps": [{"action": "aws:runShellScript", "name": "x", "inputs": {"runCommand": ["true"]}}],
}


def nap(duration: str = "PT0S") -> str:
    return NAP.replace("DURATION", duration)


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_create_document_refuses_a_bad_runbook_with_every_problem(aws: Aws) -> None:
    steps = """
- {name: a, action: aws:runCommand, inputs: {}}
- {name: b, action: aws:sleep, nextStep: z, inputs: {}}
"""
    with pytest.raises(ClientError) as caught:
        aws.create(aws.runbook(steps))
    assert code_of(caught) == "InvalidDocumentContent"
    message = caught.value.response["Error"]["Message"]
    assert (
        "mainSteps[0].action: the action aws:runCommand is not supported by the embedded sandbox" in message
    )
    assert "mainSteps[1].nextStep: there is no step 'z' here" in message
    assert "mainSteps[1].inputs: aws:sleep takes either a Duration or a Timestamp" in message


def test_a_document_has_versions_and_a_default(aws: Aws) -> None:
    ssm = aws.client("ssm")
    name = aws.create(aws.runbook(nap()))
    updated = ssm.update_document(
        Name=name, Content=aws.runbook(nap("PT0.01S")), DocumentFormat="YAML", DocumentVersion="$LATEST"
    )["DocumentDescription"]
    assert (updated["DocumentVersion"], updated["DefaultVersion"], updated["LatestVersion"]) == (
        "2",
        "1",
        "2",
    )

    def content(version: str) -> str:
        return str(ssm.get_document(Name=name, DocumentVersion=version, DocumentFormat="YAML")["Content"])

    assert "PT0S" in content("$DEFAULT")
    assert "PT0.01S" in content("$LATEST")
    ssm.update_document_default_version(Name=name, DocumentVersion="2")
    assert content("$DEFAULT") == content("2")
    assert json.loads(ssm.get_document(Name=name)["Content"])["schemaVersion"] == "0.3"
    described = ssm.describe_document(Name=name)["Document"]
    assert (described["DocumentType"], described["Status"]) == ("Automation", "Active")


@pytest.mark.parametrize(("version", "ran"), [(None, "1"), ("$DEFAULT", "1"), ("$LATEST", "2"), ("2", "2")])
def test_an_execution_runs_the_version_asked_for(aws: Aws, version: str | None, ran: str) -> None:
    ssm = aws.client("ssm")
    name = aws.create(aws.runbook(nap()))
    ssm.update_document(
        Name=name, Content=aws.runbook(nap("PT0.01S")), DocumentFormat="YAML", DocumentVersion="1"
    )
    asked = {"DocumentVersion": version} if version else {}
    execution_id = ssm.start_automation_execution(DocumentName=name, **asked)["AutomationExecutionId"]
    assert aws.get(execution_id)["DocumentVersion"] == ran


def test_update_document_refuses_a_bad_runbook_and_keeps_the_old_one(aws: Aws) -> None:
    name = aws.create(aws.runbook(nap()))
    with pytest.raises(ClientError, match="not an ISO 8601 duration"):
        aws.client("ssm").update_document(
            Name=name, Content=aws.runbook(nap("soon")), DocumentFormat="YAML", DocumentVersion="$LATEST"
        )
    assert aws.client("ssm").describe_document(Name=name)["Document"]["LatestVersion"] == "1"


def test_other_documents_are_kept_beside_runbooks(aws: Aws) -> None:
    ssm, name = aws.client("ssm"), aws.name()
    runbook = aws.create(aws.runbook(nap()))
    ssm.create_document(Name=name, Content=json.dumps(COMMAND), DocumentType="Command")

    def named(kind: str) -> set[str]:
        filters = [{"Key": "DocumentType", "Values": [kind]}]
        pages = ssm.get_paginator("list_documents").paginate(Filters=filters)
        return {each["Name"] for page in pages for each in page["DocumentIdentifiers"]}

    assert runbook in named("Automation") - named("Command")
    assert name in named("Command") - named("Automation")
    with pytest.raises(ClientError) as caught:
        ssm.start_automation_execution(DocumentName=name)
    assert code_of(caught) == "AutomationDefinitionNotFoundException"
    for each in (name, runbook):
        ssm.delete_document(Name=each)
        with pytest.raises(ClientError) as caught:
            ssm.describe_document(Name=each)
        assert code_of(caught) == "InvalidDocument"


def test_a_document_name_is_used_once(aws: Aws) -> None:
    name = aws.create(aws.runbook(nap()))
    with pytest.raises(ClientError) as caught:
        aws.client("ssm").create_document(
            Name=name, Content=aws.runbook(nap()), DocumentType="Automation", DocumentFormat="YAML"
        )
    assert code_of(caught) == "DocumentAlreadyExists"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"DocumentName": "nowhere"}, "AutomationDefinitionNotFoundException"),
        ({"DocumentVersion": "9"}, "AutomationDefinitionVersionNotFoundException"),
        ({"Parameters": {"Nope": ["x"]}}, "InvalidAutomationExecutionParametersException"),
        ({"Mode": "Interactive"}, "InvalidAutomationExecutionParametersException"),
        ({"Targets": [{"Key": "tag:a", "Values": ["b"]}]}, "InvalidAutomationExecutionParametersException"),
    ],
)
def test_a_start_that_cannot_be_is_refused(aws: Aws, given: dict[str, object], code: str) -> None:
    name = aws.create(aws.runbook(nap()))
    with pytest.raises(ClientError) as caught:
        aws.client("ssm").start_automation_execution(**{"DocumentName": name, **given})
    assert code_of(caught) == code


def test_a_client_token_starts_one_execution_only(aws: Aws) -> None:
    ssm, name = aws.client("ssm"), aws.create(aws.runbook(nap()))
    token = "0123456789-0123456789-0123456789-012"
    first, second = (
        ssm.start_automation_execution(DocumentName=name, ClientToken=token)["AutomationExecutionId"]
        for _ in "ab"
    )
    assert first == second
    with pytest.raises(ClientError) as caught:
        ssm.start_automation_execution(DocumentName=name, ClientToken=token, DocumentVersion="1")
    assert code_of(caught) == "IdempotentParameterMismatch"


def test_executions_are_listed_newest_first_and_filtered(aws: Aws) -> None:
    ssm, name = aws.client("ssm"), aws.create(aws.runbook(nap()))
    bad = aws.create(
        aws.runbook(
            "- {name: a, action: aws:executeAwsApi, inputs: {Service: iam, Api: GetRole, RoleName: x}}"
        )
    )
    ids = [
        ssm.start_automation_execution(DocumentName=each)["AutomationExecutionId"]
        for each in (name, bad, name)
    ]
    assert aws.served.cloud.idle(5)

    def found(*filters: tuple[str, str], **more: int) -> list[str]:
        asked = [{"Key": key, "Values": [value]} for key, value in filters]
        answer = ssm.describe_automation_executions(**({"Filters": asked} if asked else {}), **more)
        return [each["AutomationExecutionId"] for each in answer["AutomationExecutionMetadataList"]]

    assert found(("DocumentNamePrefix", name)) == [ids[2], ids[0]]
    assert found(("ExecutionId", ids[1]), ("ExecutionStatus", "Failed")) == [ids[1]]
    assert found(("ExecutionId", ids[1]), ("ExecutionStatus", "Success")) == []
    assert found(("DocumentNamePrefix", name), ("StartTimeAfter", "2100-01-01T00:00:00Z")) == []
    assert found(MaxResults=2) == [ids[2], ids[1]]
    with pytest.raises(ClientError) as caught:
        found(("TagKey", "x"))
    assert code_of(caught) == "InvalidFilterKey"


def test_steps_are_described_with_filters_and_in_pages(aws: Aws) -> None:
    ssm = aws.client("ssm")
    names = ["a", "b", "c"]
    execution = aws.run(aws.runbook("\n".join(nap().replace("nap", name) for name in names)))
    wanted = {"AutomationExecutionId": execution["AutomationExecutionId"]}
    pages = ssm.get_paginator("describe_automation_step_executions").paginate(
        **wanted, PaginationConfig={"PageSize": 2}
    )
    assert [each["StepName"] for page in pages for each in page["StepExecutions"]] == names
    backwards = ssm.describe_automation_step_executions(**wanted, ReverseOrder=True)["StepExecutions"]
    assert [each["StepName"] for each in backwards] == names[::-1]
    some = ssm.describe_automation_step_executions(**wanted, Filters=[{"Key": "StepName", "Values": ["b"]}])
    assert [each["StepName"] for each in some["StepExecutions"]] == ["b"]


def test_another_accounts_execution_is_not_found(aws: Aws) -> None:
    execution = aws.run(aws.runbook(nap()))
    with pytest.raises(ClientError) as caught:
        aws.client("ssm", "management").get_automation_execution(
            AutomationExecutionId=execution["AutomationExecutionId"]
        )
    assert code_of(caught) == "AutomationExecutionNotFoundException"


def test_a_running_execution_shows_its_current_step(aws: Aws) -> None:
    execution_id = aws.start(aws.runbook(nap().replace("nap", "first") + "\n" + nap("PT1H")))
    aws.until(lambda: aws.get(execution_id).get("CurrentStepName") == "nap")
    running = aws.get(execution_id)
    aws.client("ssm").stop_automation_execution(AutomationExecutionId=execution_id)
    assert running["AutomationExecutionStatus"] == "InProgress"
    assert running["CurrentAction"] == "aws:sleep"
    assert aws.statuses(running) == {"first": "Success", "nap": "InProgress"}
    assert "ExecutionEndTime" not in running


CLEAN_UP = """
- {name: nap, action: aws:sleep, inputs: {Duration: PT1H}, onCancel: 'step:undo'}
- {name: never, action: aws:sleep, inputs: {Duration: PT0S}, isEnd: true}
- {name: undo, action: aws:sleep, inputs: {Duration: PT0S}}
"""


def test_cancel_interrupts_the_step_and_runs_what_on_cancel_names(aws: Aws) -> None:
    execution_id = aws.start(aws.runbook(CLEAN_UP))
    aws.until(lambda: aws.get(execution_id).get("CurrentStepName") == "nap")
    aws.client("ssm").stop_automation_execution(AutomationExecutionId=execution_id)
    assert aws.served.cloud.idle(5)
    execution = aws.get(execution_id)
    assert execution["AutomationExecutionStatus"] == "Cancelled"
    assert aws.statuses(execution) == {"nap": "Cancelled", "never": "Pending", "undo": "Success"}


def test_complete_lets_the_step_finish_and_starts_no_other(aws: Aws) -> None:
    execution_id = aws.start(aws.runbook(CLEAN_UP))
    aws.until(lambda: aws.get(execution_id).get("CurrentStepName") == "nap")
    aws.client("ssm").stop_automation_execution(AutomationExecutionId=execution_id, Type="Complete")
    assert not aws.served.cloud.idle(0.1)
    aws.served.cloud.clock.advance(3600)
    assert aws.served.cloud.idle(5)
    execution = aws.get(execution_id)
    assert execution["AutomationExecutionStatus"] == "Success"
    assert aws.statuses(execution) == {"nap": "Success", "never": "Pending", "undo": "Pending"}


def test_a_finished_execution_cannot_be_stopped(aws: Aws) -> None:
    execution = aws.run(aws.runbook(nap()))
    with pytest.raises(ClientError) as caught:
        aws.client("ssm").stop_automation_execution(AutomationExecutionId=execution["AutomationExecutionId"])
    assert code_of(caught) == "InvalidAutomationStatusUpdateException"
