"""Results as JSON, as small as an assessment needs them."""

from __future__ import annotations

from typing import Any


def result(
    experiment: str,
    verdict: str = "PASSED",
    *,
    layer: str = "identity",
    expectations: tuple[tuple[str, bool | None], ...] = (("detection", True),),
    compliance: tuple[str, ...] = (),
) -> dict[str, Any]:
    return {
        "experiment": experiment,
        "verdict": verdict,
        "layer": layer,
        "account": "444455556666",
        "trace_id": f"trace-of-{experiment}",
        "maps": {"compliance": list(compliance)},
        "expectations": [{"role": role, "met": met} for role, met in expectations],
    }
