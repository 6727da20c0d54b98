from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from chaoskit.engine.verdict import judge
from chaoskit.result import ChangeResult, FaultResult, Verdict
from tests.samples import DETECTION, GUARDRAIL, NOW, RESPONSE, RUNBOOK, attempt, result, seen, trace

if TYPE_CHECKING:
    from chaoskit.contract import Attempt
    from chaoskit.experiment import Expectation

APPLIED = attempt("applied", effect=True)
UNSEEN = attempt("applied", effect=None)  # an invocation: there is no state to read
NO_EFFECT = attempt("applied", effect=False)
DENIED = attempt("denied", denied_by="scp", message="no")
FAILED = attempt("failed", message="iam:AttachRolePolicy failed: NoSuchEntity: no such role")
PAIRS = list(itertools.product([APPLIED, UNSEEN, NO_EFFECT, DENIED, FAILED], repeat=2))

PASS, FAIL, NOT_TOLD = Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("attempts", "expected", "verdict"),
    [
        # A detection or a response of a fault that had its effect
        ([APPLIED], [(DETECTION, True)], PASS),
        ([APPLIED], [(DETECTION, False)], FAIL),
        ([APPLIED], [(DETECTION, None)], NOT_TOLD),
        ([APPLIED], [(DETECTION, True), (RESPONSE, True)], PASS),
        ([APPLIED], [(DETECTION, True), (RESPONSE, False)], FAIL),
        ([APPLIED], [(DETECTION, None), (RESPONSE, False)], FAIL),
        ([APPLIED], [(DETECTION, None), (RESPONSE, True)], NOT_TOLD),
        ([APPLIED, UNSEEN], [(DETECTION, True)], PASS),
        # A fault without effect proves nothing
        ([], [(DETECTION, True)], NOT_TOLD),
        ([], [(GUARDRAIL, True)], NOT_TOLD),
        ([NO_EFFECT], [(DETECTION, True)], NOT_TOLD),
        ([NO_EFFECT], [(DETECTION, False)], NOT_TOLD),
        ([NO_EFFECT], [(RESPONSE, True)], NOT_TOLD),
        ([APPLIED, NO_EFFECT], [(DETECTION, True)], NOT_TOLD),
        ([FAILED], [(DETECTION, True)], NOT_TOLD),
        ([APPLIED, FAILED], [(DETECTION, True)], NOT_TOLD),
        ([DENIED], [(DETECTION, True)], NOT_TOLD),
        ([APPLIED, DENIED], [(DETECTION, True), (RESPONSE, True)], NOT_TOLD),
        # ... unless a runbook was seen to repair it before its effect could be read
        ([NO_EFFECT], [(RUNBOOK, True)], PASS),
        ([NO_EFFECT], [(RUNBOOK, False)], FAIL),  # repaired, but too late
        ([NO_EFFECT], [(RUNBOOK, None)], NOT_TOLD),
        # A guardrail expects the denial
        ([DENIED], [(GUARDRAIL, True)], PASS),
        ([DENIED], [(GUARDRAIL, None)], NOT_TOLD),
        ([DENIED], [(GUARDRAIL, True), (DETECTION, False)], FAIL),
        ([APPLIED], [(GUARDRAIL, False)], FAIL),
        ([NO_EFFECT], [(GUARDRAIL, False)], FAIL),  # let through, and repaired before it could be read
        ([APPLIED, DENIED], [(GUARDRAIL, True)], PASS),
        ([FAILED], [(GUARDRAIL, True)], NOT_TOLD),
        ([DENIED, FAILED], [(GUARDRAIL, True)], NOT_TOLD),
        # Nothing was expected
        ([APPLIED], [], NOT_TOLD),
    ],
)
def test_what_was_seen_leads_to_its_verdict(
    attempts: list[Attempt], expected: list[tuple[Expectation, bool | None]], verdict: Verdict
) -> None:
    repaired = {RUNBOOK.runbook: ["training"]}
    about = result(
        *(seen(item, met, repaired=repaired.get(item.runbook or "", [])) for item, met in expected)
    )
    assert judge(about, trace(*attempts))[0] is verdict


def test_a_fault_that_nobody_saw_or_repaired_proves_nothing() -> None:
    assert judge(result(seen(RUNBOOK, met=False)), trace(NO_EFFECT))[0] is NOT_TOLD


@pytest.mark.parametrize("expectation", [GUARDRAIL, DETECTION, RESPONSE, RUNBOOK])
@pytest.mark.parametrize("attempts", PAIRS)
@pytest.mark.parametrize("met", [False, None])
def test_no_run_passes_with_an_expectation_that_was_not_met(
    expectation: Expectation, attempts: tuple[Attempt, ...], met: bool | None
) -> None:
    about = result(seen(expectation, met), seen(DETECTION, met=True))
    assert judge(about, trace(*attempts))[0] is not Verdict.PASSED


@pytest.mark.parametrize("attempts", [pair for pair in PAIRS if FAILED in pair])
def test_no_run_passes_with_a_call_that_failed(attempts: tuple[Attempt, ...]) -> None:
    about = result(seen(GUARDRAIL, met=True), seen(RUNBOOK, met=True))
    assert judge(about, trace(*attempts))[0] is Verdict.INCONCLUSIVE


def test_a_judgement_is_never_an_error_or_an_abort() -> None:
    verdicts = {
        judge(result(seen(DETECTION, met)), trace(*attempts))[0]
        for met in (True, False, None)
        for attempts in ([], [APPLIED], [NO_EFFECT], [DENIED], [FAILED])
    }
    assert verdicts == {Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE}


@pytest.mark.parametrize(
    ("attempts", "reason"),
    [
        ([], "no fault was injected: what it would change is so already"),
        (
            [FAILED],
            "the fault could not be injected: iam:AttachRolePolicy failed: NoSuchEntity: no such role",
        ),
        ([DENIED], "the fault had no effect: iam:AttachRolePolicy was denied by scp"),
        (
            [NO_EFFECT],
            "the fault had no effect: iam:AttachRolePolicy was answered, but the state did not change",
        ),
    ],
)
def test_the_reason_says_why_nothing_was_proven(attempts: list[Attempt], reason: str) -> None:
    assert judge(result(seen(DETECTION, met=True)), trace(*attempts))[1] == reason


def test_one_of_several_faults_that_made_no_call_proves_nothing_whatever_became_of_the_others() -> None:
    about = result(seen(GUARDRAIL, met=True))
    made = ChangeResult("s3", "PutBucketPolicy", "denied", at=NOW)
    about.faults = [FaultResult("s3.public-bucket-policy", [made]), FaultResult("s3.public-bucket-acl")]
    verdict, reason = judge(about, trace(DENIED))
    assert verdict is NOT_TOLD
    assert reason == "s3.public-bucket-acl was not injected: what it would change is so already"


def test_the_reason_of_a_failure_names_every_missed_expectation_and_no_other() -> None:
    about = result(
        seen(DETECTION, met=False, summary="rule has not reported"),
        seen(RESPONSE, met=False, summary="the policy is attached"),
        seen(RUNBOOK, met=None, summary="could not look"),
    )
    assert judge(about, trace(APPLIED))[1] == (
        "detection: rule has not reported; response: the policy is attached"
    )


def test_the_reason_of_an_unknown_names_what_could_not_be_told() -> None:
    about = result(seen(DETECTION, met=True), seen(RESPONSE, met=None, summary="could not look"))
    assert judge(about, trace(APPLIED))[1] == "response: could not look"


def test_the_reason_of_a_pass_is_what_was_seen() -> None:
    about = result(
        seen(DETECTION, met=True, summary="rule reported"), seen(RESPONSE, met=True, summary="gone")
    )
    assert judge(about, trace(APPLIED))[1] == "detection: rule reported; response: gone"
