"""Every fault and runbook there is, held against the experiments that chaoskit ships."""

from __future__ import annotations

import functools
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chaoskit.contract import FAULTS
from chaoskit.experiment import Role
from chaoskit.knowledge import KINDS, catalog
from chaoskit.report.catalog_page import page, undetected
from chaoskit.spec import load
from chaoskit.spec.runbooks import runbooks

if TYPE_CHECKING:
    from chaoskit.contract import Fault
    from chaoskit.experiment import Experiment
    from chaoskit.knowledge import Kind

ROOT = Path(__file__).parents[1]
RUNBOOKS = sorted(path.stem for path in (ROOT / "runbooks").glob("*.yaml"))


@functools.cache
def shipped() -> tuple[Experiment, ...]:
    return tuple(load([ROOT / "experiments"]))


@pytest.mark.parametrize("fault", list(FAULTS), ids=lambda fault: fault.about.name)
def test_a_fault_is_used_by_an_experiment_that_can_prove_something(fault: type[Fault]) -> None:
    own = [each for each in shipped() if any(isinstance(made, fault) for made in each.faults)]
    assert any(each.expects(Role.GUARDRAIL) or each.expects(Role.DETECTION) for each in own)


@pytest.mark.parametrize("fault", list(FAULTS), ids=lambda fault: fault.about.name)
def test_a_fault_documents_what_detects_it(fault: type[Fault]) -> None:
    assert re.search(r"^Detected by: \S", inspect.getdoc(fault) or "", re.MULTILINE)


@pytest.mark.parametrize("fault", list(FAULTS), ids=lambda fault: fault.about.name)
def test_an_experiment_expects_a_faults_detection_or_the_fault_says_why_none_does(fault: type[Fault]) -> None:
    own = [each for each in shipped() if any(isinstance(made, fault) for made in each.faults)]
    assert any(each.expects(Role.DETECTION) for each in own) is not bool(undetected(fault))


# The standards whose controls the experiments are to be evidence of; of some, the very control.
STANDARDS = (
    "CCPA-1798.",
    "GDPR-Art.32",
    "ISO27001-2022-",
    "ISO27001-A.9.",
    "NIST-800-53-",
    "NIST-CSF-DE.AE",
    "PCI-DSS-10.",
    "SOC2-CC6.1",
    "SOC2-CC7.",
    "SOX-404",
)


@pytest.mark.parametrize("kind", KINDS)
def test_experiments_are_mapped_to_ids_of_the_newest_version(kind: Kind) -> None:
    current = set(catalog(kind).entries)
    assert [each.id for each in shipped() if not current.issuperset(each.maps.get(kind, ()))] == []


@pytest.mark.parametrize("standard", STANDARDS)
def test_a_standard_has_experiments_that_prevent_and_others_that_detect(standard: str) -> None:
    own = [
        each for each in shipped() if any(control.startswith(standard) for control in each.maps["compliance"])
    ]
    assert any(each.expects(Role.GUARDRAIL) for each in own)
    assert any(each.expects(Role.DETECTION) for each in own)


def test_an_experiment_is_mapped_to_a_technique_of_each_of_its_faults() -> None:
    for each in shipped():
        for used in each.faults:
            assert set(each.maps["attack"]) & set(used.about.attack), f"{each.id}: {used.about.name}"


def test_every_risk_of_owasps_list_has_a_fault() -> None:
    assert {risk for fault in FAULTS for risk in fault.about.owasp_ml} == set(catalog("owasp_ml").entries)


def test_what_is_detected_or_repaired_is_evidence_of_the_controls_for_it() -> None:
    for each in shipped():
        controls = set(each.maps["compliance"])
        if each.expects(Role.DETECTION):
            assert controls >= {"NIST-CSF-DE.AE", "NIST-800-53-SI-4", "ISO27001-2022-8.16"}, each.id
        if each.expects(Role.RESPONSE):
            assert controls >= {"SOC2-CC7.4", "NIST-800-53-IR-4", "ISO27001-2022-5.26"}, each.id


@pytest.mark.parametrize("runbook", RUNBOOKS)
def test_a_runbook_is_started_by_an_experiment(runbook: str) -> None:
    assert any(item.runbook == runbook for each in shipped() for item in each.expect)


def test_the_catalog_page_is_what_the_code_says_now() -> None:
    told = page(shipped(), runbooks(ROOT / "runbooks"))
    assert (ROOT / "docs" / "catalog.md").read_text("utf-8") == told, (
        "run `chaoskit catalog --markdown docs/catalog.md`"
    )
