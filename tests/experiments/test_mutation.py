"""`chaoskit mutate` as a person calls it: two sandboxes of its own at once, whose ids are not alike."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from chaoskit.cli import main
from chaoskit.home import home
from tests.e2e.lab import SHIPPED

if TYPE_CHECKING:
    from pathlib import Path

# What is drawn at random in a sandbox: ids of VPC endpoints, of SCPs, of detectors.
CHOSEN = ("endpoint-policy-in-production", "endpoint-policy-in-research", "exfiltration-through-endpoint")
KILLED = {
    "scp:chaoskit-keep-private/KeepProductionNetworkAsDeployed",
    "event-rule:chaoskit-endpoint-policy",
    "responder:restore-endpoint-policy",
}
# Nothing leaves through an open endpoint: the experiments find their steady state gone.
NOTICED = {"endpoint-policy:chaoskit/production/s3", "endpoint-policy:chaoskit/research/s3"}


def test_controls_are_missed_in_whichever_sandbox_they_are_taken_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mutation.json"
    paths = [str(next(SHIPPED.rglob(f"{name}.yaml"))) for name in CHOSEN]
    with pytest.raises(SystemExit):
        main(["mutate", *paths, "-j", "2", "--relied", "--json", str(file)])
    document = json.loads(file.read_text())
    assert {each["verdict"] for each in document["baseline"]} == {"PASSED"}
    outcomes = {each["control"]: each["outcome"] for each in document["controls"]}
    assert (
        outcomes.items() >= {**dict.fromkeys(KILLED, "killed"), **dict.fromkeys(NOTICED, "noticed")}.items()
    )
    verdicts = {each["verdict"] for one in document["controls"] for each in one["experiments"]}
    assert "ERROR" not in verdicts, capsys.readouterr().out
    # Sandboxes and journals are gone with it.
    assert [each.name for each in home().rglob("*") if each.suffix in (".json", ".sqlite")] == []
