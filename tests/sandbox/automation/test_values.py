from __future__ import annotations

import pytest

from chaoskit.sandbox.automation.values import ConversionError, Type, convert, resolve

VALUES = {"name": "role-1", "names": ["a", "b"], "on": True, "count": 3, "map": {"k": "v"}}


@pytest.mark.parametrize(
    ("value", "kind", "converted"),
    [
        (3, Type.STRING, "3"),
        (True, Type.STRING, "true"),
        ("a", Type.STRING_LIST, ["a"]),
        (3, Type.STRING_LIST, ["3"]),
        ([1, 2], Type.STRING_LIST, ["1", "2"]),
        ("42", Type.INTEGER, 42),
        ("True", Type.BOOLEAN, True),
        (["only"], Type.STRING, "only"),
        (["7"], Type.INTEGER, 7),
        ({"k": 1}, Type.STRING_MAP, {"k": 1}),
        ([{"k": 1}], Type.MAP_LIST, [{"k": 1}]),
    ],
)
def test_documented_conversions_are_made(value: object, kind: Type, converted: object) -> None:
    assert convert(value, kind) == converted


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"k": 1}, Type.STRING),
        (["a", "b"], Type.STRING),
        ("many", Type.INTEGER),
        ("yes", Type.BOOLEAN),
        (1, Type.BOOLEAN),
        (True, Type.INTEGER),
        ("{}", Type.STRING_MAP),
    ],
)
def test_any_other_conversion_is_refused(value: object, kind: Type) -> None:
    with pytest.raises(ConversionError, match=f"cannot be converted to {kind}"):
        convert(value, kind)


def test_a_lone_reference_keeps_its_type_and_an_embedded_one_becomes_text() -> None:
    given = {
        "whole": "{{ names }}",
        "flag": "{{on}}",
        "inside": "arn:{{ name }}:{{ count }}:{{ on }}",
        "map": "<{{ map }}>",
    }
    assert resolve(given, VALUES.__getitem__) == {
        "whole": ["a", "b"],
        "flag": True,
        "inside": "arn:role-1:3:true",
        "map": '<{"k": "v"}>',
    }


def test_what_a_reference_holds_is_not_resolved_again() -> None:
    assert resolve("{{ evil }}", {"evil": "{{ name }}"}.__getitem__) == "{{ name }}"
