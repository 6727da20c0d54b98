from __future__ import annotations

import pytest

from chaoskit.policy import Kind, compile_policy
from tests.policy.support import FULL, allow, ask, deny, doc


@pytest.mark.parametrize(
    ("pattern", "action", "expected"),
    [
        ("*", "s3:GetObject", True),
        ("*:*", "s3:GetObject", True),
        ("s3:*", "s3:GetObject", True),
        ("S3:getobject", "s3:GetObject", True),
        ("s3:Get*", "S3:GETOBJECT", True),
        ("s3:Get*", "s3:PutObject", False),
        ("s3:*Object", "s3:GetObject", True),
        ("s3:G*t*ject", "s3:GetObject", True),
        ("s3:GetObjec?", "s3:GetObject", True),
        ("s3:GetObject?", "s3:GetObject", False),
        ("s3:Get", "s3:GetObject", False),
        ("s3:*", "s3-object-lambda:GetObject", False),
    ],
)
def test_an_action_pattern_ignores_case_and_knows_wildcards(
    pattern: str, action: str, expected: bool
) -> None:
    assert ask({"identityPolicies": [doc(allow(pattern))]}, action=action).allowed is expected
    barrier = {"Effect": "Deny", "NotAction": pattern, "Resource": "*"}
    assert ask({"identityPolicies": [FULL, doc(barrier)]}, action=action).allowed is expected


def test_an_allow_with_not_action_leaves_the_listed_ones_out() -> None:
    policies = {
        "identityPolicies": [doc({"Effect": "Allow", "NotAction": ["iam:*", "s3:*"], "Resource": "*"})]
    }
    assert ask(policies, action="ec2:RunInstances").allowed
    assert not ask(policies, action="S3:GetObject").allowed


def test_only_statements_about_the_action_are_looked_at() -> None:
    statements = [allow(f"s3:Put{number}*") for number in range(500)]
    policy = compile_policy(doc(*statements, allow("s3:GetObject"), deny("ec2:*")), Kind.IDENTITY)
    assert tuple(map(len, policy.candidates("s3:getobject"))) == (0, 1)
    assert tuple(map(len, policy.candidates("ec2:runinstances"))) == (1, 0)


def test_remembering_actions_is_bounded() -> None:
    policy = compile_policy(doc(allow("s3:*")), Kind.IDENTITY)
    for number in range(5000):
        policy.candidates(f"s3:made-up-{number}")
    assert len(policy._remembered) <= 2048
