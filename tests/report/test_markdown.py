from __future__ import annotations

from chaoskit.report.markdown import as_markdown
from chaoskit.result import Verdict
from tests.report.documents import NASTY, document


def test_every_experiment_has_its_row() -> None:
    text = as_markdown(document(Verdict.PASSED, Verdict.FAILED))
    assert "### chaoskit: 1 PASSED, 1 FAILED" in text
    assert "| ✅ PASSED | `small-0` | detection met in 250ms of 1m<br>response met within 5m | yes |" in text


def test_what_did_not_pass_is_told_and_what_passed_is_not() -> None:
    text = as_markdown(document(Verdict.PASSED, Verdict.FAILED))
    assert text.count("<details>") == 1
    assert "- `12:00:01.100` applied: applied: because" in text


def test_words_of_an_account_become_no_markup_and_call_nobody() -> None:
    text = as_markdown(document(Verdict.FAILED, reason=NASTY))
    assert "<script>" not in text
    assert "@everyone" not in text
