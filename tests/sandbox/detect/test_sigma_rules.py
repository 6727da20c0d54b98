from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from chaoskit.sandbox.detect import InvalidSigmaRule, load_sigma_rules, match_sigma

if TYPE_CHECKING:
    from pathlib import Path

SOUND = """
title: Sound
name: sound
logsource: {product: aws}
detection:
  selection: {eventName: StopLogging}
  condition: selection
"""
FILTER = """
title: Known
logsource: {product: aws}
filter:
  rules: [sound]
  known: {userIdentity.userName: ann}
  condition: not known
"""


def rule(detection: Any, **more: Any) -> dict[str, Any]:
    return {"title": "A rule", "logsource": {"product": "aws"}, "detection": detection} | more


def correlation(**more: Any) -> dict[str, Any]:
    body = {"type": "event_count", "rules": ["sound"], "timespan": "1m", "condition": {"gte": 2}}
    return {"title": "A correlation", "correlation": body | more}


def reasons(*sources: Any) -> list[str]:
    with pytest.raises(InvalidSigmaRule) as refusal:
        load_sigma_rules(*sources)
    return [problem.reason for problem in refusal.value.problems]


def test_bringing_in_the_detectors_does_not_bring_in_pysigma() -> None:
    code = (
        "import sys; import chaoskit.sandbox.detect as d; assert 'sigma' not in sys.modules; "
        "d.match_sigma; assert 'sigma' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_pysigma_the_error_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['sigma'] = None\n"
        "try:\n    from chaoskit.sandbox.detect import match_sigma\n"
        "except ModuleNotFoundError as problem:\n    assert 'chaoskit[sigma]' in str(problem), problem\n"
        "else:\n    raise SystemExit(1)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_all_problems_of_all_files_are_reported_at_once_each_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "broken.yml").write_text("title: [\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "two.yaml").write_text(
        SOUND
        + "---\n"
        + SOUND.replace("eventName", "eventName|unknown")
        + "---\n"
        + SOUND.replace("product: aws", "")
    )
    (tmp_path / "odd.yml").write_bytes(b"title: \xff")
    (tmp_path / "sound.yml").write_text(SOUND)
    with pytest.raises(InvalidSigmaRule) as refusal:
        load_sigma_rules(tmp_path, tmp_path / "absent.yml")
    assert str(refusal.value).splitlines() == [
        f"{tmp_path}/absent.yml:1: it cannot be read: No such file or directory",
        f"{tmp_path}/broken.yml:2: it is not YAML: expected the node content, but found '<stream end>'",
        f"{tmp_path}/odd.yml:1: it is not UTF-8 text: invalid start byte",
        f"{tmp_path}/sub/two.yaml:10: rule \"Sound\": Unknown modifier 'unknown'",
        f'{tmp_path}/sub/two.yaml:18: rule "Sound": Sigma log source can\'t be empty',
    ]


def test_all_that_cannot_be_evaluated_in_a_rule_is_reported() -> None:
    detection = {
        "one": {"f|expand": "%admins%", "g|expand": ["%a%", "x%b%y"]},
        "two": {"f|re|expand": "^%admins%$"},
        "condition": "one and three and 1 of four*",
    }
    found = reasons(rule(detection))
    assert [reason for reason in found if "%admins% has no value" in reason]
    assert [reason for reason in found if "%b% has no value" in reason]
    assert "'1 of four*' fits no detection" in found
    assert "the condition names 'three', which is not among the detections" in found


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("just text", "to read a file, give its pathlib.Path"),
        ("- a\n- b", "a rule is a mapping"),
        ("title: a\ntitle: b", "the key 'title' stands twice"),
        ("title: t\ndate: 2024-13-45", "it is not YAML: month must be in 1..12"),
        ({"title": "t"}, "must have a log source"),
        (rule({"s": {"f": 1}}), "at least one condition"),
        (rule({"s": {"f": 1}, "condition": "s and ("}), "Expected"),
        (rule({"s": {"f": 1}, "condition": "s | count() > 5"}), "replaced by Sigma correlations"),
        (rule({"s": {"f": 1}, "condition": 5}), "the condition must be a text"),
        (rule({"s": {"f": 1}, "condition": "s"}, id=5), "pySigma cannot read it"),
        (rule({"s": {"f|re": "("}, "condition": "s"}), "Regular expression '(' is invalid"),
        (rule({"s": {"f|cidr": "10.0.0.1/8"}, "condition": "s"}), "has host bits set"),
        (rule({"s": {"f|lt": "x"}, "condition": "s"}), "incompatible"),
        (rule({"s": {"|fieldref": "x"}, "condition": "s"}), "needs a field to compare with"),
        (rule({"s": [None, "x"], "condition": "s"}), "null needs a field"),
        (rule({"s": {"f|exists": "yes"}, "condition": "s"}), "incompatible"),
        (rule({"s": {"f": 1}, "condition": "s"}, level="awful"), "is not a valid Sigma rule level"),
        ({"action": "unheard"}, "Unknown Sigma collection action"),
        (correlation(), "Rule 'sound' not found"),
        (correlation(type="event_sum"), "no valid Sigma correlation type"),
        (correlation(timespan="5 parsecs"), "Timespan '5 parsecs' is invalid"),
        (correlation(condition={"gte": "many"}), "no valid Sigma correlation condition count"),
        (correlation(type="value_count"), "without field reference"),
    ],
)
def test_a_malformed_rule_is_refused_with_its_reason(source: Any, reason: str) -> None:
    assert any(reason in found for found in reasons(source)), reasons(source)


def test_correlations_that_refer_to_each_other_are_refused() -> None:
    one = correlation(rules=["other"]) | {"name": "one"}
    other = correlation(rules=["one"]) | {"name": "other"}
    assert any("refers to itself" in reason for reason in reasons(one, other))


def test_a_percentile_out_of_range_is_refused() -> None:
    condition = {"gte": 1, "field": "bytes", "percentile": 101}
    assert reasons(SOUND, correlation(type="value_percentile", condition=condition)) == [
        "value_percentile needs a percentile from 0 to 100 in its condition"
    ]


def test_a_directory_without_rules_is_refused(tmp_path: Path) -> None:
    assert reasons(tmp_path) == ["the directory has no .yml file"]


def test_a_correlation_cannot_be_asked_of_one_event() -> None:
    rules = load_sigma_rules(SOUND, correlation())
    with pytest.raises(ValueError, match="feed them to a SigmaEngine"):
        match_sigma(rules, {})


def test_rules_that_are_loaded_once_can_be_matched_many_times() -> None:
    rules = load_sigma_rules(SOUND)
    assert len(rules) == 1
    assert match_sigma(rules, {"eventName": "StopLogging"})
    assert load_sigma_rules(rules) is rules


def test_a_file_that_has_changed_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "rule.yml"
    for name in ("StopLogging", "DeleteTrail"):
        file.write_text(SOUND.replace("StopLogging", name))
        assert match_sigma(file, {"eventName": name})
        assert not match_sigma(file, {"eventName": "Other"})


def test_a_filter_narrows_the_rules_it_names_and_no_others() -> None:
    other = SOUND.replace("name: sound", "name: other")
    event = {"eventName": "StopLogging", "userIdentity": {"userName": "ann"}}
    singles = load_sigma_rules(FILTER, SOUND, other).singles
    assert {one.rule.name: one.matches(event) for one in singles} == {"sound": False, "other": True}
    assert all(one.matches({"eventName": "StopLogging"}) for one in singles)


def test_a_global_document_is_shared_by_those_that_follow_it() -> None:
    text = (
        "action: global\ntitle: t\nlogsource: {product: aws}\ndetection: {condition: s}\n"
        "---\ndetection: {s: {eventName: A}}\n---\ndetection: {s: {eventName: B}}\n"
    )
    rules = load_sigma_rules(text)
    assert [match_sigma(rules, {"eventName": name}) for name in "ABC"] == [True, True, False]
