"""`chaoskit discover` on the reference workload: what it finds, and that what it proposes can be run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chaoskit.discover import as_mermaid, as_tree, inventory, paths, proposals
from chaoskit.predict import predictor
from chaoskit.spec import load

if TYPE_CHECKING:
    from pathlib import Path

    from chaoskit.aws import Aws
    from chaoskit.discover import Inventory, Proposal
    from tests.e2e.lab import Lab


@pytest.fixture(scope="module")
def aws(lab: Lab) -> Aws:
    return lab.target.open_read("discover", "discover", 0) or lab.target.open("discover", "discover", 0)


@pytest.fixture(scope="module")
def found(aws: Aws) -> Inventory:
    return inventory(aws)


@pytest.fixture(scope="module")
def proposed(lab: Lab, aws: Aws, found: Inventory) -> dict[str, Proposal]:
    return {each.id: each for each in proposals(aws, found, predictor(lab.target), 1)}


def test_the_inventory_has_what_the_workload_is_made_of(lab: Lab, found: Inventory) -> None:
    named = lab.target.variables
    assert found.unread == []
    assert named["workload.training_data_bucket"] in found.found["bucket"]
    assert named["workload.training_role"] in found.found["role"]
    assert named["workload.inference_function"] in found.found["function"]
    assert named["workload.trail"] in found.found["trail"]


def test_the_trust_chain_leads_from_who_may_begin_to_the_model(aws: Aws, lab: Lab, found: Inventory) -> None:
    allowed = paths(aws, found)
    lines = as_tree(found, allowed)
    endpoint = f"endpoint/{lab.target.variables['workload.endpoint']}"
    assert any(line.strip().startswith("sagemaker:InvokeEndpoint") and endpoint in line for line in lines)
    assert any(line.strip().startswith("runs as") for line in lines)
    chart = as_mermaid(found, allowed)
    assert chart.startswith("flowchart LR\n")
    assert chart.count("-->") >= len(allowed)


def test_what_the_policies_are_sure_to_stop_is_proposed_as_a_guardrail(proposed: dict[str, Proposal]) -> None:
    stopped = [each for each in proposed.values() if "guardrail: {call.denied: {by: scp," in each.text]
    assert stopped
    assert all(each.why.startswith("The account's policies stop ") for each in stopped)


def test_what_a_rule_names_is_proposed_as_its_detection(proposed: dict[str, Proposal]) -> None:
    assert any("eventbridge.matched: {rule: chaoskit-" in each.text for each in proposed.values())


def test_every_proposal_is_a_valid_experiment(proposed: dict[str, Proposal], tmp_path: Path) -> None:
    for each in proposed.values():
        file = tmp_path / each.path
        file.parent.mkdir(exist_ok=True)
        file.write_text(each.text)
    assert len(load([tmp_path])) == len(proposed) > 30


def test_a_proposal_passes_when_it_is_run(
    lab: Lab, proposed: dict[str, Proposal], tmp_path: Path, journal: Path
) -> None:
    stopped = next(each for each in proposed.values() if "guardrail: {call.denied: {by: scp" in each.text)
    file = tmp_path / stopped.path
    file.parent.mkdir()
    file.write_text(stopped.text)
    assert str(lab.run(file, journal).verdict) == "PASSED"
