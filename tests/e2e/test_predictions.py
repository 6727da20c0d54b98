"""Predictions of the shipped experiments, against what comes of them on the embedded sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chaoskit import spec
from chaoskit.predict import compare, foresee, predictor
from chaoskit.result import Foreseen
from tests.e2e.lab import CORE, SHIPPED

if TYPE_CHECKING:
    from pathlib import Path

    from chaoskit.predict import Foresight
    from tests.e2e.lab import Lab

IDS = [path.stem for path in CORE]
ROLES = "chaoskit-protect-production-roles"
DATA = "chaoskit-protect-production-data"
NETWORK = "chaoskit-invoke-from-inside"


def foreseen(lab: Lab, experiment: str) -> Foresight:
    (loaded,) = spec.load([next(SHIPPED.rglob(f"{experiment}.yaml"))], lab.target.variables)
    return foresee(loaded, predictor(lab.target))


def said(foresight: Foresight) -> list[str]:
    return [str(each.prediction) for fault in foresight.faults for each in fault.changes]


@pytest.mark.parametrize("experiment", IDS)
def test_the_prediction_of_a_shipped_experiment_is_what_comes_of_it(
    lab: Lab, journal: Path, experiment: str
) -> None:
    foresight = foreseen(lab, experiment)
    result = lab.run(experiment, journal)
    compare(result, foresight)
    changes = [change for fault in result.faults for change in fault.changes]
    assert changes
    for change in changes:
        assert change.predicted is not None
        expected = {"applied": Foreseen.NOT_STOPPED, "denied": Foreseen.STOPPED}[change.outcome]
        assert change.predicted.effect is expected
        assert change.predicted.layer == change.denied_by
    assert result.disagreements() == []
    assert foresight.unguarded is None


def test_the_endpoint_that_a_call_comes_through_is_predicted_to_stop_it(lab: Lab) -> None:
    foresight = foreseen(lab, "exfiltration-through-endpoint")
    (prediction,) = [each.prediction for fault in foresight.faults for each in fault.changes]
    assert (prediction.effect, prediction.layer) == (Foreseen.STOPPED, "endpoint")
    assert prediction.policy == lab.target.variables["workload.production_s3_endpoint"]
    assert foresight.unguarded is None


@pytest.mark.parametrize(
    ("experiment", "scp", "sids"),
    [
        ("permissive-policy-on-production-role", ROLES, ["KeepProductionRolesAsDeployed"]),
        (
            "public-access-to-production-data",
            DATA,
            ["DenyAclsOnProductionData", "KeepProductionBucketsAsDeployed"],
        ),
        ("leaked-key-on-production-endpoint", NETWORK, [None, "DenyInvocationFromUnexpectedNetworks"]),
    ],
)
def test_a_guardrail_is_named_with_its_policy_and_statement(
    lab: Lab, experiment: str, scp: str, sids: list[str | None]
) -> None:
    expected = [f"stopped by scp {scp}, Sid {sid}" if sid else "not stopped" for sid in sids]
    assert said(foreseen(lab, experiment)) == expected


@pytest.mark.parametrize(
    ("experiment", "scp", "instead"),
    [
        ("permissive-policy-on-production-role", ROLES, ["not stopped"]),
        (
            "public-access-to-production-data",
            DATA,
            ["stopped by ownership BucketOwnerEnforced", "stopped by bpa BlockPublicPolicy"],
        ),
        ("leaked-key-on-production-endpoint", NETWORK, ["not stopped", "not stopped"]),
    ],
)
def test_without_the_policy_the_prediction_is_another_and_still_what_comes_of_it(
    lab: Lab, journal: Path, without: Any, experiment: str, scp: str, instead: list[str]
) -> None:
    with without("scp", scp):
        foresight = foreseen(lab, experiment)
        result = lab.run(experiment, journal)
    assert said(foresight) == instead
    assert foresight.unguarded is not None
    compare(result, foresight)
    assert result.disagreements() == []


def test_a_policy_that_goes_after_the_prediction_is_a_disagreement(
    lab: Lab, journal: Path, without: Any
) -> None:
    foresight = foreseen(lab, "permissive-policy-on-production-role")
    with without("scp", ROLES):
        result = lab.run("permissive-policy-on-production-role", journal)
    compare(result, foresight)
    (found,) = result.disagreements()
    assert found["call"] == "iam:AttachRolePolicy"
    assert found["finding"] == f"predicted {said(foresight)[0]}, but it went through"


def test_predicting_changes_nothing_and_is_not_seen_as_a_fault(lab: Lab) -> None:
    lab.cloud.clock.advance(5)  # records count in seconds
    made = lab.cloud.now()
    for experiment in IDS:
        foreseen(lab, experiment)
    events = (
        lab.client("cloudtrail")
        .get_paginator("lookup_events")
        .paginate(
            StartTime=made,
            LookupAttributes=[{"AttributeKey": "ReadOnly", "AttributeValue": "false"}],
        )
    )
    assert [event["EventName"] for page in events for event in page["Events"]] == []
