from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from chaoskit.report.junit import as_junit
from chaoskit.result import Event, Results, Verdict
from tests.samples import DETECTION, NOW, experiment, result, seen

if TYPE_CHECKING:
    from chaoskit.result import Result


def results(*found: Result) -> Results:
    return Results("20260301T120000-abc123", "embedded", NOW, NOW + timedelta(seconds=9), list(found))


def of_verdict(verdict: Verdict, reason: str = "because") -> Result:
    timeline = [Event(NOW, "applied", "iam:AttachRolePolicy"), Event(NOW, "verdict", f"{verdict}: {reason}")]
    return result(seen(DETECTION, met=None), verdict=verdict, reason=reason, timeline=timeline)


def suite_of(*found: Result) -> ET.Element:
    text = as_junit(results(*found).dump())
    assert text.startswith("<?xml version='1.0'")
    return ET.fromstring(text)  # noqa: S314 - our own output


def test_an_experiment_is_a_test_case() -> None:
    suite = suite_of(of_verdict(Verdict.PASSED))
    assert {key: suite.get(key) for key in ("name", "tests", "failures", "errors", "time", "timestamp")} == {
        "name": "chaoskit",
        "tests": "1",
        "failures": "0",
        "errors": "0",
        "time": "2.500",
        "timestamp": "2026-03-01T12:00:00+00:00",
    }
    (case,) = suite
    assert case.attrib == {
        "classname": "chaoskit.identity",
        "name": "small",
        "file": "experiments/identity/small.yaml",
        "time": "2.500",
    }
    assert list(case) == []


@pytest.mark.parametrize(
    ("verdict", "kind"),
    [
        (Verdict.FAILED, "failure"),
        (Verdict.ABORTED, "error"),
        (Verdict.INCONCLUSIVE, "error"),
        (Verdict.ERROR, "error"),
    ],
)
def test_a_weakness_is_a_failure_and_what_proves_nothing_is_an_error(verdict: Verdict, kind: str) -> None:
    suite = suite_of(of_verdict(verdict, "too late"))
    ((told,),) = suite
    assert (told.tag, told.get("type"), told.get("message")) == (kind, verdict.value, "too late")
    assert told.text == f"12:00:00 applied: iam:AttachRolePolicy\n12:00:00 verdict: {verdict}: too late"
    assert (suite.get("failures"), suite.get("errors")) == (("1", "0") if kind == "failure" else ("0", "1"))


def test_the_suite_counts_and_adds_up_its_cases() -> None:
    suite = suite_of(*map(of_verdict, Verdict))
    assert [suite.get(key) for key in ("tests", "failures", "errors", "time")] == ["5", "1", "3", "12.500"]


def test_a_set_in_which_nothing_ran_is_a_suite_without_cases() -> None:
    assert suite_of().get("tests") == "0"


@pytest.mark.parametrize(
    "words", ["a <b> & \"c\" 'd' ]]>", "line\nbreak", "ünïcödé 🔥", "\x1b[31m\x00\x08\ufffe!"]
)
def test_any_words_of_an_api_make_well_formed_xml(words: str) -> None:
    ((told,),) = suite_of(of_verdict(Verdict.ERROR, words))
    kept = "".join(char for char in words if char not in "\x1b\x00\x08\ufffe")
    assert told.get("message") == kept
    assert kept in (told.text or "")


def test_a_result_that_did_not_end_took_no_time() -> None:
    (case,) = suite_of(result(seen(DETECTION, met=None), finished=None, experiment=experiment()))
    assert case.get("time") == "0.000"
