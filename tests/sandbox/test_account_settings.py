"""What services say of an account as a whole: SES, Organizations, and what notebooks run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sandbox.aws import refusal

if TYPE_CHECKING:
    from tests.sandbox.aws import Aws


def test_both_versions_of_ses_say_whether_an_account_may_send(aws: Aws) -> None:
    ses, newer = aws.client("ses"), aws.client("sesv2")
    assert ses.get_account_sending_enabled()["Enabled"]
    newer.put_account_sending_attributes(SendingEnabled=False)
    assert not ses.get_account_sending_enabled()["Enabled"]
    ses.update_account_sending_enabled(Enabled=True)
    account = newer.get_account()
    assert account["SendingEnabled"]
    assert account["SendQuota"]["Max24HourSend"] == 200


def test_no_account_can_leave_the_organization(aws: Aws) -> None:
    leave = "leave_organization"
    assert refusal(getattr(aws.client("organizations"), leave))[0] == "ConstraintViolationException"
    of_management = refusal(getattr(aws.client("organizations", "management"), leave))
    assert of_management[0] == "MasterCannotLeaveOrganizationException"


def test_the_script_of_a_notebook_is_replaced(aws: Aws) -> None:
    notebooks = aws.client("sagemaker")
    name = {"NotebookInstanceLifecycleConfigName": "scripts"}
    notebooks.create_notebook_instance_lifecycle_config(**name, OnStart=[{"Content": "aWQ="}])
    notebooks.update_notebook_instance_lifecycle_config(**name, OnStart=[{"Content": "d2hvYW1p"}])
    kept = notebooks.describe_notebook_instance_lifecycle_config(**name)
    assert kept["OnStart"] == [{"Content": "d2hvYW1p"}]
    unknown = {"NotebookInstanceLifecycleConfigName": "unknown"}
    refused = refusal(notebooks.update_notebook_instance_lifecycle_config, **unknown)
    assert refused[0] == "ValidationException"
