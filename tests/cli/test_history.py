from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from chaoskit.cli import cli
from chaoskit.evidence import sealed
from chaoskit.history import History
from chaoskit.home import history_path
from chaoskit.result import Results
from tests.samples import DETECTION, NOW, result, seen

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


def ran(run_id: str, *, met: bool, latency_s: float = 1.0, target: str = "embedded") -> None:
    """Keep a run of the small experiment, as `chaoskit run` does."""
    expectation = seen(DETECTION, met)
    expectation.latency_s = latency_s
    one = result(expectation)
    one.verdict = one.verdict.PASSED if met else one.verdict.FAILED
    History(history_path()).keep(Results(run_id, target, NOW, NOW, [one]).dump())


def chaoskit(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["history", *arguments], standalone_mode=False)


def test_runs_are_listed_with_their_verdicts() -> None:
    ran("20260301T120000-aaaaaa", met=True)
    listed = chaoskit()
    assert "20260301T120000-aaaaaa" in listed.stdout
    assert "1 PASSED" in listed.stdout


def test_a_run_is_shown_as_the_document_that_it_was() -> None:
    ran("20260301T120000-aaaaaa", met=True)
    assert json.loads(chaoskit("show").stdout)["run_id"] == "20260301T120000-aaaaaa"


def test_slo_tells_percentiles_attainment_and_budget() -> None:
    for number in range(4):
        ran(f"run-{number}", met=number > 0)
    told = " ".join(chaoskit("slo", "--since", "9999d", "--objective", "0.5").stdout.split())
    assert "75.0% of 4" in told
    assert "50%" in told
    assert "too few runs to be sure" in told


def test_a_regression_between_two_runs_is_exit_status_1(tmp_path: Path) -> None:
    ran("a", met=True)
    ran("b", met=False)
    worse = chaoskit("compare", "a", "b")
    assert (worse.return_value, "REGRESSION" in worse.stdout) == (1, True)
    assert chaoskit("compare", "b", "a").return_value == 0
    ran("c", met=True)
    saved = tmp_path / "a.json"
    saved.write_text(chaoskit("show", "a").stdout)
    assert "No difference" in chaoskit("compare", str(saved), "c").stdout


def test_the_last_run_is_compared_with_the_one_before_it() -> None:
    ran("b", met=True)
    ran("a", met=False)
    with closing(sqlite3.connect(history_path())) as db, db:
        db.execute("UPDATE runs SET started = '2026-02-01T12:00:00.000Z' WHERE run_id = 'b'")
    worse = chaoskit("compare")
    assert (worse.return_value, "was PASSED, now FAILED" in worse.stdout) == (1, True)


def test_a_run_is_not_compared_with_itself(tmp_path: Path) -> None:
    ran("a", met=True)
    saved = tmp_path / "a.json"
    saved.write_text(chaoskit("show", "a").stdout)
    for before in ("a", "last", str(saved)):
        refused = chaoskit("compare", before, "last").exception
        assert isinstance(refused, click.UsageError)
        assert "are the same run, a" in refused.message


def test_each_target_has_a_table_of_its_own() -> None:
    ran("here", met=True)
    ran("there", met=False, target="aws")
    both = chaoskit("slo", "--since", "9999d").stdout
    assert ("1 run on embedded" in both, "1 run on aws" in both) == (True, True)
    one = " ".join(chaoskit("slo", "--since", "9999d", "--target", "aws").stdout.split())
    assert ("1 run on aws" in one, "0.0% of 1" in one, "embedded" in one) == (True, True, False)


def test_two_rules_of_one_experiment_are_two_rows_that_name_them() -> None:
    for number, rule in enumerate(("new", "old", "new")):
        ran(f"run-{number}", met=True)
        document = json.loads(chaoskit("show", f"run-{number}").stdout)
        document["results"][0]["expectations"][0]["parameters"] = {"rule": rule}
        History(history_path()).keep(sealed(document))
    told = " ".join(chaoskit("slo", "--since", "9999d").stdout.split())
    assert ("of 2" in told, "of 1" in told, "of 3" in told) == (True, True, False)
    assert ('{"rule": "new"}' in told, '{"rule": "old"}' in told) == (True, True)


def test_a_window_that_no_date_is_old_enough_for_is_refused() -> None:
    for arguments in (["--since", "99999999d"], ["slo", "--since", "999999999d999999999d"]):
        refused = chaoskit(*arguments).exception
        assert isinstance(refused, click.BadParameter)
        assert "is longer ago than any date" in refused.message


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": "other"}'])
def test_a_file_that_is_no_result_is_told_without_a_traceback(tmp_path: Path, content: str) -> None:
    file = tmp_path / "out.json"
    file.write_text(content)
    told = str(chaoskit("compare", str(file), str(file)).exception)
    assert "is no report of chaoskit" in told or "is not of schema chaoskit/results/v1" in told


def test_a_file_that_is_not_there_is_not_taken_for_a_run(tmp_path: Path) -> None:
    told = str(chaoskit("compare", str(tmp_path / "out.json"), "last").exception)
    assert "out.json can't be read: No such file" in told


def test_a_file_that_somebody_edited_is_not_compared(tmp_path: Path) -> None:
    ran("a", met=False)
    file = tmp_path / "out.json"
    file.write_text(chaoskit("show", "a").stdout.replace('"FAILED"', '"PASSED"'))
    told = str(chaoskit("compare", str(file), "a").exception)
    assert "out.json proves nothing: item 1 (small) is not as it was written" in told


def test_a_run_that_somebody_edited_in_the_history_counts_for_nothing() -> None:
    ran("a", met=True)
    ran("b", met=False)
    with closing(sqlite3.connect(history_path())) as db, db:
        db.execute("UPDATE runs SET document = replace(document, 'FAILED', 'PASSED') WHERE run_id = 'b'")
    assert "Run b in the history proves nothing" in str(chaoskit("compare", "a", "b").exception)
    told = chaoskit("slo", "--since", "9999d")
    assert "Left out: 1 run that somebody edited" in told.stderr
    assert "100.0% of 1" in " ".join(told.stdout.split())
