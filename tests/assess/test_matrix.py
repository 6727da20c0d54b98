from __future__ import annotations

from chaoskit.assess.matrix import Cell, matrix
from tests.assess.documents import result


def cell(results: list[dict[str, object]], layer: str, role: str) -> Cell:
    return next(each for each in matrix(results) if (each.layer, each.role) == (layer, role))


def test_a_layer_without_expectations_of_a_role_is_a_gap() -> None:
    assert cell([result("one")], "network", "guardrail") == Cell("network", "guardrail", 0, 0)


def test_an_expectation_that_was_missed_counts_but_is_not_met() -> None:
    results = [result("one"), result("two", "FAILED", expectations=(("detection", False),))]
    assert cell(results, "identity", "detection") == Cell("identity", "detection", 1, 2)


def test_what_was_met_in_a_run_that_was_stopped_is_no_evidence() -> None:
    assert cell([result("one", "ABORTED")], "identity", "detection").met == 0


def test_a_failed_run_is_evidence_for_what_was_met_in_it() -> None:
    one = result("one", "FAILED", expectations=(("detection", True), ("response", False)))
    assert cell([one], "identity", "detection").met == 1
    assert cell([one], "identity", "response").met == 0
