from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from chaoskit.permissions.statements import Grant, Scope, fitting, written

ROLE = "arn:aws:iam::444455556666:role/a"
OTHER = "arn:aws:iam::444455556666:role/b"
USER = "arn:aws:iam::444455556666:user/u"
BUCKET = "arn:aws:s3:::data"


def test_actions_on_the_same_resource_share_a_statement() -> None:
    grants = {Grant("iam:AttachRolePolicy", ROLE), Grant("iam:PutRolePolicy", ROLE)}
    assert written({"Inject": grants}).document == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Inject",
                "Effect": "Allow",
                "Action": ["iam:AttachRolePolicy", "iam:PutRolePolicy"],
                "Resource": ROLE,
            }
        ],
    }


def test_actions_share_a_statement_when_neither_can_use_the_others_resource() -> None:
    grants = {
        Grant("iam:AttachRolePolicy", ROLE),
        Grant("iam:CreateAccessKey", USER),
        Grant("s3:PutBucketAcl", BUCKET),
    }
    (statement,) = written({"Inject": grants}).document["Statement"]
    assert statement["Resource"] == [ROLE, USER, BUCKET]


def test_no_action_gets_a_resource_that_it_could_use_but_does_not_need() -> None:
    grants = {Grant("iam:AttachRolePolicy", ROLE), Grant("iam:PutRolePolicy", OTHER)}
    first, second = written({"Inject": grants}).document["Statement"]
    assert (first["Sid"], first["Action"], first["Resource"]) == ("Inject", "iam:AttachRolePolicy", ROLE)
    assert (second["Sid"], second["Action"], second["Resource"]) == ("Inject2", "iam:PutRolePolicy", OTHER)


def test_an_action_on_anything_does_not_lend_it_to_others() -> None:
    grants = {Grant("events:TestEventPattern", "*"), Grant("iam:AttachRolePolicy", ROLE)}
    resources = {json.dumps(each["Resource"]) for each in written({"Read": grants}).document["Statement"]}
    assert resources == {'"*"', json.dumps(ROLE)}


def test_a_condition_keeps_its_grant_apart() -> None:
    passed = Grant("iam:PassRole", ROLE, (("iam:PassedToService", "lambda.amazonaws.com"),))
    statements = written({"Inject": {passed, Grant("iam:GetRole", ROLE)}}).document["Statement"]
    assert [each.get("Condition") for each in statements] == [
        None,
        {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
    ]


def test_a_policy_that_is_too_long_widens_step_by_step() -> None:
    grants = {Grant("iam:PutRolePolicy", f"arn:aws:iam::444455556666:role/{n}") for n in range(40)}
    groups = {"Inject": grants | {Grant("iam:PutUserPolicy", USER)}}
    assert [each.scope for each in fitting(groups, 10_000)] == list(Scope)
    narrowest = fitting(groups, 200)[0]
    assert narrowest.scope is Scope.ACTIONS
    assert narrowest.document["Statement"][0]["Action"] == ["iam:PutRolePolicy", "iam:PutUserPolicy"]
    assert written(groups, Scope.VERBS).document["Statement"][0]["Action"] == "iam:Put*"
    assert written(groups, Scope.SERVICES).document["Statement"][0]["Action"] == "iam:*"
    assert fitting(groups, 20) == []


def test_the_size_counts_no_white_space() -> None:
    policy = written({"Read": {Grant("iam:GetRole", ROLE)}})
    assert json.loads(policy.text) == policy.document
    assert " " not in policy.text


ACTIONS = [
    "iam:AttachRolePolicy",
    "iam:PutRolePolicy",
    "iam:CreateAccessKey",
    "s3:GetBucketAcl",
    "s3:GetObject",
]
RESOURCES = [ROLE, OTHER, USER, BUCKET, f"{BUCKET}/*", "*"]


@given(st.sets(st.builds(Grant, st.sampled_from(ACTIONS), st.sampled_from(RESOURCES)), min_size=1))
def test_everything_that_is_needed_is_granted_and_sids_are_unique(grants: set[Grant]) -> None:
    statements = written({"Inject": grants}).document["Statement"]
    assert len({each["Sid"] for each in statements}) == len(statements)
    for grant in grants:
        assert any(
            grant.action in _listed(each["Action"]) and grant.resource in _listed(each["Resource"])
            for each in statements
        )


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
