from __future__ import annotations

from typing import Any

import pytest

from chaoskit.sandbox.automation import condition
from chaoskit.sandbox.automation.values import ConversionError

VALUES = {"os": "Windows", "n": 5, "ok": True, "text": "5", "flag": "false"}


def holds(given: dict[str, Any]) -> bool:
    return condition.holds(given, VALUES.__getitem__)


@pytest.mark.parametrize(
    ("variable", "operator", "true_for", "false_for"),
    [
        ("os", "StringEquals", "Windows", "windows"),
        ("os", "EqualsIgnoreCase", "wINDOWS", "Linux"),
        ("os", "StartsWith", "Win", "dows"),
        ("os", "EndsWith", "dows", "Win"),
        ("os", "Contains", "ndo", "x"),
        ("n", "NumericEquals", 5, 6),
        ("n", "NumericGreater", 4, 5),
        ("n", "NumericLesser", 6, 5),
        ("n", "NumericGreaterOrEquals", 5, 6),
        ("n", "NumericLesserOrEquals", "5", 4),
        ("text", "NumericEquals", 5.0, 4),
        ("ok", "BooleanEquals", True, False),
        ("flag", "BooleanEquals", False, "true"),
    ],
)
def test_each_operation_tells_true_from_false(
    variable: str, operator: str, true_for: object, false_for: object
) -> None:
    reference = f"{{{{ {variable} }}}}"
    assert holds({"Variable": reference, operator: true_for})
    assert not holds({"Variable": reference, operator: false_for})


def test_every_operation_is_covered_by_the_test_above() -> None:
    mark = next(iter(test_each_operation_tells_true_from_false.pytestmark))  # type: ignore[attr-defined]
    assert {case[1] for case in mark.args[1]} == set(condition.OPERATORS)


def test_and_or_and_not_nest() -> None:
    windows = {"Variable": "{{ os }}", "StringEquals": "Windows"}
    many = {"Variable": "{{ n }}", "NumericGreater": 10}
    assert not holds({"And": [windows, many]})
    assert holds({"Or": [many, windows]})
    assert holds({"And": [{"Not": many}, {"Or": [windows, many]}]})


def test_the_operand_may_be_a_reference_too() -> None:
    assert holds({"Variable": "{{ n }}", "NumericEquals": "{{ text }}"})


def test_a_number_operation_on_text_is_an_error_rather_than_false() -> None:
    with pytest.raises(ConversionError, match="not a number"):
        holds({"Variable": "{{ os }}", "NumericEquals": 1})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"Variable": "{{ os }}", "StringMatches": "x"}, "'StringMatches' is no operation"),
        ({"Variable": "{{ os }}"}, "exactly one operation"),
        ({"StringEquals": "x"}, "needs a Variable"),
        ({"Variable": "x", "StringEquals": "x", "Contains": "y"}, "exactly one operation, this has 2"),
        ({"And": []}, "And takes a list"),
        ({"Not": "x"}, "must be a mapping"),
        ({"And": [{"Variable": "x"}], "Or": []}, "either a Variable"),
    ],
)
def test_a_malformed_condition_is_explained(given: dict[str, Any], words: str) -> None:
    assert any(words in message for _, message in condition.problems(given, ()))
