from __future__ import annotations

import json

from chaoskit.contract import FAULTS
from chaoskit.knowledge import catalog
from chaoskit.report.navigator import layer


def _techniques(**verdicts: list[str]) -> dict[str, dict[str, object]]:
    told = json.loads(layer(FAULTS, {name.replace("__", "."): each for name, each in verdicts.items()}))
    return {each["techniqueID"]: each for each in told["techniques"]}


def test_every_technique_of_the_faults_is_in_the_layer_under_its_newest_id() -> None:
    ids = {catalog("attack").find(each) for fault in FAULTS for each in fault.about.attack}
    assert set(_techniques()) == {entry.id for entry in ids if entry}


def test_a_technique_counts_and_names_its_faults() -> None:
    named = sorted(fault.about.name for fault in FAULTS if "T1537" in fault.about.attack)
    technique = _techniques()["T1537"]
    assert (technique["score"], technique["comment"]) == (len(named), ", ".join(named))


def test_a_technique_is_only_green_when_all_its_runs_passed() -> None:
    passed = _techniques(**{"organizations__leave-organization": ["PASSED"]})["T1666"]["color"]
    failed = _techniques(**{"organizations__leave-organization": ["PASSED", "FAILED"]})["T1666"]["color"]
    unclear = _techniques(**{"organizations__leave-organization": ["PASSED", "ERROR"]})["T1666"]["color"]
    untried = _techniques()["T1666"]["color"]
    assert len({passed, failed, unclear, untried}) == 4


def test_the_layer_states_the_version_of_its_ids() -> None:
    told = json.loads(layer(FAULTS))
    assert told["versions"]["attack"] == catalog("attack").version
    assert told["domain"] == "enterprise-attack"
