"""The schedules that Secrets Manager takes for rotation, and what it tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.aws import refusal

if TYPE_CHECKING:
    from tests.sandbox.aws import Aws

FUNCTION = "arn:aws:lambda:us-east-1:444455556666:function:rotates"


@pytest.fixture(scope="module")
def secrets(aws: Aws) -> Any:
    client = aws.client("secretsmanager")
    client.create_secret(Name="a-secret", SecretString="a value")
    return client


def asked(**rules: Any) -> dict[str, Any]:
    return {
        "SecretId": "a-secret",
        "RotationLambdaARN": FUNCTION,
        "RotationRules": rules,
        "RotateImmediately": False,
    }


def test_an_expression_and_its_window_are_told_as_given(secrets: Any) -> None:
    given = {"ScheduleExpression": "cron(0 4 1 * ? *)", "Duration": "2h"}
    secrets.rotate_secret(**asked(**given))
    assert secrets.describe_secret(SecretId="a-secret")["RotationRules"] == given
    (listed,) = secrets.list_secrets()["SecretList"]
    assert listed["RotationRules"] == given
    secrets.rotate_secret(**asked(AutomaticallyAfterDays=7))
    assert secrets.describe_secret(SecretId="a-secret")["RotationRules"] == {"AutomaticallyAfterDays": 7}


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"AutomaticallyAfterDays": 7, "ScheduleExpression": "rate(7 days)"}, "cannot specify both"),
        ({"ScheduleExpression": "rate(sometimes)"}, "Invalid Schedule Expression"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(secrets: Any, rules: dict[str, Any], words: str) -> None:
    code, message, _ = refusal(secrets.rotate_secret, **asked(**rules))
    assert code == "InvalidParameterException"
    assert words in message


def test_a_rotation_that_is_under_way_keeps_off_the_next(secrets: Any) -> None:
    secrets.put_secret_value(SecretId="a-secret", SecretString="the next", VersionStages=["AWSPENDING"])
    code, message, _ = refusal(secrets.rotate_secret, **asked(AutomaticallyAfterDays=7))
    assert (code, message) == (
        "InvalidRequestException",
        "A previous rotation isn't complete. That rotation will be reattempted.",
    )
