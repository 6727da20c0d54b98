from __future__ import annotations

from typing import Any

import pytest

from tests.policy.support import ALICE, FULL, SESSION, allow, ask, deny, doc, holds


def reads(pattern: str, resource: str, context: dict[str, Any] | None = None, **more: Any) -> bool:
    version = more.pop("version", "2012-10-17")
    policies = {"identityPolicies": [doc(allow("s3:GetObject", pattern), version=version)]}
    return ask(policies, resource=resource, context=context, **more).allowed


@pytest.mark.parametrize(
    ("pattern", "resource", "expected"),
    [
        ("arn:aws:s3:::bkt/${aws:username}/*", "arn:aws:s3:::bkt/alice/x", True),
        ("arn:aws:s3:::bkt/${aws:UserName}/*", "arn:aws:s3:::bkt/alice/x", True),
        ("arn:aws:s3:::bkt/${ aws:username }/*", "arn:aws:s3:::bkt/alice/x", True),
        ("arn:aws:s3:::bkt/${aws:username}/*", "arn:aws:s3:::bkt/bob/x", False),
        ("arn:aws:s3:::bkt/${aws:PrincipalTag/t}/*", "arn:aws:s3:::bkt//x", False),
        ("arn:aws:s3:::bkt/${aws:PrincipalTag/t, 'all'}/x", "arn:aws:s3:::bkt/all/x", True),
        ("arn:aws:s3:::bkt/${aws:PrincipalTag/t, ''}/x", "arn:aws:s3:::bkt//x", True),
        ("arn:aws:s3:::bkt/${aws:PrincipalTag/t, '*'}/x", "arn:aws:s3:::bkt/any/x", False),
        ("arn:aws:s3:::bkt/${*}", "arn:aws:s3:::bkt/*", True),
        ("arn:aws:s3:::bkt/${*}", "arn:aws:s3:::bkt/x", False),
        ("arn:aws:s3:::bkt/${?}", "arn:aws:s3:::bkt/?", True),
        ("arn:aws:s3:::bkt/${?}", "arn:aws:s3:::bkt/x", False),
        ("arn:aws:s3:::bkt/${$}{aws:username}", "arn:aws:s3:::bkt/${aws:username}", True),
        ("arn:aws:s3:::bkt/${aws:username", "arn:aws:s3:::bkt/${aws:username", True),
        ("arn:aws:iam::${aws:PrincipalAccount}:user/x", "arn:aws:iam::111122223333:user/x", False),
    ],
)
def test_a_variable_in_a_resource_is_replaced_by_the_request(
    pattern: str, resource: str, expected: bool
) -> None:
    assert reads(pattern, resource) is expected


def test_a_value_with_wildcard_characters_stays_text() -> None:
    pattern = "arn:aws:s3:::bkt/${aws:PrincipalTag/dir}/x"
    context = {"aws:PrincipalTag/dir": "*"}
    assert not reads(pattern, "arn:aws:s3:::bkt/secret/x", context)
    assert reads(pattern, "arn:aws:s3:::bkt/*/x", context)


def test_a_value_beats_the_default() -> None:
    pattern = "arn:aws:s3:::bkt/${aws:PrincipalTag/team, 'all'}"
    assert reads(pattern, "arn:aws:s3:::bkt/red", {"aws:PrincipalTag/team": "red"})
    assert not reads(pattern, "arn:aws:s3:::bkt/all", {"aws:PrincipalTag/team": "red"})


def test_a_key_with_several_values_is_no_variable() -> None:
    pattern = "arn:aws:s3:::bkt/${aws:TagKeys}"
    assert reads(pattern, "arn:aws:s3:::bkt/a", {"aws:TagKeys": ["a"]})
    assert not reads(pattern, "arn:aws:s3:::bkt/a", {"aws:TagKeys": ["a", "b"]})


@pytest.mark.parametrize("version", ["2008-10-17"])
def test_variables_are_plain_text_in_the_old_version(version: str) -> None:
    pattern = "arn:aws:s3:::bkt/${aws:username}"
    assert not reads(pattern, "arn:aws:s3:::bkt/alice", version=version)
    assert reads(pattern, "arn:aws:s3:::bkt/${aws:username}", version=version)
    assert not holds("StringEquals", "svc:k", "${aws:username}", {"svc:k": "alice"}, version=version)


def test_a_missing_version_is_the_old_version() -> None:
    statement = allow("s3:GetObject", "arn:aws:s3:::bkt/${aws:username}")
    decision = ask({"identityPolicies": [{"Statement": statement}]}, resource="arn:aws:s3:::bkt/alice")
    assert not decision.allowed


@pytest.mark.parametrize(
    ("operator", "wanted", "value", "expected"),
    [
        ("StringEquals", "${aws:username}", "alice", True),
        ("StringEquals", "${aws:PrincipalTag/none}", "", False),
        ("StringNotEquals", "${aws:PrincipalTag/none}", "red", True),
        ("StringNotLike", "${aws:PrincipalTag/none}*", "red", True),
        ("StringEqualsIgnoreCase", "${aws:username}", "ALICE", True),
        ("StringLike", "${aws:username}-*", "alice-1", True),
        ("StringLike", ["x", "${aws:username}"], "x", True),
        ("StringLike", "a${*}c", "abc", False),
        ("StringLike", "a${*}c", "a*c", True),
        ("StringEquals", "a${*}c", "a*c", True),
        ("ArnLike", "arn:aws:iam::${aws:PrincipalAccount}:role/*", "arn:aws:iam::111122223333:role/r", True),
        ("ArnEquals", "${aws:PrincipalArn}", ALICE, True),
        ("ForAnyValue:StringEquals", "${aws:username}", ["x", "alice"], True),
        ("ForAllValues:StringNotEquals", "${aws:username}", ["x", "alice"], False),
        ("NumericEquals", "${svc:k}", "5", False),
        ("IpAddress", "${svc:k}", "192.0.2.1", False),
    ],
)
def test_a_variable_in_a_condition_counts_for_text_and_arns(
    operator: str, wanted: Any, value: Any, expected: bool
) -> None:
    assert holds(operator, "svc:k", wanted, {"svc:k": value}) is expected


def test_a_not_resource_with_a_valueless_variable_spares_nothing() -> None:
    statement = {
        "Effect": "Deny",
        "Action": "s3:*",
        "NotResource": "arn:aws:s3:::bkt/${aws:PrincipalTag/t}/*",
    }
    decision = ask({"identityPolicies": [FULL, doc(statement)]}, resource="arn:aws:s3:::bkt/t/x")
    assert decision.kind == "explicit"


def test_abac_compares_the_tags_of_both_sides() -> None:
    condition = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    policies = {"identityPolicies": [doc(allow("ec2:*", Condition=condition))]}
    instance = "arn:aws:ec2:us-east-1:111122223333:instance/i-1"
    for mine, theirs, expected in (("red", "red", True), ("red", "blue", False), (None, "red", False)):
        context = {"aws:ResourceTag/team": theirs, "aws:PrincipalTag/team": mine}
        decision = ask(policies, action="ec2:StopInstances", resource=instance, context=context)
        assert decision.allowed is expected


def test_a_session_has_no_user_name() -> None:
    assert not reads("arn:aws:s3:::bkt/${aws:username}", "arn:aws:s3:::bkt/s1", principal=SESSION)


def test_the_old_version_denies_with_variables_as_plain_text() -> None:
    barrier = deny("s3:GetObject", "arn:aws:s3:::bkt/${aws:username}")
    policies = {"identityPolicies": [FULL, doc(barrier, version="2008-10-17")]}
    assert ask(policies, resource="arn:aws:s3:::bkt/alice").allowed
