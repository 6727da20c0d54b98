"""The chain of evidence: what an edit of a kept document looks like."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chaoskit.evidence import problems, read, sealed

DOCUMENT = {
    "schema": "chaoskit/results/v1",
    "run_id": "r",
    "results": [
        {"experiment": name, "verdict": "FAILED", "latency_s": 0.1} for name in ("one", "two", "three")
    ],
    "disagreements": [],
}


def _kept() -> dict[str, Any]:
    """As it comes back from a file."""
    made: dict[str, Any] = json.loads(json.dumps(sealed(DOCUMENT), indent=2))
    return made


def test_a_document_as_it_was_written_shows_no_edit() -> None:
    assert problems(_kept()) == []
    assert problems(json.loads(json.dumps(_kept(), sort_keys=True))) == []


def test_an_edited_result_is_named() -> None:
    kept = _kept()
    kept["results"][1]["verdict"] = "PASSED"
    assert problems(kept) == ["item 2 (two) is not as it was written"]


def test_a_result_that_was_left_out_is_noticed() -> None:
    kept = _kept()
    del kept["results"][0]
    assert problems(kept) == ["it was written with 3 items and has 2"]
    del kept["evidence"]["links"][0]
    assert problems(kept) == ["item 1 (two) is not as it was written"]


def test_results_in_another_order_are_noticed() -> None:
    kept = _kept()
    kept["results"].reverse()
    assert len(problems(kept)) == 2


def test_an_edit_beside_the_results_is_noticed() -> None:
    kept = _kept() | {"run_id": "another"}
    assert problems(kept) == ["what stands beside the items is not as it was written"]


@pytest.mark.parametrize("chain", [None, "text", {}, {"links": "text"}])
def test_a_document_without_a_chain_is_not_taken_for_genuine(chain: Any) -> None:
    (trouble,) = problems(_kept() | {"evidence": chain})
    assert "no chain" in trouble


def test_the_chain_is_read_from_an_html_report_too() -> None:
    body = json.dumps(_kept()).replace("<", "\\u003c")
    page = f'<!doctype html>\n<script type="application/json">{body}</script><script>1</script>'
    assert problems(read(page)) == []


def test_what_is_said_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        read('{"run_id": "a", "run_id": "b"}')
