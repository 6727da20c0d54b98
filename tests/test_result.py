from __future__ import annotations

import json
from datetime import timedelta

import pytest

from chaoskit import evidence
from chaoskit.errors import ExitCode
from chaoskit.experiment import Role
from chaoskit.result import SCHEMA, ChangeResult, Event, FaultResult, Result, Results, Verdict, worst
from chaoskit.slo import Interval
from tests.samples import (
    ACCOUNT,
    DETECTION,
    GUARDRAIL,
    NOW,
    REGION,
    RESPONSE,
    RUNBOOK,
    experiment,
    result,
    seen,
)


def test_a_result_begins_as_an_error_that_is_not_restored() -> None:
    fresh = Result(experiment(), ACCOUNT, REGION, "t")
    assert (fresh.verdict, fresh.restored, fresh.reason) == (
        Verdict.ERROR,
        False,
        "the run did not come to an end",
    )


def test_an_expectation_begins_as_unknown() -> None:
    assert seen(DETECTION, met=None).dump()["met"] is None


@pytest.mark.parametrize(
    ("verdict", "code"), [("PASSED", 0), ("FAILED", 1), ("ABORTED", 3), ("INCONCLUSIVE", 4), ("ERROR", 5)]
)
def test_each_verdict_has_its_documented_status(verdict: str, code: int) -> None:
    assert Verdict(verdict).exit_code == code


def test_no_verdict_stands_for_bad_files() -> None:
    assert ExitCode.SPEC not in {verdict.exit_code for verdict in Verdict}


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([Verdict.PASSED, Verdict.PASSED], ExitCode.PASSED),
        ([Verdict.PASSED, Verdict.FAILED], ExitCode.FAILED),
        ([Verdict.FAILED, Verdict.ABORTED], ExitCode.ABORTED),
        ([Verdict.ABORTED, Verdict.INCONCLUSIVE, Verdict.PASSED], ExitCode.INCONCLUSIVE),
        ([Verdict.ERROR, Verdict.INCONCLUSIVE], ExitCode.ERROR),
        ([], ExitCode.ERROR),
    ],
)
def test_a_set_ends_with_its_worst_verdict(verdicts: list[Verdict], code: ExitCode) -> None:
    assert worst(verdicts) is code


def test_a_set_in_which_nothing_ran_is_no_success() -> None:
    assert Results("r", "embedded", NOW).exit_code is ExitCode.ERROR


def test_the_document_holds_the_documented_schema() -> None:
    document = Results("r", "embedded", NOW, NOW + timedelta(seconds=3), [_full()]).dump()
    assert json.loads(json.dumps(document)) == {
        "schema": "chaoskit/results/v1",
        "run_id": "r",
        "target": "embedded",
        "started": "2026-03-01T12:00:00.000Z",
        "finished": "2026-03-01T12:00:03.000Z",
        "results": [_full().dump()],
        "disagreements": [],
        "evidence": document["evidence"],
    }
    assert evidence.problems(document) == []
    assert document["schema"] == SCHEMA


def test_a_result_holds_everything_that_happened() -> None:
    assert json.loads(json.dumps(_full().dump())) == {
        "experiment": "small",
        "title": "A small experiment",
        "layer": "identity",
        "owner": "tests",
        "hypothesis": "It is noticed.",
        "maps": {},
        "path": "experiments/identity/small.yaml",
        "account": "444455556666",
        "region": "us-east-1",
        "trace_id": "20260301T120000-abc123.1",
        "started": "2026-03-01T12:00:00.000Z",
        "finished": "2026-03-01T12:00:02.500Z",
        "verdict": "FAILED",
        "reason": "too late",
        "restored": True,
        "left_open": [],
        "faults": [
            {
                "fault": "iam.attach-role-policy",
                "changes": [
                    {
                        "service": "iam",
                        "operation": "AttachRolePolicy",
                        "outcome": "denied",
                        "denied_by": "scp",
                        "message": "no",
                        "request_id": "r-1",
                        "at": "2026-03-01T12:00:00.000Z",
                        "undone": True,
                        "predicted": None,
                    }
                ],
            }
        ],
        "expectations": [
            {
                "role": "detection",
                "probe": "eventbridge.matched",
                "parameters": {"rule": "chaoskit-permissive-policy", "bus": "default", "queue": None},
                "runbook": None,
                "met": False,
                "slo_s": 60.0,
                "latency_s": 1.234568,
                "latency_interval_s": [0.5, 1.25],
                "summary": "was seen",
                "evidence": {"event": "e-1"},
            }
        ],
        "timeline": [{"at": "2026-03-01T12:00:00.000Z", "event": "denied", "detail": "by scp"}],
    }


def test_what_was_not_measured_is_null() -> None:
    dumped = seen(GUARDRAIL, met=True).dump()
    assert (dumped["slo_s"], dumped["latency_s"], dumped["latency_interval_s"]) == (None, None, None)


def test_a_runbook_is_named() -> None:
    assert seen(RUNBOOK, met=True).dump()["runbook"] == "detach-permissive-policy"
    assert seen(RESPONSE, met=True).dump()["runbook"] is None


@pytest.mark.parametrize("role", list(Role))
def test_an_experiment_knows_which_roles_it_expects(role: Role) -> None:
    of_role = {Role.GUARDRAIL: GUARDRAIL, Role.DETECTION: DETECTION, Role.RESPONSE: RESPONSE}
    expecting = experiment(of_role[role])
    assert [r for r in Role if expecting.expects(r)] == [role]


def _full() -> Result:
    change = ChangeResult("iam", "AttachRolePolicy", "denied", "scp", "no", "r-1", NOW, undone=True)
    expectation = seen(DETECTION, met=False)
    expectation.latency_s = 1.23456789
    expectation.latency_interval = Interval(0.5, 1.25)
    expectation.evidence = {"event": "e-1"}
    return result(
        expectation,
        verdict=Verdict.FAILED,
        reason="too late",
        restored=True,
        faults=[FaultResult("iam.attach-role-policy", [change])],
        timeline=[Event(NOW, "denied", "by scp")],
    )


def test_a_notebook_shows_a_row_for_each_experiment_and_words_stay_words() -> None:
    one = result(seen(DETECTION, met=False), reason="<b>silent</b>", restored=False)
    told = Results("run", "embedded", NOW, NOW, [one])._repr_html_()
    assert "<td>small</td><td>ERROR</td>" in told
    assert "&lt;b&gt;silent&lt;/b&gt;" in told
    assert "<b>NO</b>" in told
