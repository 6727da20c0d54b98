"""AWS Config rules and Access Analyzer as detectors: they see the fault, or the run does not pass."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.aws import Call
from chaoskit.contract import Attempt, Trace
from chaoskit.probes.access_analyzer_finding import AnalyzerFinding
from chaoskit.probes.config_rule_noncompliant import RuleNoncompliant
from chaoskit.result import Verdict
from tests.e2e.conftest import without_scp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.lab import Lab

READ, WRITE = "S3_BUCKET_PUBLIC_READ_PROHIBITED", "S3_BUCKET_PUBLIC_WRITE_PROHIBITED"
BUCKET = "config-and-analyzer-target"
BY_RULE = f"config.rule-noncompliant: {{rule: {READ}, resource: {BUCKET}}}"
BY_OTHER_RULE = f"config.rule-noncompliant: {{rule: {WRITE}, resource: {BUCKET}}}"
BY_ANALYZER = f"access-analyzer.finding: {{resource: {BUCKET}}}"
FILE = """\
id: probe
title: One of the tests' own
owner: tests
layer: data
hypothesis: An open bucket is reported.
blast_radius:
  accounts: ["${{sandbox.account}}"]
  regions: ["${{sandbox.region}}"]
  max_duration: 5m
  max_changes: 1
steady_state: [{steady}]
faults:
  - s3.public-bucket-policy: {{bucket: {bucket}}}
expect:
  - detection: {{{expect}}}
    within: 2s
"""


@pytest.fixture(scope="module")
def watched(lab: Lab) -> Lab:
    """The lab with a bucket of its own, a recorder, rules and an analyzer, and no responder to close it."""
    s3, config = lab.client("s3"), lab.client("config")
    s3.create_bucket(Bucket=BUCKET)
    s3.delete_public_access_block(Bucket=BUCKET)
    for rule in (READ, WRITE):
        source = {"Owner": "AWS", "SourceIdentifier": rule}
        config.put_config_rule(ConfigRule={"ConfigRuleName": rule, "Source": source})
    for rule in lab.client("events").list_rules()["Rules"]:
        if "bucket" in rule["Name"]:
            lab.client("events").disable_rule(Name=rule["Name"])
    assert lab.cloud.idle(10)
    return lab


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """Write an experiment that opens the bucket and expects this."""

    def write(expect: str, steady: str = "") -> Path:
        path = tmp_path / "probe.yaml"
        path.write_text(FILE.format(expect=expect, steady=steady, bucket=BUCKET))
        return path

    return write


@contextmanager
def opened(lab: Lab) -> Iterator[None]:
    """The bucket is open to everyone meanwhile."""
    policy = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",'
        f'"Resource":"arn:aws:s3:::{BUCKET}/*"}}}}'
    )
    lab.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=policy)
    assert lab.cloud.idle(10)
    try:
        yield
    finally:
        lab.client("s3").delete_bucket_policy(Bucket=BUCKET)
        assert lab.cloud.idle(10)


def test_a_config_rule_detects_the_fault_and_finds_the_bucket_compliant_again(
    watched: Lab, journal: Path, written: Any
) -> None:
    steady = f"config.compliant: {{rule: {READ}, resource: {BUCKET}}}"
    result = watched.run(written(BY_RULE, steady), journal)
    assert result.verdict is Verdict.PASSED, result.reason
    (seen,) = result.expectations
    assert seen.evidence["resource_id"] == BUCKET
    assert seen.evidence["resource_type"] == "AWS::S3::Bucket"
    assert result.restored


def test_access_analyzer_detects_the_fault_with_a_witness(watched: Lab, journal: Path, written: Any) -> None:
    result = watched.run(written(BY_ANALYZER), journal)
    assert result.verdict is Verdict.PASSED, result.reason
    (seen,) = result.expectations
    assert seen.evidence["principal"] == {"AWS": "*"}
    assert seen.evidence["actions"] == ["s3:GetObject"]
    assert seen.evidence["public"] is True


def test_a_rule_that_looks_for_something_else_misses_the_fault(
    watched: Lab, journal: Path, written: Any
) -> None:
    result = watched.run(written(BY_OTHER_RULE), journal)
    assert result.verdict is Verdict.FAILED
    assert result.restored


def test_a_recorder_that_is_off_proves_nothing(watched: Lab, journal: Path, written: Any) -> None:
    config = watched.client("config")
    with without_scp(watched, "chaoskit-protect-audit"):
        config.stop_configuration_recorder(ConfigurationRecorderName="default")
    try:
        result = watched.run(written(BY_RULE), journal)
    finally:
        config.start_configuration_recorder(ConfigurationRecorderName="default")
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "not recording" in result.reason


def test_a_rule_that_is_not_there_proves_nothing(watched: Lab, journal: Path, written: Any) -> None:
    result = watched.run(written(BY_RULE.replace(READ, "nobody")), journal)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "there is no AWS Config rule nobody" in result.reason


def test_without_an_analyzer_nothing_is_proved(watched: Lab, journal: Path, written: Any) -> None:
    api = watched.client("accessanalyzer")
    api.delete_analyzer(analyzerName="chaoskit-external-access")
    try:
        result = watched.run(written(BY_ANALYZER), journal)
    finally:
        api.create_analyzer(analyzerName="chaoskit-external-access", type="ACCOUNT")
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "no analyzer is active" in result.reason


def test_a_finding_that_is_archived_at_once_is_a_miss(watched: Lab, journal: Path, written: Any) -> None:
    api = watched.client("accessanalyzer")
    api.delete_analyzer(analyzerName="chaoskit-external-access")
    rule = {"ruleName": "all", "filter": {"resource": {"contains": [BUCKET]}}}
    api.create_analyzer(analyzerName="chaoskit-external-access", type="ACCOUNT", archiveRules=[rule])
    try:
        result = watched.run(written(BY_ANALYZER), journal)
    finally:
        api.delete_analyzer(analyzerName="chaoskit-external-access")
        api.create_analyzer(analyzerName="chaoskit-external-access", type="ACCOUNT")
    assert result.verdict is Verdict.FAILED


@pytest.mark.parametrize("expect", [BY_RULE, BY_ANALYZER])
def test_what_was_open_before_the_fault_proves_nothing(
    watched: Lab, journal: Path, written: Any, expect: str
) -> None:
    with opened(watched):
        result = watched.run(written(expect), journal)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "before the fault" in result.reason


@pytest.mark.parametrize("later", [timedelta(seconds=30), timedelta(seconds=-30)])
def test_evidence_older_than_the_fault_or_of_another_resource_does_not_count(
    watched: Lab, later: timedelta
) -> None:
    with opened(watched):
        aws = watched.target.open("probe", "probe", 0)
        at = watched.cloud.now() + later
        for bucket in (BUCKET, "another"):
            attempt = Attempt("f", Call("s3", "PutBucketPolicy", Bucket=bucket, Policy="{}"), at, "applied")
            trace = Trace("t", at, (attempt,))
            counts = bucket == BUCKET and later < timedelta(0)
            assert RuleNoncompliant(rule=READ, resource=BUCKET).look(aws, trace).holds is counts
            assert AnalyzerFinding(resource=BUCKET).look(aws, trace).holds is counts
