from __future__ import annotations

from typing import Any

import pytest

from tests.policy.support import FULL, allow, ask, deny, doc, holds

OPERATORS = [
    # operator, wanted, value of the request, holds
    ("StringEquals", "red", "red", True),
    ("StringEquals", "red", "Red", False),
    ("StringEquals", "r*", "red", False),
    ("StringEquals", ["blue", "red"], "red", True),
    ("StringEquals", [], "red", False),
    ("StringEquals", 123456789012, "123456789012", True),
    ("StringEquals", True, True, True),
    ("StringNotEquals", ["blue", "green"], "red", True),
    ("StringNotEquals", ["blue", "red"], "red", False),
    ("StringEqualsIgnoreCase", "RED", "red", True),
    ("StringNotEqualsIgnoreCase", "RED", "red", False),
    ("StringLike", "r?d", "red", True),
    ("StringLike", "r*d", "r:/d", True),
    ("StringLike", "*a*b*c", "xaxbxbc", True),
    ("StringLike", "r.d", "red", False),
    ("StringNotLike", "r*", "red", False),
    ("NumericEquals", "10", "10.0", True),
    ("NumericEquals", 10, 10, True),
    ("NumericEquals", "1e1", "10", True),
    ("NumericNotEquals", "10", "11", True),
    ("NumericLessThan", "10", "9.99", True),
    ("NumericLessThan", "10", "9", True),
    ("NumericLessThan", "10", "10", False),
    ("NumericLessThan", "10", "ten", False),
    ("NumericLessThan", "ten", "9", False),
    ("NumericLessThan", "10", "NaN", False),
    ("NumericLessThan", "10", "-Infinity", False),
    ("NumericNotEquals", "10", "ten", True),
    ("NumericLessThanEquals", "10", "10", True),
    ("NumericGreaterThan", "-5", "-4", True),
    ("NumericGreaterThanEquals", "5", "4.999", False),
    ("NumericLessThan", ["1", "100"], "50", True),
    ("DateEquals", "2026-01-01T00:00:00Z", "1767225600", True),
    ("DateEquals", "2026-01-01", "2026-01-01T00:00:00Z", True),
    ("DateEquals", "2026", "2026-01-01T00:00:00+00:00", True),
    ("DateEquals", "2026-01-01T02:00:00+02:00", 1767225600, True),
    ("DateEquals", "2026-01-01T00:00:00.500Z", "2026-01-01T00:00:00Z", False),
    ("DateLessThan", "2026-01-01T00:00:00Z", "2025-12-31T23:59:59.999Z", True),
    ("DateGreaterThan", "0", "2026-01-01", True),
    ("DateGreaterThan", 0, "1969", False),
    ("DateLessThan", "tomorrow", "2025-12-31T23:59:59Z", False),
    ("DateLessThan", "2026-13-01", "2025-12-31T23:59:59Z", False),
    ("DateLessThan", "2026-01-01T00:00:00Z", "soon", False),
    ("DateNotEquals", "2026-01-01T00:00:00Z", "1767225600", False),
    ("DateGreaterThan", "1767225600", "2026-01-01T00:00:01Z", True),
    ("DateGreaterThanEquals", "2026-01-01T00:00:00Z", "20260101T000000Z", True),
    ("Bool", "true", True, True),
    ("Bool", True, "true", True),
    ("Bool", "TRUE", "true", True),
    ("Bool", "false", "true", False),
    ("Bool", "true", "yes", False),
    ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", True),
    ("BinaryEquals", "QmluYXJ5", "QmluYXJ6", False),
    ("BinaryEquals", "not base64!", "not base64!", False),
    ("IpAddress", "192.0.2.0/24", "192.0.2.255", True),
    ("IpAddress", "192.0.2.0/24", "192.0.3.0", False),
    ("IpAddress", "192.0.2.5", "192.0.2.5", True),
    ("IpAddress", "192.0.2.5/32", "192.0.2.6", False),
    ("IpAddress", "192.0.2.77/24", "192.0.2.1", True),
    ("IpAddress", "0.0.0.0/0", "192.0.2.1", True),
    ("IpAddress", "0.0.0.0/0", "2001:db8::1", False),
    ("IpAddress", "::/0", "2001:db8::1", True),
    ("IpAddress", "::/0", "192.0.2.1", False),
    ("IpAddress", "2001:DB8:1234:5678::/64", "2001:db8:1234:5678:ffff::1", True),
    ("IpAddress", "2001:db8::1/128", "2001:db8::2", False),
    ("IpAddress", "2001:db8::1", "2001:0db8:0:0::1", True),
    ("IpAddress", "192.0.2.0/33", "192.0.2.1", False),
    ("IpAddress", "nonsense", "192.0.2.1", False),
    ("NotIpAddress", "192.0.2.0/24", "198.51.100.1", True),
    ("NotIpAddress", "192.0.2.0/24", "2001:db8::1", True),
    ("NotIpAddress", ["192.0.2.0/24", "198.51.100.0/24"], "198.51.100.1", False),
    ("ArnEquals", "arn:aws:sns:*:111122223333:t*", "arn:aws:sns:us-east-1:111122223333:topic", True),
    ("ArnLike", "arn:aws:sns:us-east-?:111122223333:t", "arn:aws:sns:us-east-1:111122223333:t", True),
    ("ArnLike", "arn:aws:sns:*:t", "arn:aws:sns:us-east-1:111122223333:t", False),
    (
        "ArnLike",
        "arn:aws:someservice:*:111122223333:finance/*",
        "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt",
        False,
    ),
    ("ArnLike", "arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:role/a/b:c", True),
    ("ArnLike", "arn:aws:iam::*:Role/x", "arn:aws:iam::111122223333:role/x", False),
    ("ArnLike", "arn:aws:s3:::bkt", "not an arn", False),
    ("ArnNotLike", "arn:aws:s3:::bkt", "not an arn", True),
    ("ArnNotEquals", "arn:aws:s3:::*", "arn:aws:s3:::bkt", False),
]


@pytest.mark.parametrize(("operator", "wanted", "value", "expected"), OPERATORS)
def test_an_operator_compares_as_documented(operator: str, wanted: Any, value: Any, expected: bool) -> None:
    assert holds(operator, "svc:key", wanted, {"svc:key": value}) is expected


@pytest.mark.parametrize(("operator", "wanted", "value", "expected"), OPERATORS)
def test_if_exists_changes_nothing_for_a_key_that_exists(
    operator: str, wanted: Any, value: Any, expected: bool
) -> None:
    assert holds(f"{operator}IfExists", "svc:key", wanted, {"svc:key": value}) is expected


@pytest.mark.parametrize("operator", sorted({row[0] for row in OPERATORS}))
def test_a_missing_key_fails_positive_operators_and_passes_negated_ones(operator: str) -> None:
    assert holds(operator, "svc:key", "1", {}) is ("Not" in operator)


@pytest.mark.parametrize("operator", sorted({row[0] for row in OPERATORS}))
def test_a_missing_key_passes_every_operator_with_if_exists(operator: str) -> None:
    assert holds(f"{operator}IfExists", "svc:key", "1", {})


@pytest.mark.parametrize("value", [[], None])
def test_a_key_without_a_value_is_missing(value: Any) -> None:
    assert holds("Null", "svc:key", "true", {"svc:key": value})
    assert not holds("StringLike", "svc:key", "*", {"svc:key": value})


@pytest.mark.parametrize(
    ("wanted", "context", "expected"),
    [
        ("true", {}, True),
        ("false", {}, False),
        ("true", {"svc:key": "x"}, False),
        ("false", {"svc:key": "x"}, True),
        (False, {"svc:key": ""}, True),
        (["true", "false"], {}, True),
        ("maybe", {}, False),
    ],
)
def test_null_checks_whether_the_key_is_there(wanted: Any, context: dict[str, Any], expected: bool) -> None:
    assert holds("Null", "svc:key", wanted, context) is expected


def test_null_with_if_exists_demands_a_present_and_matching_key() -> None:
    condition = {"Null": {"svc:key": "false"}, "StringEqualsIfExists": {"svc:key": "a"}}
    policies = {"identityPolicies": [doc(allow(Condition=condition))]}
    assert ask(policies, context={"svc:key": "a"}).allowed
    assert not ask(policies, context={"svc:key": "b"}).allowed
    assert not ask(policies).allowed


SETS = [
    # operator, wanted, values of the request, holds
    ("ForAllValues:StringEquals", ["a", "b"], ["a", "b", "a"], True),
    ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
    ("ForAllValues:StringEquals", ["a"], [], True),
    ("ForAllValues:StringEquals", ["a"], None, True),
    ("ForAllValues:StringEquals", ["a"], "", True),
    ("ForAllValues:StringEquals", ["a"], [""], True),
    ("ForAllValues:StringEquals", ["a"], ["", "a"], False),
    ("ForAllValues:StringEquals", [], ["a"], False),
    ("ForAllValues:StringNotEquals", ["a", "b"], ["c", "d"], True),
    ("ForAllValues:StringNotEquals", ["a", "b"], ["a", "d"], False),
    ("ForAllValues:StringNotEquals", ["a"], None, True),
    ("ForAllValues:StringLike", ["env*"], ["environment", "env"], True),
    ("ForAnyValue:StringEquals", ["a", "b"], ["c", "b"], True),
    ("ForAnyValue:StringEquals", ["a", "b"], ["c"], False),
    ("ForAnyValue:StringEquals", ["a"], [], False),
    ("ForAnyValue:StringEquals", ["a"], None, False),
    ("ForAnyValue:StringEquals", [""], [""], False),
    ("ForAnyValue:StringNotEquals", ["a"], ["a", "b"], True),
    ("ForAnyValue:StringNotEquals", ["a"], ["a"], False),
    ("ForAnyValue:StringNotEquals", ["a"], None, False),
    ("ForAnyValue:StringEqualsIfExists", ["a"], None, True),
    ("ForAllValues:StringEqualsIfExists", ["a"], ["b"], False),
    ("ForAnyValue:ArnLike", ["arn:aws:s3:::*"], ["x", "arn:aws:s3:::b"], True),
    ("ForAllValues:NumericLessThan", ["5"], ["1", "4"], True),
    ("ForAllValues:Bool", "true", ["true", "false"], False),
    ("StringLike", ["a*"], ["xyz", "abc"], True),
    ("StringNotLike", ["a*"], ["xyz", "abc"], False),
]


@pytest.mark.parametrize(("operator", "wanted", "values", "expected"), SETS)
def test_a_multivalued_key_is_compared_as_a_set(
    operator: str, wanted: Any, values: Any, expected: bool
) -> None:
    context = {} if values is None else {"aws:TagKeys": values}
    assert holds(operator, "aws:TagKeys", wanted, context) is expected


def test_keys_of_a_statement_are_a_conjunction_and_their_values_a_disjunction() -> None:
    condition = {"StringEquals": {"svc:a": ["1", "2"], "svc:b": "3"}, "Bool": {"svc:c": "true"}}
    policies = {"identityPolicies": [doc(allow(Condition=condition))]}
    assert ask(policies, context={"svc:a": "2", "svc:b": "3", "svc:c": True}).allowed
    assert not ask(policies, context={"svc:a": "2", "svc:b": "3", "svc:c": False}).allowed
    assert not ask(policies, context={"svc:a": "2", "svc:b": "4", "svc:c": True}).allowed


def test_names_of_keys_and_tags_ignore_case() -> None:
    assert holds("StringEquals", "AWS:principaltag/TEAM", "red", {"aws:PrincipalTag/team": "red"})


def test_an_operator_works_for_epoch_and_current_time_alike() -> None:
    context = {"aws:EpochTime": 1767225600, "aws:CurrentTime": "2026-01-01T00:00:00Z"}
    for key in context:
        assert holds("DateGreaterThanEquals", key, "2026-01-01T00:00:00Z", context)


def test_the_confused_deputy_keys_bind_a_service() -> None:
    statement = allow(
        "lambda:InvokeFunction",
        "arn:aws:lambda:us-east-1:111122223333:function:f",
        Principal={"Service": "s3.amazonaws.com"},
        Condition={
            "ArnLike": {"aws:SourceArn": "arn:aws:s3:::bkt"},
            "StringEquals": {"aws:SourceAccount": "111122223333"},
        },
    )
    for account, expected in (("111122223333", True), ("444455556666", False)):
        decision = ask(
            {"resourcePolicy": doc(statement)},
            principal="s3.amazonaws.com",
            action="lambda:InvokeFunction",
            resource="arn:aws:lambda:us-east-1:111122223333:function:f",
            context={"aws:SourceArn": "arn:aws:s3:::bkt", "aws:SourceAccount": account},
        )
        assert decision.allowed is expected


def test_the_mfa_pattern_of_the_guide_denies_long_term_keys_only_with_if_exists() -> None:
    for operator, expected in (("Bool", True), ("BoolIfExists", False)):
        barrier = deny(Condition={operator: {"aws:MultiFactorAuthPresent": "false"}})
        assert ask({"identityPolicies": [FULL, doc(barrier)]}).allowed is expected
