"""What a runbook's success proves of a fault whose effect nobody saw."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.aws import Call
from chaoskit.contract import Attempt, Trace
from chaoskit.probes.ssm_runbook_succeeded import RunbookSucceeded
from tests.samples import ACCOUNT, NOW, REGION

if TYPE_CHECKING:
    from chaoskit.aws import Message, Query

SEEN = Attempt(
    "iam.attach-role-policy",
    Call("iam", "AttachRolePolicy", RoleName="training", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"),
    NOW + timedelta(seconds=1),
    "applied",
    effect=True,
)
UNSEEN = replace(SEEN, effect=False)
WROTE = {"eventName": "DetachRolePolicy", "readOnly": False}
READ = {"eventName": "ListAttachedRolePolicies", "readOnly": True}
REFUSED = {"eventName": "DetachRolePolicy", "readOnly": False, "errorCode": "NoSuchEntityException"}


class Account:
    """One execution that succeeded, and the event history of its session."""

    account, region = ACCOUNT, REGION

    def __init__(self, *records: dict[str, Any]) -> None:
        self._records = records

    def read(self, query: Query) -> Any:
        match query.operation:
            case "DescribeAutomationExecutions":
                return ["0a1b"]
            case "GetAutomationExecution":
                return {
                    "AutomationExecutionId": "0a1b",
                    "AutomationExecutionStatus": "Success",
                    "Parameters": {"RoleName": ["training"]},
                }
        asked = query.params["LookupAttributes"]
        assert asked == [{"AttributeKey": "Username", "AttributeValue": "Automation-0a1b"}]
        return [json.dumps(record) for record in reversed(self._records)]

    def messages(self, queue_url: str) -> list[Message]:
        raise NotImplementedError(queue_url)


def looked(attempt: Attempt, *records: dict[str, Any]) -> Any:
    probe = RunbookSucceeded(document="detach-permissive-policy")
    return probe.look(Account(*records), Trace("t", NOW, (attempt,)))


def test_of_an_effect_that_was_seen_its_success_is_the_repair() -> None:
    assert looked(SEEN).evidence["repaired"] == ["training"]


def test_of_an_effect_that_nobody_saw_a_call_that_wrote_is_the_proof() -> None:
    seen = looked(UNSEEN, READ, WROTE)
    assert seen.evidence["repaired"] == ["training"]
    assert seen.evidence["wrote"] == ["DetachRolePolicy"]


@pytest.mark.parametrize("records", [[], [READ], [READ, REFUSED]], ids=["none", "reads", "refused"])
def test_a_runbook_that_changed_nothing_proves_no_effect(records: list[dict[str, Any]]) -> None:
    seen = looked(UNSEEN, *records)
    assert seen.holds
    assert "repaired" not in seen.evidence
