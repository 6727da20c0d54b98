"""What S3 calls a public policy (Amazon S3 User Guide, Blocking public access, The meaning of "public")."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chaoskit.permissions.public_policy import is_public

READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}


def document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{**READ, **statement}]})


@pytest.mark.parametrize(
    "statement",
    [
        {"Principal": "*"},
        {"Principal": {"AWS": "*"}},
        {"Principal": {"AWS": ["arn:aws:iam::111122223333:root", "*"]}},
        {"Principal": "*", "Condition": {"StringLike": {"aws:SourceVpc": "vpc-*"}}},
        {"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}},
        {"Principal": "*", "Condition": {"StringNotEquals": {"aws:SourceVpc": "vpc-91237329"}}},
        {"Principal": "*", "Condition": {"StringEqualsIfExists": {"aws:SourceVpc": "vpc-91237329"}}},
        {"Principal": "*", "Condition": {"StringEquals": {"aws:UserAgent": "fixed"}}},
        {"NotPrincipal": {"AWS": "arn:aws:iam::111122223333:root"}},
    ],
)
def test_access_for_everyone_is_public(statement: dict[str, Any]) -> None:
    assert is_public(document(**statement))


@pytest.mark.parametrize(
    "statement",
    [
        {"Principal": {"AWS": "arn:aws:iam::111122223333:root"}},
        {"Principal": {"Service": "cloudtrail.amazonaws.com"}},
        {"Principal": "*", "Effect": "Deny"},
        {"Principal": "*", "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-91237329"}}},
        {"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}},
        {"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "10.0.0.0/8"]}}},
        {
            "Principal": "*",
            "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:sns:us-east-1:111122223333:*"}},
        },
    ],
)
def test_access_for_a_fixed_set_is_not_public(statement: dict[str, Any]) -> None:
    assert not is_public(document(**statement))


def test_one_public_statement_makes_the_policy_public() -> None:
    closed = {**READ, "Principal": {"AWS": "arn:aws:iam::111122223333:root"}}
    assert is_public(json.dumps({"Statement": [closed, {**READ, "Principal": "*"}]}))


def test_what_cannot_be_read_is_not_public() -> None:
    assert not is_public("{")
    assert not is_public("[]")
