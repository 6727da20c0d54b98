from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chaoskit.policy import evaluate

BATTERY = Path(__file__).parents[3] / "shared" / "oracles" / "iam-battery.json"


def cases() -> list[Any]:
    if not BATTERY.exists():
        reason = "../shared/oracles/iam-battery.json is not here"
        return [pytest.param({}, marks=pytest.mark.skip(reason=reason))]
    return [
        pytest.param(case, id=f"{case['id']}-{case['title']}")
        for case in json.loads(BATTERY.read_text())["cases"]
    ]


@pytest.mark.parametrize("case", cases())
def test_the_decision_is_the_one_that_the_aws_guide_documents(case: dict[str, Any]) -> None:
    decision = evaluate(case["request"], case)
    assert (decision.effect, decision.kind) == (case["expected"].lower(), case["kind"]), decision.trace
