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
    """Executions, one that succeeded by default, and the event history of its session."""

    account, region = ACCOUNT, REGION

    def __init__(
        self,
        *records: dict[str, Any],
        after: timedelta = timedelta(seconds=1),
        executions: dict[str, str] | None = None,
    ) -> None:
        self._records = records
        self._statuses = executions or {"0a1b": "Success"}
        self._starts = {
            each: (SEEN.at + after + timedelta(seconds=number)).isoformat()
            for number, each in enumerate(self._statuses)
        }

    def read(self, query: Query) -> Any:
        match query.operation:
            case "DescribeAutomationExecutions":
                return [[start, each] for each, start in self._starts.items()]
            case "GetAutomationExecution":
                number = query.params["AutomationExecutionId"]
                return {
                    "AutomationExecutionId": number,
                    "AutomationExecutionStatus": self._statuses[number],
                    "ExecutionStartTime": self._starts[number],
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


def test_an_execution_that_was_there_before_the_fault_is_another_run_s() -> None:
    probe, account = RunbookSucceeded(document="d"), Account(executions={"0a1b": "Success"})
    trace = Trace("t", NOW, (SEEN,), before=probe.before(account, Trace("t", NOW)))
    assert trace.before == {"0a1b"}
    assert probe.look(account, trace).holds is False
    later = Account(executions={"0a1b": "Success", "2c3d": "Success"})
    assert probe.look(later, trace).evidence["execution_id"] == "2c3d"


@pytest.mark.parametrize(
    ("statuses", "holds", "told"),
    [
        (["Success", "InProgress"], False, "is InProgress"),
        (["Success", "Failed"], False, "is Failed"),
        (["Failed", "Success"], True, "succeeded"),
        (["Success", "Success"], True, "succeeded"),
    ],
)
def test_an_earlier_success_does_not_outrank_what_came_of_a_later_one(
    statuses: list[str], holds: bool, told: str
) -> None:
    account = Account(executions={f"{number}a1b": status for number, status in enumerate(statuses)})
    seen = RunbookSucceeded(document="d").look(account, Trace("t", NOW, (SEEN,)))
    assert (seen.holds, told in seen.summary) == (holds, True)
    if statuses == ["Success", "Success"]:  # the repair was the first one's
        assert seen.evidence["execution_id"] == "0a1b"
