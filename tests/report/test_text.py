from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from chaoskit.report.text import STYLES, disagreements, line, story, summary
from chaoskit.result import ChangeResult, Event, FaultResult, Foreseen, Prediction, Results, Verdict
from chaoskit.slo import Interval
from tests.samples import DETECTION, GUARDRAIL, NOW, RUNBOOK, experiment, result, seen

if TYPE_CHECKING:
    from chaoskit.experiment import Expectation
    from chaoskit.result import ExpectationResult, Result


def timed(expectation: Expectation, met: bool | None, latency: float | None) -> ExpectationResult:
    found = seen(expectation, met)
    found.latency_s = latency
    return found


def shown(*found: Result, width: int = 120) -> str:
    out = io.StringIO()
    results = Results("20260301T120000-abc123", "embedded", NOW, NOW, list(found))
    Console(file=out, width=width).print(summary(results))
    return out.getvalue()


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (timed(DETECTION, True, 1.23456), "detection met in 1.235s of 1m"),
        (timed(DETECTION, False, 75), "detection missed in 1m15s of 1m"),
        (timed(DETECTION, False, None), "detection missed within 1m"),
        (timed(DETECTION, None, None), "detection unknown within 1m"),
        (timed(RUNBOOK, True, 0.05), "response met in 50ms of 5m"),
        (timed(GUARDRAIL, True, 0.2), "guardrail met"),
        (timed(GUARDRAIL, False, None), "guardrail missed"),
    ],
)
def test_an_expectation_is_told_with_its_latency_against_its_slo(found: ExpectationResult, text: str) -> None:
    assert line(found) == text


def test_the_summary_has_a_row_for_every_experiment() -> None:
    passed = result(timed(DETECTION, True, 0.5), verdict=Verdict.PASSED, reason="fine", restored=True)
    other = replace(experiment(), id="other")
    failed = result(
        seen(DETECTION, met=False),
        verdict=Verdict.FAILED,
        reason="the rule has not reported",
        restored=True,
        experiment=other,
    )
    text = shown(passed, failed)
    assert "Run 20260301T120000-abc123 on embedded" in text
    rows = {row.split()[1]: row for row in text.splitlines() if row.startswith("│")}
    assert rows["small"].split("│")[2:5] == [
        " PASSED  ",
        f" {'detection met in 500ms of 1m':<28} ",
        " yes      ",
    ]
    assert "the rule has not reported" in rows["other"]


def test_what_was_not_restored_is_loud() -> None:
    left = result(seen(DETECTION, met=True), verdict=Verdict.ERROR, reason="not put back", restored=False)
    row = next(row for row in shown(left).splitlines() if row.startswith("│"))
    assert row.split("│")[4].strip() == "NO"


def test_an_apis_words_are_not_read_as_markup() -> None:
    odd = result(verdict=Verdict.ERROR, reason="no [red]such[/red] thing [/]", restored=True)
    assert "no [red]such[/red] thing [/]" in shown(odd)


def test_every_verdict_has_a_style_and_only_a_pass_is_green() -> None:
    assert set(STYLES) == set(Verdict)
    assert [verdict for verdict, style in STYLES.items() if "green" in style] == [Verdict.PASSED]


def test_the_story_tells_hypothesis_expectations_evidence_and_timeline() -> None:
    detection = timed(DETECTION, False, 75.25)
    detection.summary = "reported, but late"
    detection.latency_interval = Interval(70, 75.5)
    detection.evidence = {"cloudtrail_event_id": "e-1", "tied_by": "user agent"}
    told = result(
        detection,
        verdict=Verdict.FAILED,
        reason="detection: too late",
        timeline=[Event(NOW + timedelta(microseconds=5), "applied", "iam:AttachRolePolicy")],
    )
    assert story(told).splitlines() == [
        "FAILED: detection: too late",
        "",
        "hypothesis: It is noticed.",
        "",
        "detection missed in 1m15.25s of 1m: eventbridge.matched: reported, but late",
        "  first seen 1m10s to 1m15.5s after the fault",
        "  cloudtrail_event_id: e-1",
        "  tied_by: user agent",
        "",
        "timeline:",
        "  12:00:00.000005 applied: iam:AttachRolePolicy",
    ]


def test_the_story_of_what_was_not_restored_ends_with_what_to_do_by_hand() -> None:
    left = result(seen(DETECTION, met=True), left_open=["aws iam detach-role-policy --cli-input-json '{}'"])
    assert story(left).splitlines()[-2:] == [
        "NOT RESTORED. By hand:",
        "  aws iam detach-role-policy --cli-input-json '{}'",
    ]


def test_the_story_of_what_was_restored_asks_for_nothing() -> None:
    assert "By hand" not in story(result(seen(DETECTION, met=True)))


def _with_change(outcome: str, predicted: Prediction | None) -> Result:
    change = ChangeResult("iam", "AttachRolePolicy", outcome, predicted=predicted)
    return result(faults=[FaultResult("iam.attach-role-policy", [change])])


def test_a_story_tells_what_was_predicted_beside_what_came_of_it() -> None:
    told = story(_with_change("applied", Prediction(Foreseen.NOT_STOPPED)))
    assert "predicted, and what came of it:\n  iam:AttachRolePolicy: not stopped; applied\n" in told
    assert "predicted" not in story(_with_change("applied", None))


def test_a_disagreement_is_a_line_of_its_own_for_the_experiment_and_call() -> None:
    wrong = _with_change("applied", Prediction(Foreseen.STOPPED, "scp", "guard", "No"))
    (told,) = disagreements(Results("r", "embedded", NOW, results=[wrong]))
    assert told == (
        "prediction and outcome disagree: small, iam:AttachRolePolicy: "
        "predicted stopped by scp guard, Sid No, but it went through"
    )
    assert "applied (they disagree)" in story(wrong)
