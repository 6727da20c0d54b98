"""What is made of what experiments say without a control: outcomes, score, single points, exit status."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit import evidence
from chaoskit.aws import Call
from chaoskit.mutate import Baseline, Campaign, Control, Mutant, Outcome, Reasons, Trial
from chaoskit.mutate.notice import slipped_in
from chaoskit.mutate.reliance import reliance
from chaoskit.predict import Foresight
from chaoskit.predict.foresight import ForeseenChange, ForeseenFault
from chaoskit.probes.sqs_message import QueueMessage
from chaoskit.probes.ssm_runbook_succeeded import RunbookSucceeded
from chaoskit.result import ChangeResult, FaultResult, Foreseen, Prediction, Verdict
from tests.samples import DETECTION, GUARDRAIL, RUNBOOK, experiment, result, seen

if TYPE_CHECKING:
    from chaoskit.result import Result

AWAY = (Call("events", "PutRule", Name="a-rule"),)
DENIED, APPLIED = "denied", "applied"
ATTACH = Call("iam", "AttachRolePolicy", RoleName="training")


def control(kind: str = "event-rule", name: str = "a-rule", **fields: Any) -> Control:
    return Control(kind, name, AWAY, **fields)


def said(verdict: Verdict, id_: str = "small", **fields: Any) -> Result:
    return result(experiment=experiment(id=id_), verdict=verdict, reason="because", **fields)


def mutant(*verdicts: Verdict, **fields: Any) -> Mutant:
    return Mutant(control(), tuple(Trial.of(said(each)) for each in verdicts), **fields)


def made(outcome: str, denied_by: str | None = None, service: str = "iam") -> FaultResult:
    change = ChangeResult(service, "AttachRolePolicy", outcome, denied_by=denied_by, request_id="req-1")
    return FaultResult("iam.attach-role-policy", [change])


@pytest.mark.parametrize(
    ("verdicts", "outcome"),
    [
        ((Verdict.FAILED,), Outcome.KILLED),
        ((Verdict.PASSED, Verdict.FAILED), Outcome.KILLED),
        ((Verdict.PASSED, Verdict.PASSED), Outcome.SURVIVED),
        ((Verdict.PASSED, Verdict.INCONCLUSIVE), Outcome.NOTICED),
        ((Verdict.ABORTED,), Outcome.NOTICED),
        ((), Outcome.UNUSED),
    ],
)
def test_only_a_weakness_that_is_told_kills(verdicts: tuple[Verdict, ...], outcome: Outcome) -> None:
    assert mutant(*verdicts).outcome is outcome


def test_a_control_that_could_not_be_taken_away_is_a_survivor() -> None:
    kept = mutant(Verdict.FAILED, trouble="iam:DeleteRole failed")
    assert kept.outcome is Outcome.KEPT
    assert Campaign([], [kept]).survivors == [kept]


@pytest.mark.parametrize(
    ("verdict", "noticed_by", "single"),
    [
        (Verdict.FAILED, (), True),
        (Verdict.FAILED, ("another-rule",), False),
        (Verdict.FAILED, None, False),
        (Verdict.INCONCLUSIVE, (), False),
    ],
)
def test_a_single_point_of_failure_is_one_whose_loss_nobody_else_sees(
    verdict: Verdict, noticed_by: tuple[str, ...] | None, single: bool
) -> None:
    assert Mutant(control(), (Trial.of(said(verdict), noticed_by),)).single_point is single


@pytest.mark.parametrize(
    ("outcome", "met", "slipped"),
    [(APPLIED, False, True), (APPLIED, None, True), (APPLIED, True, False), (DENIED, False, False)],
)
def test_a_fault_slipped_in_if_it_was_let_through_and_nothing_expected_came_of_it(
    outcome: str, met: bool | None, slipped: bool
) -> None:
    found = result(seen(GUARDRAIL, met=False), seen(DETECTION, met=met), faults=[made(outcome)])
    assert slipped_in(found) is slipped


def test_all_killed_and_nothing_vacuous_is_a_pass() -> None:
    campaign = Campaign([Baseline.of(said(Verdict.PASSED))], [mutant(Verdict.FAILED)])
    assert (campaign.exit_code, campaign.survivors, campaign.vacuous) == (0, [], [])


@pytest.mark.parametrize("excuse", [None, "Because."])
def test_a_survivor_fails_unless_it_has_its_reason(excuse: str | None) -> None:
    campaign = Campaign(
        [Baseline.of(said(Verdict.PASSED))], [mutant(Verdict.FAILED), mutant(Verdict.PASSED, excuse=excuse)]
    )
    assert campaign.exit_code == (0 if excuse else 1)


def test_an_experiment_that_passes_whatever_is_taken_away_is_vacuous() -> None:
    baseline = [Baseline.of(said(Verdict.PASSED)), Baseline.of(said(Verdict.PASSED, "empty"))]
    campaign = Campaign(baseline, [mutant(Verdict.FAILED)])
    assert (campaign.vacuous, campaign.exit_code) == (["empty"], 1)
    excused = Campaign(baseline, [mutant(Verdict.FAILED)], Reasons(experiments={"empty": "Because."}))
    assert excused.exit_code == 0
    # Of a part of the controls nobody can tell.
    assert Campaign(baseline, [mutant(Verdict.FAILED)], whole=False).vacuous == []
    # Nor as long as some are left.
    assert Campaign(baseline, [mutant(Verdict.FAILED)], left=1).vacuous == []


def test_an_experiment_that_did_not_pass_to_begin_with_fails_the_campaign() -> None:
    campaign = Campaign([Baseline.of(said(Verdict.FAILED))], [mutant(Verdict.FAILED)])
    assert [each.verdict for each in campaign.unfit] == [Verdict.FAILED]
    assert campaign.exit_code == 1


def test_the_document_is_of_its_schema_and_an_edit_of_it_is_noticed(tmp_path: Path) -> None:
    single = Mutant(control(), (Trial.of(said(Verdict.FAILED), ()),))
    document = Campaign([Baseline.of(said(Verdict.PASSED))], [single, mutant(excuse="Because.")]).dump()
    (tmp_path / "mutation.json").write_text(json.dumps(document))
    kept = json.loads((tmp_path / "mutation.json").read_text())
    assert kept["schema"] == "chaoskit/mutation/v1"
    assert kept["score"] == {"killed": 1, "all": 2, "excused": 1, "single_points_of_failure": 1}
    assert [each["outcome"] for each in kept["controls"]] == ["killed", "unused"]
    assert kept["controls"][0]["experiments"][0]["unnoticed"] is True
    assert evidence.problems(kept) == []
    kept["controls"][1]["outcome"] = "killed"
    assert evidence.problems(kept) == ["item 2 (event-rule:a-rule) is not as it was written"]


def test_the_documents_shape_is_the_one_that_is_documented() -> None:
    told = (Path(__file__).parents[2] / "docs" / "mutation.md").read_text()
    single = Mutant(control(), (Trial.of(said(Verdict.FAILED), ()),))
    document = Campaign([Baseline.of(said(Verdict.PASSED))], [single]).dump()
    (one,) = document["controls"]
    names = {*document, *document["score"], *one, *one["experiments"][0], *document["baseline"][0]}
    assert [name for name in names if f'"{name}"' not in told] == []
    assert [each.value for each in Outcome if f"`{each.value}`" not in told] == []


def denied(by: str | None, prediction: Prediction | None = None, service: str = "iam") -> Any:
    """What an experiment relies on whose only call was denied."""
    found = result(seen(GUARDRAIL, met=True), faults=[made(DENIED, by, service)])
    foreseen = None
    if prediction:
        change = ForeseenChange(ATTACH, prediction)
        foreseen = Foresight(found.experiment, (ForeseenFault("iam.attach-role-policy", (change,)),))
    return reliance(found, foreseen)


SCP = {"kind": "scp", "layer": "scp"}


def test_a_denial_whose_statement_is_certain_relies_on_that_statement_alone() -> None:
    on = denied("scp", Prediction(Foreseen.STOPPED, "scp", "o-1/p-1", "Keep"))
    assert on.on(control(**SCP, words=frozenset({"p-1/Keep"})), [])
    assert not on.on(control(**SCP, words=frozenset({"p-1/Other"})), [])


@pytest.mark.parametrize("certain", [True, False])
def test_a_denial_whose_statement_is_unknown_relies_on_every_one_that_could_stop_it(certain: bool) -> None:
    # Certain is only that something stops it: AWS named another layer than the one that was foreseen.
    on = denied("scp", Prediction(Foreseen.STOPPED, "boundary", "b", "Keep", certain=certain))
    assert on.on(control(**SCP), [])
    assert on.on(control(**SCP, services=frozenset({"iam", "s3"})), [])
    assert not on.on(control(**SCP, services=frozenset({"ec2"})), [])
    assert not on.on(control("boundary", layer="boundary"), [])


@pytest.mark.parametrize("by", [None, "unknown"])
def test_a_denial_by_nobody_knows_whom_relies_on_all(by: str | None) -> None:
    layers = ("scp", "rcp", "boundary", "resource", "kms", "bpa", "endpoint")
    assert all(denied(by).on(control(layer=layer), []) for layer in layers)
    assert not denied(by).on(control(layer="trust"), [])


def test_what_stands_before_the_target_of_a_fault_is_relied_on_whoever_denied() -> None:
    on = denied("scp", Prediction(Foreseen.STOPPED, "scp", "o-1/p-1", "Keep"))
    assert on.on(control("boundary", layer="boundary", protects=frozenset({"training"})), [])
    assert not on.on(control("boundary", layer="boundary", protects=frozenset({"other"})), [])


def test_a_detection_relies_on_its_rule_and_on_what_tells_the_rule() -> None:
    found = result(seen(DETECTION, met=True), faults=[made(APPLIED)])
    rule = control(name="chaoskit-permissive-policy", words=frozenset({"chaoskit-permissive-policy"}))
    filter_ = control("metric-filter", "lines", feeds=frozenset({"an-alarm"}))
    alarm = control("alarm", words=frozenset({"an-alarm"}), feeds=frozenset({"chaoskit-permissive-policy"}))
    other = control(name="another", words=frozenset({"another"}))
    every = [rule, filter_, alarm, other]
    assert [reliance(found, None).on(each, every) for each in every] == [True, True, True, False]


def test_a_response_relies_on_its_runbook_and_one_without_a_name_on_every_responder() -> None:
    book = control("responder", words=frozenset({"detach-permissive-policy"}))
    other = control("responder", words=frozenset({"another"}))
    by = RunbookSucceeded(document="detach-permissive-policy")
    for repaired_by, relied in ((by, [True, False]), (None, [True, True])):
        expected = seen(replace(RUNBOOK, repaired_by=repaired_by), met=True)
        on = reliance(result(expected, faults=[made(APPLIED)]), None)
        assert [on.on(each, [book, other]) for each in (book, other)] == relied


def test_who_waits_at_a_queue_relies_on_the_function_that_writes_there_and_on_its_rule() -> None:
    queue = "https://sqs.us-east-1.amazonaws.com/444455556666/alerts"
    found = result(
        seen(replace(DETECTION, probe=QueueMessage(queue=queue)), met=True), faults=[made(APPLIED)]
    )
    writer = control("responder", "writer", words=frozenset({"writer"}), feeds=frozenset({queue}))
    rule = control(name="set-off", words=frozenset({"set-off"}), feeds=frozenset({"writer"}))
    # A rule's own message names the rule, so one that only shares the queue is not relied on.
    other = control(name="another", words=frozenset({"another"}), feeds=frozenset({queue}))
    silent = control("responder", "silent", words=frozenset({"silent"}), feeds=frozenset({"elsewhere"}))
    every = [writer, rule, other, silent]
    assert [reliance(found, None).on(each, every) for each in every] == [True, True, False, False]
