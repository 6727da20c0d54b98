from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.sandbox.detect import (
    EventPattern,
    InvalidEventPattern,
    PatternIndex,
    match_event_pattern,
    validate_event_pattern,
)
from tests.examples import examples

ORACLE = Path(__file__).parents[4] / "shared" / "oracles" / "eventbridge-patterns.json"


def matches(alternatives: list[Any], value: Any) -> bool:
    return match_event_pattern({"field": alternatives}, {"field": value})


def reason(pattern: dict[str, Any] | str) -> str:
    with pytest.raises(InvalidEventPattern) as refused:
        validate_event_pattern(pattern)
    return refused.value.reason


def test_every_pair_that_awss_engine_labelled_is_answered_as_it_answered() -> None:
    if not ORACLE.exists():
        pytest.skip(f"{ORACLE.name} is not beside this checkout")
    pairs = json.loads(ORACLE.read_text())
    wrong = [
        (pattern, event, label)
        for pattern, event, label in pairs
        if str(match_event_pattern(pattern, event)).lower() != label
    ]
    assert len(pairs) > 1600
    assert wrong == []


def test_all_fields_of_a_pattern_must_match_and_any_of_a_fields_alternatives() -> None:
    pattern = {"source": ["aws.iam", "aws.s3"], "detail": {"eventName": ["AttachRolePolicy"]}}
    assert match_event_pattern(pattern, {"source": "aws.s3", "detail": {"eventName": "AttachRolePolicy"}})
    assert not match_event_pattern(pattern, {"source": "aws.s3", "detail": {"eventName": "GetRole"}})
    assert not match_event_pattern(pattern, {"source": "aws.s3"})


def test_fields_of_one_array_match_only_within_one_element() -> None:
    pattern = {"users": {"name": ["ann"], "role": ["admin"]}}
    apart = {"users": [{"name": "ann", "role": "reader"}, {"name": "bob", "role": "admin"}]}
    together = {"users": [{"name": "bob", "role": "reader"}, {"name": "ann", "role": "admin"}]}
    assert not match_event_pattern(pattern, apart)
    assert match_event_pattern(pattern, together)


def test_a_value_in_an_array_and_a_field_of_its_objects_must_share_the_element() -> None:
    pattern = {"a": ["x"], "a.b": ["y"]}
    assert not match_event_pattern(pattern, {"a": [["x"], [{"b": "y"}]]})
    assert match_event_pattern(pattern, {"a": [["x", {"b": "y"}]]})


def test_absence_is_judged_within_the_array_element_that_matched_before_it() -> None:
    pattern = {"users": {"name": ["ann"], "role": [{"exists": False}]}}
    assert match_event_pattern(pattern, {"users": [{"name": "ann"}, {"name": "bob", "role": "admin"}]})
    assert not match_event_pattern(pattern, {"users": [{"name": "ann", "role": "x"}, {"name": "bob"}]})


def test_true_is_not_one_and_a_number_is_not_its_text() -> None:
    assert not matches([1], True)
    assert not matches([True], 1)
    assert not matches(["1"], 1)
    assert matches([1], 1.0)
    assert matches([None], None)
    assert not matches([None], "null")


@pytest.mark.parametrize(
    ("operator", "hit", "miss"),
    [
        ({"prefix": "us-"}, "us-east-1", "eu-west-1"),
        ({"prefix": {"equals-ignore-case": "US-"}}, "us-east-1", "eu-west-1"),
        ({"suffix": ".png"}, "a.png", "a.jpg"),
        ({"suffix": {"equals-ignore-case": ".PNG"}}, "a.png", "a.jpg"),
        ({"equals-ignore-case": "Alice"}, "ALICE", "Alic"),
        ({"wildcard": "*/lib/*.so"}, "/usr/lib/a/b.so", "/usr/lib"),
        ({"wildcard": "a\\*b*"}, "a*bc", "axbc"),
        ({"numeric": [">", 0, "<=", 5]}, 5, 5.1),
        ({"numeric": ["=", 301.8]}, 301.8, "301.8"),
        ({"cidr": "10.0.0.0/24"}, "10.0.0.255", "10.0.1.0"),
        ({"cidr": "2001:db8::/32"}, "2001:db8::ff00:42:8329", "2001:db9::"),
        ({"anything-but": ["a", "b"]}, "c", "a"),
        ({"anything-but": [1, 2]}, "1", 1),
        ({"anything-but": {"prefix": ["a", "b"]}}, "c", "bc"),
        ({"anything-but": {"suffix": "z"}}, 26, "buzz"),
        ({"anything-but": {"wildcard": ["*x*", "*y*"]}}, "z", "ayb"),
        ({"anything-but": {"equals-ignore-case": ["no", "never"]}}, "yes", "NEVER"),
    ],
)
def test_an_operator_accepts_and_refuses(operator: dict[str, Any], hit: Any, miss: Any) -> None:
    assert matches([operator], hit)
    assert not matches([operator], miss)


def test_anything_but_needs_the_field_to_be_there() -> None:
    assert not match_event_pattern({"field": [{"anything-but": "a"}]}, {"other": "b"})


def test_a_wildcard_over_a_long_text_does_not_backtrack() -> None:
    assert not matches([{"wildcard": "*a" * 20 + "b"}], "a" * 20_000)


def test_or_takes_any_branch_together_with_the_rest() -> None:
    pattern = {"kind": ["x"], "$or": [{"size": [{"numeric": [">", 10]}]}, {"urgent": [True]}]}
    assert match_event_pattern(pattern, {"kind": "x", "urgent": True})
    assert match_event_pattern(pattern, {"kind": "x", "size": 11})
    assert not match_event_pattern(pattern, {"kind": "y", "size": 11})
    assert not match_event_pattern(pattern, {"kind": "x", "size": 9})


def test_a_dollar_or_that_is_no_operator_is_a_field_of_that_name() -> None:
    assert match_event_pattern({"$or": ["a", "b"]}, {"$or": "b"})


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("{", "Not a JSON text"),
        ("[]", "Filter is not an object"),
        ({}, "Empty objects are not allowed"),
        ({"detail": {}}, "Empty objects are not allowed"),
        ({"source": "aws.iam"}, '"source" must be an object or an array'),
        ({"source": []}, "Empty arrays are not allowed"),
        ({"source": [["aws.iam"]]}, "Match value must be String, number, true, false, or null"),
        ({"a": [{"like": "b"}]}, "Unrecognized match type like"),
        ({"a": [{"prefix": "b", "suffix": "c"}]}, "Only one key allowed in match expression"),
        ({"a": [{"prefix": 1}]}, "prefix match pattern must be a string"),
        ({"a": [{"exists": "yes"}]}, "exists match pattern must be either true or false."),
        ({"a": [{"numeric": []}]}, "Unrecognized numeric range operator"),
        ({"a": [{"numeric": ["<", 1, ">", 0]}]}, "Too many elements in numeric expression"),
        ({"a": [{"numeric": [">", 5, "<", 1]}]}, "Bottom must be less than top"),
        ({"a": [{"numeric": [">", 6e9]}]}, "Value must be between"),
        ({"a": [{"cidr": "10.0.0.1/32"}]}, "IPv4 mask bits must be < 32"),
        ({"a": [{"cidr": "::1/128"}]}, "IPv6 mask bits must be < 128"),
        ({"a": [{"cidr": "10.0.0.1"}]}, "Malformed CIDR, one '/' required"),
        ({"a": [{"wildcard": "a**b"}]}, "Consecutive wildcard characters"),
        ({"a": [{"wildcard": "a\\b"}]}, "Invalid escape character"),
        ({"a": [{"anything-but": ["a", 1]}]}, "Inside anything but list, either all values"),
        ({"a": [{"anything-but": None}]}, "Value of anything-but must be an array"),
        ({"a": [{"anything-but": {"cidr": "10.0.0.0/8"}}]}, "Unsupported anything-but pattern: cidr"),
        ({"a": [{"anything-but": {"prefix": ""}}]}, "Null prefix/suffix not allowed"),
        ({"$or": [{"a": {"numeric": [1]}}, {"b": [1]}]}, "numeric is Ruler reserved fieldName"),
        ({"$or": [{"regex": ["a"]}, {"b": [1]}]}, "Unrecognized match type regex"),
    ],
)
def test_what_eventbridge_refuses_is_refused_with_its_reason(
    pattern: dict[str, Any] | str, said: str
) -> None:
    assert reason(pattern).startswith(said)


def test_a_refusal_names_the_field() -> None:
    with pytest.raises(InvalidEventPattern, match=r"detail\.sourceIPAddress"):
        validate_event_pattern({"detail": {"sourceIPAddress": [{"cidr": "10.0.0.1/32"}]}})


def test_or_combinations_beyond_a_thousand_are_refused() -> None:
    branches = [{f"f{number}": [1]} for number in range(11)]
    pattern = {"a": {"$or": branches}, "b": {"$or": branches}, "c": {"$or": branches}}
    assert "combinations" in reason(pattern)


def test_an_index_finds_what_matching_one_by_one_finds_in_the_order_of_adding() -> None:
    texts: list[dict[str, Any]] = [
        {"detail": {"eventName": ["B"]}},
        {"source": ["aws.iam"], "detail": {"eventName": ["A", "B"]}},
        {"source": [{"prefix": "aws."}]},
        {"$or": [{"source": ["aws.s3"]}, {"detail": {"eventName": ["A"]}}]},
        {"source": ["aws.s3"], "detail": {"eventName": [{"exists": False}]}},
    ]
    compiled = [EventPattern(text) for text in texts]
    index: PatternIndex[int] = PatternIndex()
    for number, pattern in enumerate(compiled):
        index.add(pattern, number)
    events: list[dict[str, Any]] = [
        {"source": "aws.iam", "detail": {"eventName": "A"}},
        {"source": "aws.iam", "detail": {"eventName": "B"}},
        {"source": "aws.s3", "detail": {}},
        {"source": ["aws.iam", "aws.s3"], "detail": {"eventName": ["A", "C"]}},
        {"source": "aws.s3", "detail.eventName": "B"},
        {"detail": [{"eventName": "B"}]},
    ]
    for event in events:
        assert index.matching(event) == [
            number for number, pattern in enumerate(compiled) if pattern.matches(event)
        ]


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
NAMES = st.sampled_from(["a", "b", "a.b", "$or", "source", "detail", "eventName", "prefix"])
EVENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)
OPERATORS = st.sampled_from(
    ["prefix", "suffix", "wildcard", "cidr", "numeric", "exists", "equals-ignore-case", "anything-but", "x"]
)
EXPRESSIONS = st.dictionaries(
    OPERATORS,
    SCALARS
    | st.lists(SCALARS | st.sampled_from(["<", ">=", "="]), max_size=4)
    | st.dictionaries(OPERATORS, SCALARS | st.lists(st.text(max_size=3), max_size=2), max_size=2),
    max_size=2,
)
PATTERNS = st.recursive(
    st.lists(SCALARS | EXPRESSIONS, max_size=3),
    lambda inner: st.dictionaries(NAMES, inner | st.lists(inner, max_size=3), max_size=3),
    max_leaves=8,
)


@settings(derandomize=True, max_examples=examples(400), deadline=None)
@given(st.dictionaries(NAMES, PATTERNS, max_size=3), st.dictionaries(NAMES, EVENTS, max_size=3))
def test_any_pattern_is_either_refused_with_a_reason_or_answers(
    pattern: dict[str, Any], event: dict[str, Any]
) -> None:
    try:
        compiled = EventPattern(pattern)
    except InvalidEventPattern as problem:
        assert reason(pattern) == problem.reason != ""  # noqa: PT017 - which of the two happens is the example's
    else:
        assert match_event_pattern(pattern, event) is compiled.matches(event)
