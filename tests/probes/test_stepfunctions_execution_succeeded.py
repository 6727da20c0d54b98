"""What counts as a state machine's repair: an execution that began after the fault, and because of it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chaoskit.contract import Trace
from chaoskit.probes.stepfunctions_execution_succeeded import ExecutionSucceeded
from tests.answers import Answers
from tests.samples import NOW, attempt

FAULT = attempt(at=NOW + timedelta(seconds=10), request_id="the-faults")
NAMED = {"role": "training"}
OWN = {"detail": {"eventName": "AttachRolePolicy", "requestID": "the-faults"}}


def account(given: Any, seconds: float) -> Answers:
    """An account whose state machine has succeeded, so many seconds after the fault."""
    began = (FAULT.at + timedelta(seconds=seconds)).isoformat()
    execution = {"executionArn": "arn", "startDate": began}
    return Answers(
        ListStateMachines={"stateMachines": [{"name": "m", "stateMachineArn": "m"}]},
        ListExecutions={"executions": [execution]},
        DescribeExecution={
            **execution,
            "input": json.dumps(given),
            "status": "SUCCEEDED",
            "stopDate": (FAULT.at + timedelta(seconds=seconds + 1)).isoformat(),
        },
    )


@pytest.mark.parametrize(
    ("given", "seconds", "counts"),
    [
        (NAMED, 1, True),
        (NAMED, -1.5, True),
        (NAMED, -3, False),
        (OWN, 1, True),
        ({"role": "other"}, 1, False),
    ],
)
def test_an_execution_counts_if_it_began_after_what_it_is_about(
    given: Any, seconds: float, counts: bool
) -> None:
    trace = Trace("t", NOW, (FAULT,))
    assert ExecutionSucceeded(state_machine="m").look(account(given, seconds), trace).holds is counts


@pytest.mark.parametrize("given", [NAMED, OWN])
def test_what_was_denied_was_not_repaired(given: Any) -> None:
    trace = Trace("t", NOW, (replace(FAULT, outcome="denied"),))
    assert ExecutionSucceeded(state_machine="m").look(account(given, 1), trace).holds is False


def test_an_execution_that_was_there_before_the_fault_is_another_run_s() -> None:
    probe, there = ExecutionSucceeded(state_machine="m"), account(NAMED, 1)
    before = probe.before(there, Trace("t", NOW))
    assert before == {"arn"}
    assert probe.look(there, Trace("t", NOW, (FAULT,), before=before)).holds is False
