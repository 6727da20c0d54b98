from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.report.sarif import as_sarif
from chaoskit.result import Verdict
from tests.report.documents import document
from tests.samples import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = SHIPPED / "identity" / "permissive-policy-on-training-role.yaml"


def run(found: Mapping[str, Any]) -> dict[str, Any]:
    log = json.loads(as_sarif(found))
    assert log["version"] == "2.1.0"
    (only,) = log["runs"]
    return dict(only)


def test_an_experiment_that_passed_is_a_rule_without_results() -> None:
    told = run(document(Verdict.PASSED))
    assert [rule["id"] for rule in told["tool"]["driver"]["rules"]] == ["small-0"]
    assert told["results"] == []


def test_a_weakness_stands_at_the_line_of_the_expectation_that_was_missed() -> None:
    found = document(Verdict.FAILED)
    found["results"][0]["path"] = str(FILE)
    (weakness,) = run(found)["results"]
    place = weakness["locations"][0]["physicalLocation"]
    line = FILE.read_text().splitlines()[place["region"]["startLine"] - 1]
    assert line.strip().startswith("- response:")
    assert weakness["level"] == "error"


@pytest.mark.parametrize("verdict", [Verdict.ABORTED, Verdict.INCONCLUSIVE, Verdict.ERROR])
def test_what_proves_nothing_stands_at_the_files_beginning(verdict: Verdict) -> None:
    (told,) = run(document(verdict))["results"]
    assert told["locations"][0]["physicalLocation"]["region"]["startLine"] == 1
    assert told["message"]["text"].startswith(verdict.value)


def test_a_result_points_at_its_rule() -> None:
    told = run(document(Verdict.PASSED, Verdict.FAILED))
    (weakness,) = told["results"]
    assert told["tool"]["driver"]["rules"][weakness["ruleIndex"]]["id"] == weakness["ruleId"] == "small-1"


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("experiments/an own.yaml", "experiments/an%20own.yaml"),
        ("/elsewhere/own.yaml", "file:///elsewhere/own.yaml"),
        (str(Path.cwd() / "experiments" / "own.yaml"), "experiments/own.yaml"),
    ],
)
def test_a_file_is_named_relative_to_the_repository_as_a_uri(path: str, uri: str) -> None:
    found = document(Verdict.ERROR)
    found["results"][0]["path"] = path
    (told,) = run(found)["results"]
    assert told["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_the_log_has_what_the_standard_requires() -> None:
    """SARIF 2.1.0, sections 3.14.6, 3.19.8, 3.27.11, 3.49.3, 3.30.5."""
    told = run(document(*Verdict))
    assert told["tool"]["driver"]["name"] == "chaoskit"
    rules = told["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert all(rule["shortDescription"]["text"] and rule["fullDescription"]["text"] for rule in rules)
    for each in told["results"]:
        assert each["message"]["text"]
        assert each["level"] in {"none", "note", "warning", "error"}
        assert each["locations"][0]["physicalLocation"]["region"]["startLine"] >= 1
