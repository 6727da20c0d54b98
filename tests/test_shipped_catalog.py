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
from chaoskit.report.catalog_page import page
from chaoskit.spec import load
from chaoskit.spec.runbooks import runbooks

if TYPE_CHECKING:
    from chaoskit.contract import Fault
    from chaoskit.experiment import Experiment

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


@pytest.mark.parametrize("runbook", RUNBOOKS)
def test_a_runbook_is_started_by_an_experiment(runbook: str) -> None:
    assert any(item.runbook == runbook for each in shipped() for item in each.expect)


def test_the_catalog_page_is_what_the_code_says_now() -> None:
    told = page(shipped(), runbooks(ROOT / "runbooks"))
    assert (ROOT / "docs" / "catalog.md").read_text("utf-8") == told, (
        "run `chaoskit catalog --markdown docs/catalog.md`"
    )
