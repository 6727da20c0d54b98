"""What models are asked, and what runs them: experiments pass, and don't without their control."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.result import Verdict
from tests.e2e.conftest import without_scp
from tests.e2e.lab import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.lab import Lab

GUARDED, ROLES, AUDIT = (
    "chaoskit-keep-models-guarded",
    "chaoskit-protect-production-roles",
    "chaoskit-protect-audit",
)
# Without its SCP a fault goes through and fails the experiment. Of those that never let it through, it fails
# where the SCP's denial is to be reported, and else nothing can be told.
PREVENTED = [
    ("cost-harvesting-on-unapproved-model", GUARDED, Verdict.FAILED),
    ("function-outside-vpc-in-production", "chaoskit-keep-ml-safe", Verdict.FAILED),
    ("invocation-logging-disabled", GUARDED, Verdict.FAILED),
    ("model-extraction-from-production", "chaoskit-invoke-from-inside", Verdict.FAILED),
    ("notebook-url-of-production-operator", ROLES, Verdict.FAILED),
    ("production-data-capture-stopped", GUARDED, Verdict.FAILED),
    ("production-guardrail-deleted", GUARDED, Verdict.FAILED),
    ("production-guardrail-weakened", GUARDED, Verdict.FAILED),
    ("production-notebook-script-swapped", GUARDED, Verdict.FAILED),
    ("production-role-to-training", ROLES, Verdict.FAILED),
    ("production-shadow-variant", GUARDED, Verdict.FAILED),
    ("production-without-guardrail", GUARDED, Verdict.FAILED),
    ("main-log-bucket-closed", AUDIT, Verdict.FAILED),
    ("main-log-bucket-deleted", AUDIT, Verdict.INCONCLUSIVE),
    ("rewrite-guardrail", ROLES, Verdict.FAILED),
    ("root-session", ROLES, Verdict.INCONCLUSIVE),
]
REPAIRED = [
    ("data-capture-stopped", "chaoskit-endpoint-changed", "restore-endpoint-config"),
    ("function-outside-vpc-in-research", "chaoskit-function-changed", "restore-function"),
    ("guardrail-weakened", "chaoskit-guardrail-changed", "restore-guardrail"),
    ("invocation-logging-muted", "chaoskit-invocation-logging-changed", "restore-invocation-logging"),
    ("notebook-script-swapped", "chaoskit-notebook-script-changed", "restore-notebook-script"),
    ("notebook-url", "chaoskit-notebook-url", "disable-leaked-key"),
    ("research-log-bucket-closed", "chaoskit-audit-log-bucket-closed", "restore-log-bucket-policy"),
    ("research-role-to-training", "chaoskit-training-started", "stop-training-job"),
    ("shadow-variant", "chaoskit-endpoint-changed", "restore-endpoint-config"),
]
COUNTED = ["cost-harvesting", "model-extraction"]
PROMPTS = ["prompt-injection-in-production", "prompt-injection-in-research"]
PASSING = [*(name for name, *_ in REPAIRED), *COUNTED, *PROMPTS, "root-session", "unusual-callers"]


@pytest.mark.parametrize("experiment", PASSING)
def test_an_experiment_passes_and_leaves_the_runtime_as_it_was(
    lab: Lab, journal: Path, experiment: str
) -> None:
    before = _picture(lab)
    result = lab.run(experiment, journal)
    assert result.verdict is Verdict.PASSED, result.reason
    assert result.restored
    assert _picture(lab) == before


@pytest.mark.parametrize(("experiment", "scp", "verdict"), PREVENTED)
def test_without_the_scp_an_experiment_does_not_pass_and_the_fault_is_undone(
    lab: Lab, journal: Path, without: Any, experiment: str, scp: str, verdict: Verdict
) -> None:
    before = _picture(lab)
    with without("scp", scp):
        result = lab.run(experiment, journal)
    assert result.verdict is verdict, result.reason
    assert result.restored
    assert _picture(lab) == before


@pytest.mark.parametrize(("experiment", "rule"), [(name, rule) for name, rule, _ in REPAIRED])
def test_without_its_rule_an_experiment_proves_nothing(
    lab: Lab, journal: Path, without: Any, experiment: str, rule: str
) -> None:
    with without("rule", rule):
        result = lab.run(experiment, journal)
    assert result.verdict is Verdict.INCONCLUSIVE, result.reason


@pytest.mark.parametrize(("experiment", "runbook"), [(name, runbook) for name, _, runbook in REPAIRED])
def test_without_its_runbook_an_experiment_fails_and_the_fault_is_undone(
    lab: Lab, journal: Path, without: Any, tmp_path: Path, experiment: str, runbook: str
) -> None:
    before = _picture(lab)
    with without("runbook", runbook):
        result = lab.run(_impatient(experiment, tmp_path), journal)
    assert result.verdict is Verdict.FAILED, result.reason
    assert result.restored
    assert _picture(lab) == before


@pytest.mark.parametrize("experiment", COUNTED)
def test_without_its_alarms_rule_the_key_of_a_burst_stays_and_the_experiment_fails(
    lab: Lab, journal: Path, without: Any, tmp_path: Path, experiment: str
) -> None:
    lab.cloud.clock.advance(120)  # the alarm that the run before raised is over
    assert lab.cloud.idle(10)
    with without("rule", f"chaoskit-{experiment}"):
        result = lab.run(_impatient(experiment, tmp_path), journal)
    assert result.verdict is Verdict.FAILED, result.reason
    assert result.restored
    assert "disable-busy-keys" in result.reason


@pytest.mark.parametrize("experiment", COUNTED)
def test_without_its_metric_filter_a_burst_proves_nothing(lab: Lab, journal: Path, experiment: str) -> None:
    with _without_filter(lab, f"chaoskit-{experiment}"):
        result = lab.run(experiment, journal)
    assert result.verdict is Verdict.INCONCLUSIVE, result.reason


def test_callers_are_not_counted_where_the_trail_does_not_log(
    lab: Lab, journal: Path, without: Any, tmp_path: Path
) -> None:
    with without("trail", "chaoskit-trail"):
        result = lab.run(_impatient("unusual-callers", tmp_path), journal)
    assert result.verdict is Verdict.FAILED, result.reason


def test_a_guardrail_that_filters_nothing_lets_prompt_injections_through(lab: Lab, journal: Path) -> None:
    with _weak_guardrail(lab):
        result = lab.run("prompt-injection-in-research", journal)
    assert result.verdict is Verdict.FAILED, result.reason
    assert "0 of 5 prompts were blocked" in result.reason


def test_a_version_of_productions_guardrail_that_filters_nothing_lets_them_through(
    lab: Lab, journal: Path, tmp_path: Path
) -> None:
    (shipped,) = SHIPPED.rglob("prompt-injection-in-production.yaml")
    with _weak_guardrail(lab, "production_") as weak:
        path = tmp_path / shipped.name
        version = "${workload.production_guardrail_version}"
        assert version in shipped.read_text()
        path.write_text(shipped.read_text().replace(version, weak["version"]))
        result = lab.run(path, journal)
    assert result.verdict is Verdict.FAILED, result.reason
    assert "0 of 5 prompts were blocked" in result.reason


def test_every_experiment_here_has_a_control_that_is_taken_away() -> None:
    here = {name for name, *_ in (*PREVENTED, *REPAIRED)} | {*COUNTED, *PROMPTS, "unusual-callers"}
    assert {*PASSING} <= here
    assert all(list(SHIPPED.rglob(f"{name}.yaml")) for name in here)


def _impatient(experiment: str, folder: Path) -> Path:
    """The same experiment with shorter SLOs: what is not coming is not waited for."""
    (shipped,) = SHIPPED.rglob(f"{experiment}.yaml")
    path = folder / shipped.name
    text = shipped.read_text()
    for slo in ("30m", "15m", "10m", "5m"):
        text = text.replace(f"within: {slo}", "within: 5s")
    path.write_text(text)
    return path


@contextmanager
def _without_filter(lab: Lab, name: str) -> Iterator[None]:
    logs, group = lab.client("logs"), lab.target.variables["workload.trail_log_group"]
    (found,) = logs.describe_metric_filters(logGroupName=group, filterNamePrefix=name)["metricFilters"]
    logs.delete_metric_filter(logGroupName=group, filterName=name)
    try:
        yield
    finally:
        kept = ("logGroupName", "filterName", "filterPattern", "metricTransformations")
        logs.put_metric_filter(**{each: found[each] for each in kept})


@contextmanager
def _weak_guardrail(lab: Lab, tier: str = "") -> Iterator[dict[str, str]]:
    """A tier's guardrail filters nothing for a block, as its draft and as a version; where that is."""
    bedrock, events = lab.client("bedrock"), lab.client("events")
    which = {"guardrailIdentifier": lab.target.variables[f"workload.{tier}guardrail"]}
    found = bedrock.get_guardrail(**which)
    same = {
        name: found[name]
        for name in ("name", "description", "blockedInputMessaging", "blockedOutputsMessaging")
    }
    filters = found["contentPolicy"]["filters"]
    off = [{**one, "inputStrength": "NONE", "outputStrength": "NONE"} for one in filters]
    with without_scp(lab, GUARDED):
        events.disable_rule(Name="chaoskit-guardrail-changed")
        bedrock.update_guardrail(**which, **same, contentPolicyConfig={"filtersConfig": off})
        made = bedrock.create_guardrail_version(**which)["version"]
    try:
        yield {**which, "version": made}
    finally:
        pii = {"piiEntitiesConfig": found["sensitiveInformationPolicy"]["piiEntities"]}
        with without_scp(lab, GUARDED):
            bedrock.delete_guardrail(**which, guardrailVersion=made)
            bedrock.update_guardrail(
                **which,
                **same,
                contentPolicyConfig={"filtersConfig": filters},
                sensitiveInformationPolicyConfig=pii,
            )
            assert lab.cloud.idle(10)
            events.enable_rule(Name="chaoskit-guardrail-changed")


def _picture(lab: Lab) -> dict[str, Any]:
    """Everything that the faults touch, as the account shows it."""
    names, sagemaker, bedrock = lab.target.variables, lab.client("sagemaker"), lab.client("bedrock")
    iam, s3, functions = lab.client("iam"), lab.client("s3"), lab.client("lambda")
    users = [names[f"workload.{user}"] for user in ("ml_engineer", "operator", "research_ci")]
    tiers = ("", "production_")
    buckets = ("research_trail_bucket", "trail_bucket")
    return {
        "endpoints": {
            e["EndpointName"]: _serves(sagemaker, e["EndpointName"])
            for e in sagemaker.list_endpoints()["Endpoints"]
        },
        "configs": sorted(
            c["EndpointConfigName"] for c in sagemaker.list_endpoint_configs()["EndpointConfigs"]
        ),
        "scripts": [
            sagemaker.describe_notebook_instance_lifecycle_config(
                NotebookInstanceLifecycleConfigName=names[f"workload.{tier}_notebook_start"]
            )["OnStart"]
            for tier in ("research", "production")
        ],
        "jobs": sagemaker.list_training_jobs(StatusEquals="InProgress")["TrainingJobSummaries"],
        "guardrails": [
            {
                policy: value
                for policy, value in bedrock.get_guardrail(
                    guardrailIdentifier=names[f"workload.{tier}guardrail"]
                ).items()
                if policy.endswith("Policy") or policy in ("name", "description")
            }
            for tier in tiers
        ],
        "logging": bedrock.get_model_invocation_logging_configuration()["loggingConfig"],
        "keys": [iam.list_access_keys(UserName=user)["AccessKeyMetadata"] for user in users],
        "log buckets": [s3.get_bucket_policy(Bucket=names[f"workload.{b}"])["Policy"] for b in buckets],
        "stands": [
            functions.get_function_configuration(FunctionName=names[f"workload.{tier}predict_function"])[
                "VpcConfig"
            ]
            for tier in tiers
        ],
    }


def _serves(sagemaker: Any, endpoint: str) -> str:
    name: str = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    return name
