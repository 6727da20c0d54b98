from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sigma.collection import SigmaCollection
from sigma.rule import SigmaRule

from chaoskit.sandbox.detect import match_sigma

ATTACHED = {
    "eventSource": "iam.amazonaws.com",
    "eventName": "AttachRolePolicy",
    "userIdentity": {"type": "AssumedRole", "sessionContext": {"attributes": {"mfaAuthenticated": "false"}}},
    "requestParameters": {"roleName": "training", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
    "responseElements": None,
}
OPENED = {
    "requestParameters": {
        "ipPermissions": {
            "items": [
                {"fromPort": 443, "ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}]}},
                {"fromPort": 22, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}},
            ]
        }
    }
}


def rule(condition: str | list[str] = "selection", **detections: Any) -> dict[str, Any]:
    return {
        "title": "A rule",
        "logsource": {"product": "aws", "service": "cloudtrail"},
        "detection": {**detections, "condition": condition},
    }


def sees(selection: Any, event: dict[str, Any]) -> bool:
    return match_sigma(rule(selection=selection), event)


@pytest.mark.parametrize(
    ("key", "wanted", "found", "missed"),
    [
        ("f", "Stop", "stop", "stops"),
        ("f", "st?p", "STEP", "stp"),
        ("f", "a*c*e", "abcde", "abcdef"),
        ("f", "a*b?", "axbyb1", "axb"),
        ("f", "*aba*ab", "abaab", "abab!"),
        ("f", "*", "", None),
        ("f", "", "", "x"),
        ("f", r"a\*b", "a*b", "axb"),
        ("f", r"\?", "?", "x"),
        ("f", r"c:\\*", r"c:\windows", "c:windows"),
        ("f", r"c:\dir", r"C:\DIR", "c:dir"),
        ("f", ["one", "two"], "two", "three"),
        ("f", 5, 5, 6),
        ("f", 5, "5", True),
        ("f", 1, 1.0, True),
        ("f", "5", 5, 55),
        ("f", "true", True, False),
        ("f", True, "TRUE", "yes"),
        ("f", False, False, None),
        ("f|cased", "Stop", "Stop", "stop"),
        ("f|cased|contains", "Sto", "xStop", "xstop"),
        ("f|contains", "Admin", "xadminx", "adm"),
        ("f|contains", "a*z", "1a2z3", "z1a"),
        ("f|contains|all", ["a", "b"], "xbxa", "xb"),
        ("f|startswith", "Admin", "administrator", "xadmin"),
        ("f|startswith", ["x", "y"], "yes", "no"),
        ("f|endswith", "Access", "fullaccess", "accesses"),
        ("f|endswith", "a?c", "xxabc", "xxac"),
        ("f|re", "^ab+$", "abb", "ABB"),
        ("f|re", "b.d", "abcde", "b\nd"),
        ("f|re|i", "^ab$", "AB", "ABC"),
        ("f|re|s", "b.d", "b\nd", "bd"),
        ("f|re|m", "^d$", "c\nd", "cd"),
        ("f|re|i|m|s", "^d.E$", "c\nd\ne", "cde"),
        ("f|re", "^(?!admin)", "user", "admin"),
        ("f|re", r"(a)\1", "aa", "ab"),
        ("f|re", r"^\pL+\z", "é", "1"),
        ("f|re|startswith", "b|c", "cx", "xc"),
        ("f|re|endswith", "b|c", "xc", "cx"),
        ("f|re|contains", "b|c", "xcx", "x"),
        ("f|cidr", "10.0.0.0/8", "10.1.2.3", "11.1.2.3"),
        ("f|cidr", "2001:db8::/32", "2001:db8::1", "10.0.0.1"),
        ("f|cidr", ["10.0.0.0/8", "192.168.0.0/16"], "192.168.3.4", "AWS Internal"),
        ("f|exists", True, 0, None),
        ("f|exists", True, {}, []),
        ("f|exists", False, None, ""),
        ("f", None, None, ""),
        ("f", None, [None], "x"),
        ("f", [None, ""], "", "x"),
        ("f", [None, "a"], None, "b"),
        ("f|lt", 5, 4, 5),
        ("f|lte", 5, 5.0, 5.1),
        ("f|gt", 5, "5.5", "five"),
        ("f|gte", 5, 5, True),
        ("f|neq", "a", "b", "A"),
        ("f|contains|neq", "a", "b", "xax"),
        ("f|base64", "foo", "Zm9v", "foo"),
        ("f|base64|contains", "foobar", "x Zm9vYmFy y", "foobar"),
        (
            "f|wide|base64offset|contains",
            "ping",
            base64.b64encode(b"x" + "ping".encode("utf-16le")).decode(),
            "ping",
        ),
        ("f|utf16|base64|startswith", "ab", base64.b64encode("ab".encode("utf-16")).decode(), "YWI="),
        ("f|utf16be|base64", "ab", base64.b64encode("ab".encode("utf-16-be")).decode(), "YWI="),
        ("f|windash|contains", " -enc", "x /enc", "x enc"),
        ("f|windash|contains|all", [" -a", " -b"], "x \u2013a /b", "x -a"),
        ("f|minute", 30, "2024-05-01T10:30:00Z", "2024-05-01T10:31:00Z"),
        ("f|hour|gte", 22, "2024-05-01T22:05:00Z", "2024-05-01T21:59:59Z"),
        ("f|hour", 22, "2024-05-01T23:05:00+01:00", "not a time"),
        ("f|day", 1, 1714557600, 1714644000),
        ("f|week", 18, 1714557600000, "2024-05-06"),
        ("f|month|lt", 6, "2024-05-31", "2024-06-01"),
        ("f|year", 2024, "2024-05-31", 99999999999999999),
        ("f|expand", "50%", "50%", "50"),
    ],
)
def test_a_value_matches_what_its_modifiers_say_and_nothing_near(
    key: str, wanted: Any, found: Any, missed: Any
) -> None:
    assert sees({key: wanted}, {"f": found})
    assert not sees({key: wanted}, {"f": missed})


@given(st.binary(max_size=8), st.text("abcXYZ09/+", min_size=3, max_size=8), st.binary(max_size=8))
def test_base64offset_finds_a_text_wherever_it_lies_in_what_was_encoded(
    before: bytes, text: str, after: bytes
) -> None:
    encoded = base64.b64encode(before + text.encode() + after).decode()
    assert sees({"f|base64offset|contains": text}, {"f": encoded})


@given(st.lists(st.sampled_from(["a", "b", "*", "?"]), max_size=7).map("".join), st.text("abA", max_size=9))
def test_wildcards_match_as_a_walk_over_both_texts_would(pattern: str, text: str) -> None:
    def walk(p: int, t: int) -> bool:
        if p == len(pattern):
            return t == len(text)
        if pattern[p] == "*":
            return walk(p + 1, t) or (t < len(text) and walk(p, t + 1))
        return t < len(text) and pattern[p] in ("?", text[t].lower()) and walk(p + 1, t + 1)

    assert sees({"f": pattern}, {"f": text}) == walk(0, 0)


def test_a_wildcard_pattern_made_to_be_slow_is_not() -> None:
    assert not sees({"f": "*a" * 30 + "b"}, {"f": "a" * 5000})


def test_a_dotted_name_reaches_into_objects_and_any_element_of_arrays() -> None:
    path = "requestParameters.ipPermissions.items"
    assert sees({f"{path}.ipRanges.items.cidrIp": "0.0.0.0/0", f"{path}.fromPort": 22}, OPENED)
    assert not sees({f"{path}.ipRanges.items.cidrIp": "192.168.0.0/16"}, OPENED)
    assert sees({"a.b": 1}, {"a": [[{"b": 2}], {"b": [3, [1]]}]})


def test_a_dotted_name_is_found_as_a_key_too() -> None:
    assert sees({"user.id": "ann"}, {"user.id": "ann"})
    assert sees({"a.user.id": "ann"}, {"a": {"user.id": "ann"}})


def test_all_values_of_a_field_may_come_from_different_elements() -> None:
    assert sees({"f|all": ["a", "b"]}, {"f": ["b", "c", "a"]})
    assert not sees({"f|all": ["a", "d"]}, {"f": ["b", "c", "a"]})


def test_an_object_is_searched_as_compact_json() -> None:
    assert sees({"requestParameters|contains": '"policyarn":"arn:aws:iam::aws'}, ATTACHED)
    assert sees({"requestParameters": "*"}, ATTACHED)


def test_a_policy_inside_a_searched_object_is_read_as_it_was_written() -> None:
    policy = '{"Statement": [{"Effect": "Allow", "Resource": ["arn:aws:s3:::<YOUR-BUCKET-NAME>/*"]}]}'
    event = {"requestParameters": {"userName": "x", "policyDocument": policy}}
    wanted = ['"arn:aws:s3:::<YOUR-BUCKET-NAME>/*"', '"Allow"', '"userName":"x"']
    assert sees({"requestParameters|contains|all": wanted}, event)
    assert not sees({"requestParameters|contains": '"Deny"'}, event)


def test_null_fields_of_a_record_count_as_absent() -> None:
    assert sees({"responseElements": None, "errorCode": None}, ATTACHED)
    assert sees({"responseElements|exists": False}, ATTACHED)
    assert not sees({"responseElements": "*"}, ATTACHED)


def test_a_field_may_be_compared_with_another() -> None:
    event = {"a": "One", "b": ["two", "one"], "c": "oneness", "d": "xone"}
    assert sees({"a|fieldref": "b"}, event)
    assert not sees({"a|cased|fieldref": "b"}, event)
    assert sees({"c|fieldref|startswith": "a"}, event)
    assert sees({"d|fieldref|endswith": "a"}, event)
    assert sees({"c|fieldref|contains": "a"}, event)
    assert not sees({"a|fieldref|contains": "c"}, event)
    assert not sees({"x|fieldref": "y"}, event)


def test_keywords_are_looked_for_in_every_value() -> None:
    assert sees(["administratoraccess"], ATTACHED)
    assert sees(["nothing", "attach*policy"], ATTACHED)
    assert sees({"|all": ["training", "iam.amazonaws"]}, ATTACHED)
    assert not sees({"|all": ["training", "nothing"]}, ATTACHED)
    assert sees({"|re": "^Attach"}, ATTACHED)
    assert sees({"|cased": "AttachRole"}, ATTACHED)
    assert not sees({"|cased": "attachrole"}, ATTACHED)
    assert sees([22], OPENED)
    assert not sees(["policyArn"], ATTACHED), "a field's name is not a value"


def test_the_entries_of_a_map_must_all_hold_and_one_map_of_a_list() -> None:
    assert sees({"eventName": "AttachRolePolicy", "userIdentity.type": "AssumedRole"}, ATTACHED)
    assert not sees({"eventName": "AttachRolePolicy", "userIdentity.type": "Root"}, ATTACHED)
    assert sees([{"userIdentity.type": "Root"}, {"eventName": "AttachRolePolicy"}], ATTACHED)
    assert sees([{"userIdentity.type": "Root"}, "training"], ATTACHED)
    assert not sees([{"userIdentity.type": "Root"}, {"eventName": "Attach", "eventSource": "*"}], ATTACHED)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("yes", True),
        ("no", False),
        ("not no", True),
        ("yes and not no", True),
        ("no and yes or yes", True),
        ("no and (yes or yes)", False),
        ("not (yes and no)", True),
        ("1 of yes*", True),
        ("any of no*", False),
        ("all of yes*", True),
        ("all of them", False),
        ("1 of them", True),
        ("not 1 of no* and all of yes*", True),
        (["no", "yes"], True),
        (["no", "no"], False),
    ],
)
def test_conditions_combine_detections(condition: str | list[str], expected: bool) -> None:
    yes, no = {"eventName": "AttachRolePolicy"}, {"eventName": "Other"}
    detections = {"yes": yes, "yes_too": {"eventSource": "iam*"}, "no": no, "no_too": [no], "_hidden": no}
    assert match_sigma(rule(condition, **detections), ATTACHED) is expected


def test_detections_that_begin_with_an_underscore_are_not_among_them() -> None:
    detections = {"a": {"eventName": "AttachRolePolicy"}, "_b": {"eventName": "Other"}}
    assert match_sigma(rule("all of them", **detections), ATTACHED)


def test_a_rule_comes_as_text_mapping_file_or_what_pysigma_parsed(tmp_path: Any) -> None:
    text = (
        "title: t\nlogsource: {product: aws}\ndetection: {s: {eventName: AttachRolePolicy}, condition: s}\n"
    )
    file = tmp_path / "rule.yml"
    file.write_text(text)
    for form in (text, file, str(file), SigmaRule.from_yaml(text), SigmaCollection.from_yaml(text)):
        assert match_sigma(form, ATTACHED)
        assert not match_sigma(form, OPENED)
        assert match_sigma(form, json.dumps(ATTACHED))


def test_matching_changes_neither_rule_nor_event() -> None:
    given_rule, event = rule(selection={"a|contains": "x", "b": None}), {"a": ["x"], "b": None}
    assert match_sigma(given_rule, event)
    assert given_rule == rule(selection={"a|contains": "x", "b": None})
    assert event == {"a": ["x"], "b": None}
