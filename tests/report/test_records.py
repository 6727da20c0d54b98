"""Security Hub findings, OCSF events and Prometheus samples."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import botocore.session
import pytest
from botocore.validate import ParamValidator

from chaoskit.knowledge import catalog
from chaoskit.report.asff import findings
from chaoskit.report.formats import FORMATS
from chaoskit.report.ocsf import as_ocsf
from chaoskit.report.prometheus import as_prometheus
from chaoskit.result import Verdict
from tests.report.documents import document

if TYPE_CHECKING:
    from chaoskit.report.formats import Format


@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.name)
def test_every_kind_of_file_can_be_written_for_every_verdict(kind: Format) -> None:
    assert kind.make(document(*Verdict)).endswith("\n")
    assert isinstance(kind.make(document()), str)


def test_the_json_is_the_document_itself() -> None:
    found = document(Verdict.PASSED)
    assert json.loads(FORMATS[0].make(found)) == found


def test_findings_are_what_security_hub_takes() -> None:
    model = botocore.session.get_session().get_service_model("securityhub")
    shape = model.operation_model("BatchImportFindings").input_shape
    report = ParamValidator().validate({"Findings": findings(document(*Verdict))}, shape)
    assert report.generate_report() == ""


@pytest.mark.parametrize(
    ("verdict", "status", "workflow"),
    [
        (Verdict.PASSED, "PASSED", {"Status": "RESOLVED"}),
        (Verdict.FAILED, "FAILED", None),
        (Verdict.INCONCLUSIVE, "WARNING", None),
    ],
)
def test_only_what_passed_is_resolved(verdict: Verdict, status: str, workflow: dict[str, str] | None) -> None:
    (finding,) = findings(document(verdict))
    assert finding["Compliance"]["Status"] == status
    assert finding.get("Workflow") == workflow


def test_what_analysts_may_set_themselves_is_given_beside_it() -> None:
    (finding,) = findings(document(Verdict.FAILED))
    assert finding["FindingProviderFields"]["Severity"] == {"Label": "HIGH"}
    assert not {"Severity", "Types", "Note", "VerificationState", "UserDefinedFields"} & set(finding)


def test_the_next_run_updates_the_finding_of_the_same_experiment() -> None:
    (before,), (after,) = findings(document(Verdict.PASSED)), findings(document(Verdict.FAILED))
    assert before["Id"] == after["Id"]


def test_an_ocsf_event_is_a_compliance_finding_with_its_technique() -> None:
    (line,) = as_ocsf(document(Verdict.FAILED)).splitlines()
    event = json.loads(line)
    assert (event["class_uid"], event["type_uid"], event["category_uid"]) == (2003, 200301, 2)
    assert (event["compliance"]["status_id"], event["severity"]) == (3, "High")
    assert event["finding_info"]["attacks"][0]["technique"]["uid"] == "T1098.003"
    assert event["compliance"]["standards"] == ["ISO27001-2022", "SOC2"]


@pytest.mark.parametrize(
    ("maps", "standards"),
    [
        ({"attack": ["T1098.003"], "owasp_ml": ["ML05"]}, ["MITRE ATT&CK", catalog("owasp_ml").name]),
        ({}, ["chaoskit hypothesis"]),
    ],
)
def test_an_ocsf_event_always_names_what_it_was_held_against(
    maps: dict[str, list[str]], standards: list[str]
) -> None:
    found = document(Verdict.PASSED)
    found["results"][0]["maps"] = maps
    assert json.loads(as_ocsf(found))["compliance"]["standards"] == standards


def test_a_prometheus_sample_says_which_expectation_it_is_of() -> None:
    lines = as_prometheus(document(Verdict.FAILED)).splitlines()
    met = [line for line in lines if line.startswith("chaoskit_expectation_met{")]
    assert [line.rsplit(" ", 1)[1] for line in met] == ["1.0", "0.0"]
    assert any('role="detection"' in line and line.endswith(" 0.25") for line in lines)
    assert lines.count("# TYPE chaoskit_expectation_met gauge") == 1


def test_a_repeated_experiment_has_each_sample_once() -> None:
    twice = document(Verdict.FAILED)
    twice["results"] = [*document(Verdict.PASSED)["results"], *twice["results"]]
    samples = [each.rpartition(" ") for each in as_prometheus(twice).splitlines() if each[0] != "#"]
    assert len({name for name, _, _ in samples}) == len(samples)
    assert [value for name, _, value in samples if name.startswith("chaoskit_experiment_passed")] == ["0.0"]


def test_what_was_refused_before_it_began_has_the_time_of_its_run() -> None:
    refused = document(Verdict.ABORTED)
    refused["results"][0].update(started=None, finished=None)
    (finding,), event = findings(refused), json.loads(as_ocsf(refused))
    assert finding["CreatedAt"] == finding["UpdatedAt"] == refused["started"]
    assert event["time"] == event["start_time"] > 0
