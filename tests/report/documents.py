"""Documents of results as `run --json` writes them, for the tests of reports."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chaoskit.experiment import Expectation, Role
from chaoskit.probes.iam_policy_not_attached import PolicyNotAttached
from chaoskit.result import ChangeResult, Event, FaultResult, Results, Verdict
from chaoskit.slo import Duration, Interval
from tests.samples import DETECTION, NOW, experiment, result, seen

RESPONSE = Expectation(
    Role.RESPONSE, PolicyNotAttached(role="training"), Duration(300), "detach-permissive-policy"
)
MAPS = {"attack": ("T1098.003",), "compliance": ("SOC2-CC6.1", "ISO27001-2022-8.2")}
NASTY = "<script>alert(1)</script> | `code` @everyone"


def document(*verdicts: Verdict, reason: str = "because", latency: float = 0.25) -> dict[str, Any]:
    """A run with an experiment for each verdict; the detection met, the response missed unless it PASSED."""
    return Results(
        "20260301T120000-abc123",
        "embedded",
        NOW,
        NOW + timedelta(seconds=9),
        [_result(f"small-{n}", verdict, reason, latency) for n, verdict in enumerate(verdicts)],
    ).dump()


def _result(name: str, verdict: Verdict, reason: str, latency: float) -> Any:
    detection = seen(DETECTION, met=True, summary="rule reported it", cloudtrail_event_id="an-id")
    detection.latency_s, detection.latency_interval = latency, Interval(0.1, 0.4)
    response = seen(RESPONSE, met=verdict is Verdict.PASSED, summary="still attached")
    change = ChangeResult("iam", "AttachRolePolicy", "applied", at=NOW + timedelta(seconds=1), undone=True)
    events = [("ready", 0.5), ("applied", 1.1), ("met", 1.4), ("undone", 2.0), ("verdict", 2.4)]
    return result(
        detection,
        response,
        experiment=experiment(DETECTION, RESPONSE, id=name, maps=MAPS),
        verdict=verdict,
        restored=True,
        reason=reason,
        faults=[FaultResult("iam.attach-role-policy", [change])],
        timeline=[Event(NOW + timedelta(seconds=at), event, f"{event}: {reason}") for event, at in events],
    )
