from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chaoskit.sandbox.events.transform import UnreadablePath, target_input

EVENT: dict[str, Any] = {
    "id": "e-1",
    "source": "aws.iam",
    "resources": ["arn:a", "arn:b"],
    "detail": {
        "requestParameters": {"roleName": "training", "policyArn": "arn:p"},
        "a-b": {"c/d": 1},
        "items": [{"n": 1}, {"n": 2}],
        "said": 'she said "no"',
        "nothing": None,
    },
}


def sent(**target: Any) -> str:
    return target_input(
        target,
        EVENT,
        rule_arn="arn:aws:events:us-east-1:444455556666:rule/r",
        rule_name="r",
        ingested=datetime(2024, 8, 1, 13, 33, 28, tzinfo=UTC),
    )


def filled(template: str, **paths: str) -> str:
    return sent(InputTransformer={"InputTemplate": template, "InputPathsMap": paths})


def test_without_anything_the_whole_event_is_sent() -> None:
    assert json.loads(sent()) == EVENT


def test_a_constant_input_is_sent_as_it_is() -> None:
    assert sent(Input='{"a": 1}') == '{"a": 1}'


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", EVENT),
        ("$.detail.requestParameters", {"roleName": "training", "policyArn": "arn:p"}),
        ("$.detail['a-b']['c/d']", 1),
        ("$.detail.a-b.c/d", 1),
        ("$.resources[1]", "arn:b"),
        ("$.detail.items[*].n", [1, 2]),
        ("$.detail.nowhere", None),
        ("$.resources[9]", None),
    ],
)
def test_an_input_path_sends_a_part(path: str, value: Any) -> None:
    assert json.loads(sent(InputPath=path)) == value


def test_a_path_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(UnreadablePath):
        sent(InputPath="detail.x")


def test_a_variable_on_its_own_is_json_and_in_quotes_is_text() -> None:
    template = '{"RoleName": [<role>], "note": "role <role> of <source>", "all": <params>, "none": <none>}'
    assert json.loads(
        filled(
            template,
            role="$.detail.requestParameters.roleName",
            source="$.source",
            params="$.detail.requestParameters",
            none="$.detail.nothing",
        )
    ) == {
        "RoleName": ["training"],
        "note": "role training of aws.iam",
        "all": EVENT["detail"]["requestParameters"],
        "none": None,
    }


def test_quotes_in_a_value_do_not_break_the_text_around_it() -> None:
    assert json.loads(filled('{"x": "<said>!"}', said="$.detail.said")) == {"x": 'she said "no"!'}


def test_a_variable_that_the_event_does_not_have_becomes_empty() -> None:
    assert json.loads(filled('{"x": "a<gone>b", "y": <gone>}', gone="$.detail.gone")) == {"x": "ab", "y": ""}


def test_the_reserved_variables_are_filled_in() -> None:
    template = (
        '{"arn": "<aws.events.rule-arn>", "name": "<aws.events.rule-name>", "event": <aws.events.event>,'
        ' "json": <aws.events.event.json>, "at": "<aws.events.event.ingestion-time>"}'
    )
    got = json.loads(filled(template))
    assert got["arn"] == "arn:aws:events:us-east-1:444455556666:rule/r"
    assert got["name"] == "r"
    assert got["event"] == {"id": "e-1", "source": "aws.iam", "resources": ["arn:a", "arn:b"]}
    assert got["json"] == EVENT
    assert got["at"] == "2024-08-01T13:33:28Z"
