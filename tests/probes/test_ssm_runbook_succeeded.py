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

    def __init__(self, *records: dict[str, Any], after: timedelta = timedelta(seconds=1)) -> None:
        self._records = records
        self.after = after

    def read(self, query: Query) -> Any:
        match query.operation:
            case "DescribeAutomationExecutions":
                return ["0a1b"]
            case "GetAutomationExecution":
                return {
                    "AutomationExecutionId": "0a1b",
                    "AutomationExecutionStatus": "Success",
                    "ExecutionStartTime": (SEEN.at + self.after).isoformat(),
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


@pytest.mark.parametrize(("seconds", "counts"), [(1, True), (-1.5, True), (-3, False)])
def test_an_execution_that_began_before_the_fault_is_no_answer_to_it(seconds: float, counts: bool) -> None:
    account = Account(after=timedelta(seconds=seconds))  # clocks may differ by two seconds
    seen = RunbookSucceeded(document="d").look(account, Trace("t", NOW - timedelta(minutes=1), (SEEN,)))
    assert seen.holds is counts


def test_what_was_denied_was_not_repaired() -> None:
    assert looked(replace(SEEN, outcome="denied", effect=None)).holds is False


def test_each_repair_is_of_what_had_been_done_when_it_began() -> None:
    later = replace(SEEN, at=SEEN.at + timedelta(seconds=30))
    first = replace(SEEN, call=Call("iam", "AttachRolePolicy", RoleName="other"))
    trace = Trace("t", NOW, (first, later))
    assert RunbookSucceeded(document="d").look(Account(), trace).holds is False
    assert RunbookSucceeded(document="d").look(Account(after=timedelta(seconds=31)), trace).holds is True


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
