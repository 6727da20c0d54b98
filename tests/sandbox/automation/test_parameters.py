from __future__ import annotations

import pytest

from chaoskit.sandbox.automation.document import parse
from chaoskit.sandbox.automation.parameters import InvalidParametersError, bind, unbind

DECLARED = parse(
    """\
schemaVersion: '0.3'
parameters:
  Role: {type: String, allowedPattern: 'arn:.*'}
  Names: {type: StringList, default: [a], maxItems: 2}
  Mode: {type: String, default: fast, allowedValues: [fast, slow]}
  Count: {type: Integer, default: 1}
  Enabled: {type: Boolean, default: false}
  Map: {type: StringMap, default: {}}
  Maps: {type: MapList, default: []}
mainSteps: [{name: nap, action: aws:sleep, inputs: {Duration: PT1S}}]
"""
).parameters


def test_given_values_take_their_declared_type_and_the_rest_their_default() -> None:
    given = {
        "Role": ["arn:x"],
        "Names": ["a", "b"],
        "Count": ["7"],
        "Enabled": ["true"],
        "Map": ['{"k": "v"}'],
        "Maps": ['{"a": 1}', '{"b": 2}'],
    }
    assert bind(DECLARED, given) == {
        "Role": "arn:x",
        "Names": ["a", "b"],
        "Mode": "fast",
        "Count": 7,
        "Enabled": True,
        "Map": {"k": "v"},
        "Maps": [{"a": 1}, {"b": 2}],
    }


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "'Role' is required"),
        ({"Role": ["arn:x"], "Rol": ["x"]}, "the runbook has no parameter 'Rol'"),
        ({"Role": ["x"]}, "does not match 'arn:.\\*'"),
        ({"Role": ["arn:x", "arn:y"]}, "takes one value"),
        ({"Role": ["arn:x"], "Mode": ["warp"]}, "not one of"),
        ({"Role": ["arn:x"], "Count": ["many"]}, "cannot be converted to Integer"),
        ({"Role": ["arn:x"], "Enabled": ["yes"]}, "cannot be converted to Boolean"),
        ({"Role": ["arn:x"], "Names": ["a", "b", "c"]}, "has 3 items, and maxItems is 2"),
        ({"Role": ["arn:x"], "Map": ["{"]}, "is not JSON"),
        ({"Role": ["arn:x"], "Map": ['"text"']}, "is no StringMap"),
    ],
)
def test_a_value_that_does_not_fit_is_explained(given: dict[str, list[str]], words: str) -> None:
    with pytest.raises(InvalidParametersError, match=words):
        bind(DECLARED, given)


def test_every_misfit_is_named_at_once() -> None:
    with pytest.raises(
        InvalidParametersError, match=r"no parameter 'X'.*'Role' is required.*'Count' is not valid"
    ):
        bind(DECLARED, {"X": ["1"], "Count": ["x"]})


def test_values_are_shown_as_lists_of_strings() -> None:
    assert [unbind(value) for value in ("a", 3, True, ["a", "b"], {"k": 1}, None)] == [
        ["a"],
        ["3"],
        ["true"],
        ["a", "b"],
        ['{"k": 1}'],
        [],
    ]
