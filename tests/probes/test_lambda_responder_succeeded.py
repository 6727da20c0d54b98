"""What counts as a function's repair: its own call, on what the fault touched, after the fault."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.aws import Call
from chaoskit.contract import Attempt, Trace
from chaoskit.probes.lambda_responder_succeeded import ResponderSucceeded
from tests.samples import ACCOUNT, NOW, REGION

if TYPE_CHECKING:
    from chaoskit.aws import Message, Query

FAULT = Attempt(
    "iam.attach-role-policy",
    Call("iam", "AttachRolePolicy", RoleName="training", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"),
    NOW + timedelta(milliseconds=400),
    "applied",
    request_id="the-faults",
)
TRACE = Trace("t", NOW - timedelta(seconds=9), (FAULT,))


class History:
    """An event history of these records, given oldest first, and answered as the API does."""

    account, region = ACCOUNT, REGION

    def __init__(self, *records: dict[str, Any]) -> None:
        self._records = records
        self.since = ""

    def read(self, query: Query) -> Any:
        assert query.operation == "LookupEvents"
        self.since = query.params["StartTime"]
        return [json.dumps(record) for record in reversed(self._records)]

    def messages(self, queue_url: str) -> list[Message]:
        raise NotImplementedError(queue_url)


def call(name: str, *, seconds: int = 0, by: str = "tidy", **more: Any) -> dict[str, Any]:
    at = NOW + timedelta(seconds=seconds)
    return {
        "eventID": "id",
        "eventName": name,
        "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "userIdentity": {"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/r/{by}"},
        "requestParameters": {"roleName": "training"},
        **more,
    }


FAULTS_OWN = call("AttachRolePolicy", by="chaoskit", requestID="the-faults")


@pytest.mark.parametrize(
    ("records", "holds"),
    [
        ((FAULTS_OWN, call("DetachRolePolicy")), True),
        ((FAULTS_OWN, call("DetachRolePolicy", seconds=5)), True),
        ((call("DetachRolePolicy", seconds=5),), True),
        ((call("DetachRolePolicy"), FAULTS_OWN), False),
        ((call("DetachRolePolicy"),), False),
        ((FAULTS_OWN, call("DetachRolePolicy", by="other")), False),
        ((FAULTS_OWN, call("DetachRolePolicy", requestParameters={"roleName": "inference"})), False),
        (
            (FAULTS_OWN, call("DetachRolePolicy", userIdentity={"type": "IAMUser", "arn": "a:user/tidy"})),
            False,
        ),
    ],
    ids=[
        "after-it",
        "later",
        "later-alone",
        "before-it-in-its-second",
        "alone-in-its-second",
        "of-another",
        "of-another-role",
        "by-a-user-of-that-name",
    ],
)
def test_only_the_functions_own_call_after_the_fault_counts(
    records: tuple[dict[str, Any], ...], holds: bool
) -> None:
    assert ResponderSucceeded(function="tidy").look(History(*records), TRACE).holds is holds


def test_a_repair_is_of_what_had_been_done_before_it() -> None:
    later = replace(FAULT, at=NOW + timedelta(seconds=30), request_id="later")
    other = Call("iam", "AttachRolePolicy", RoleName="other", PolicyArn="arn:aws:iam::aws:policy/X")
    trace = replace(TRACE, attempts=(replace(FAULT, call=other), later))
    probe = ResponderSucceeded(function="tidy")
    assert probe.look(History(FAULTS_OWN, call("DetachRolePolicy", seconds=5)), trace).holds is False
    assert probe.look(History(FAULTS_OWN, call("DetachRolePolicy", seconds=31)), trace).holds is True


def test_what_was_denied_was_not_repaired() -> None:
    trace = replace(TRACE, attempts=(replace(FAULT, outcome="denied"),))
    records = (FAULTS_OWN, call("DetachRolePolicy", seconds=5))
    assert ResponderSucceeded(function="tidy").look(History(*records), trace).holds is False


def test_a_clock_that_is_ahead_hides_no_repair() -> None:
    records = (FAULTS_OWN, call("DetachRolePolicy"))
    trace = replace(TRACE, attempts=(replace(FAULT, at=NOW + timedelta(seconds=1.5)),))
    history = History(*records)
    assert ResponderSucceeded(function="tidy").look(history, trace).holds is True
    assert history.since <= f"{NOW:%Y-%m-%dT%H:%M:%SZ}"


def test_a_denied_call_is_told_in_awss_words_though_its_parameters_are_not() -> None:
    words = (
        f"not authorized to perform: iam:DetachRolePolicy on resource: arn:aws:iam::{ACCOUNT}:role/training"
    )
    denied = call("DetachRolePolicy", requestParameters=None, errorCode="AccessDenied", errorMessage=words)
    seen = ResponderSucceeded(function="tidy").look(History(FAULTS_OWN, denied), TRACE)
    assert seen.holds is False
    assert seen.summary == f"function tidy could not DetachRolePolicy: AccessDenied: {words}"
