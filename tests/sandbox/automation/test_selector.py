from __future__ import annotations

import pytest

from chaoskit.sandbox.automation.selector import MISSING, InvalidSelectorError, compile_selector

RESPONSE = {
    "Reservations": [
        {"Instances": [{"InstanceId": "i-1", "State": {"Name": "running"}}]},
        {"Instances": [{"InstanceId": "i-2", "State": {"Name": "stopped"}}]},
    ],
    "Tags": [{"Key": "Name", "Value": "web"}, {"Key": "Size", "Value": 3}],
    "x-key": {"a.b": 1, "none": None},
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", RESPONSE),
        ("$.Reservations[0].Instances[0].State.Name", "running"),
        ("$.Reservations[-1].Instances[0].InstanceId", "i-2"),
        ("$.Reservations[*].Instances[*].InstanceId", ["i-1", "i-2"]),
        ("$..InstanceId", ["i-1", "i-2"]),
        ("$.Tags[?(@.Key == 'Name')].Value", ["web"]),
        ("$.Tags[?(@.Value > 2)].Key", ["Size"]),
        ("$.Tags[?(@.Missing)].Key", []),
        ("$.Tags[0:1].Key", ["Name"]),
        ("$['x-key']['a.b']", 1),
        ("$.x-key.none", None),
        ("$.x-key.*", [1, None]),
    ],
)
def test_a_selector_finds_what_the_path_names(path: str, found: object) -> None:
    assert compile_selector(path).find(RESPONSE) == found


@pytest.mark.parametrize("path", ["$.Nothing", "$.Reservations[9]", "$.Tags.Key", "$.x-key['a.b'].deeper"])
def test_a_path_to_one_place_that_is_not_there_is_missing_rather_than_null(path: str) -> None:
    assert compile_selector(path).find(RESPONSE) is MISSING


@pytest.mark.parametrize("path", ["Reservations[0]", "$.a[", "$.a[?(@.b == c)]", "$.a b", "$.a[?(length)]"])
def test_a_path_that_cannot_be_read_is_refused(path: str) -> None:
    with pytest.raises(InvalidSelectorError, match=r"selector|filter"):
        compile_selector(path)
