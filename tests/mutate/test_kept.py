"""What an earlier report of a campaign says that still holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chaoskit.aws import Call
from chaoskit.mutate import Baseline, Basis, Campaign, Control, Kept, Mutant, Trial
from chaoskit.mutate import kept as module
from chaoskit.result import Verdict
from tests.samples import experiment

if TYPE_CHECKING:
    from pathlib import Path

RULE = Control("event-rule", "a-rule", (Call("events", "PutRule", Name="a-rule"),))
BASIS = Basis("workload", {"one": "1", "two": "2"})
ONE, TWO = (Baseline(name, Verdict.PASSED, "because", frozenset({RULE.id})) for name in ("one", "two"))
FAILED, PASSED = Trial("one", Verdict.FAILED, "missed", ()), Trial("two", Verdict.PASSED, "met")


def report(*trials: Trial, baseline: tuple[Baseline, ...] = (ONE, TWO), trouble: str = "") -> Kept:
    mutant = Mutant(RULE, trials, trouble=trouble)
    return Kept.read(Campaign(list(baseline), [mutant], basis=BASIS).dump())


def test_what_was_found_is_read_as_it_was() -> None:
    kept = report(FAILED, PASSED).still(BASIS)
    assert kept.baseline == {"one": ONE, "two": TWO}
    assert kept.trials == {(RULE.id, "one"): FAILED, (RULE.id, "two"): PASSED}


def test_in_another_workload_nothing_holds() -> None:
    assert report(FAILED).still(replace(BASIS, workload="another")) == Kept()


def test_of_another_experiment_nothing_holds_and_of_the_others_all() -> None:
    kept = report(FAILED, PASSED).still(replace(BASIS, experiments={"one": "edited", "two": "2"}))
    assert (list(kept.baseline), list(kept.trials)) == (["two"], [(RULE.id, "two")])


@pytest.mark.parametrize("verdict", [Verdict.ERROR, Verdict.ABORTED])
def test_a_run_that_came_to_nothing_is_made_again(verdict: Verdict) -> None:
    assert report(replace(FAILED, verdict=verdict)).still(BASIS).trials == {}


def test_an_experiment_that_did_not_pass_to_begin_with_is_run_again() -> None:
    assert report(baseline=(replace(ONE, verdict=Verdict.FAILED), TWO)).still(BASIS).baseline == {"two": TWO}


def test_a_control_that_could_not_be_taken_away_is_tried_again() -> None:
    assert report(FAILED, trouble="events:PutRule failed").trials == {}


def test_a_report_of_an_earlier_version_that_names_no_basis_says_nothing() -> None:
    assert Kept.read(Campaign([], []).dump()) == Kept()


def test_the_basis_tells_an_edited_experiment_and_an_edited_runbook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, book = tmp_path / "small.yaml", tmp_path / "runbooks" / "repair.yaml"
    book.parent.mkdir()
    monkeypatch.setattr(module, "shipped_runbooks", lambda: book.parent)
    file.write_text("a")
    book.write_text("a")
    small = experiment(path=file)
    before = Basis.of([small])
    assert Basis.of([small]) == before
    file.write_text("b")
    edited = Basis.of([small])
    assert (edited.workload, edited.experiments == before.experiments) == (before.workload, False)
    book.write_text("b")
    assert Basis.of([small]).workload != before.workload
