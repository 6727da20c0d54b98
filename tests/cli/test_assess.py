"""`chaoskit assess` on results that chaoskit wrote, without a look at an account."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.cli import main
from chaoskit.report.formats import as_json
from chaoskit.result import Results, Verdict
from tests.samples import DETECTION, GUARDRAIL, NOW, experiment, result, seen

if TYPE_CHECKING:
    from pathlib import Path

LEVELS = """\
groups:
  - name: first
    items:
      - {id: one, question: Does the first hold?, source: a guide, experiments: [prevented]}
  - name: second
    items:
      - {id: two, question: Does the second hold?, source: a guide, experiments: [noticed, never-run]}
"""


def results(noticed: Verdict) -> str:
    """A document of two runs: what is prevented PASSED, what is to be noticed as told."""
    maps = {"compliance": ("SOC2-CC6.1",)}
    runs = [
        result(
            seen(GUARDRAIL, met=True),
            experiment=experiment(GUARDRAIL, id="prevented", maps=maps),
            verdict=Verdict.PASSED,
            restored=True,
        ),
        result(
            seen(DETECTION, met=noticed is Verdict.PASSED),
            experiment=experiment(DETECTION, id="noticed", maps=maps),
            verdict=noticed,
            restored=True,
        ),
    ]
    return as_json(Results("20260301T120000-abc123", "embedded", NOW, NOW + timedelta(9), runs).dump())


def assessed(
    folder: Path, capsys: pytest.CaptureFixture[str], document: str, *options: str
) -> tuple[int, str, Any]:
    (folder / "results.json").write_text(document)
    (folder / "levels.yaml").write_text(LEVELS)
    files = "--maturity", str(folder / "levels.yaml"), "--json", str(folder / "assessment.json")
    with pytest.raises(SystemExit) as ended:
        main(["assess", str(folder / "results.json"), "--no-look", *files, *options])
    printed = capsys.readouterr()
    written = folder / "assessment.json"
    return (
        int(ended.value.code or 0),
        printed.out + printed.err,
        json.loads(written.read_text()) if written.exists() else None,
    )


def test_it_tells_the_level_and_what_is_missing_for_the_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, told, written = assessed(tmp_path, capsys, results(Verdict.FAILED))
    assert status == 0
    assert "level 1 of 2 (first)" in told
    assert "two: Does the second hold?" in told
    assert "noticed: does not hold, FAILED" in told
    assert "never-run: can't tell, was not run" in told
    assert (written["maturity"]["level"], written["maturity"]["missing"]) == (1, ["two"])


def test_it_tells_coverage_by_layer_and_the_runs_behind_a_control(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, told, written = assessed(tmp_path, capsys, results(Verdict.FAILED))
    identity = {each["role"]: each for each in written["matrix"] if each["layer"] == "identity"}
    assert [(identity[role]["met"], identity[role]["total"]) for role in identity] == [(1, 1), (0, 1), (0, 0)]
    (control,) = written["controls"]
    assert (control["id"], control["holds"]) == ("SOC2-CC6.1", False)
    assert {run["experiment"]: run["verdict"] for run in control["runs"]} == {
        "prevented": "PASSED",
        "noticed": "FAILED",
    }
    assert "SOC2-CC6.1" in told


def test_without_a_look_the_shipped_checklist_is_not_answered_by_hand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, _, written = assessed(tmp_path, capsys, results(Verdict.PASSED))
    answers = [
        answer for part in written["checklist"] for item in part["items"] for answer in item["answers"]
    ]
    assert {answer["why"] for answer in answers} == {"did not look", "was not run"}
    assert not any(part["holds"] for part in written["checklist"])


def test_results_that_somebody_edited_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edited = results(Verdict.FAILED).replace('"FAILED"', '"PASSED"')
    status, told, written = assessed(tmp_path, capsys, edited)
    assert status != 0
    assert "proves nothing" in told
    assert written is None
