from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.sandbox.detect import InvalidFilterPattern, match_metric_filter
from chaoskit.sandbox.detect.metric_filters import compile_filter_pattern
from tests.examples import examples

CIS = Path(__file__).parents[4] / "shared" / "oracles" / "cis-metric-filters.json"
APACHE = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
RECORD = {
    "eventType": "UpdateTrail",
    "sourceIPAddress": "203.0.113.9",
    "arrayKey": ["value", "another value"],
    "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
    "nothing": None,
    "flag": True,
    "latency": 50,
    "status": "404",
    "cluster.name": "c",
    "coordinates": [[0, 1, 2], [4, 5, 6]],
}


def event(name: str, source: str = "ec2.amazonaws.com", **more: Any) -> dict[str, Any]:
    identity = {"type": "IAMUser", "userName": "ann"}
    return {
        "eventName": name,
        "eventSource": source,
        "userIdentity": identity,
        "eventType": "AwsApiCall",
    } | more


ROOT = {"type": "Root"}
LOGIN: dict[str, Any] = {"userIdentity": {"type": "IAMUser"}, "responseElements": {"ConsoleLogin": "Success"}}
CIS_EVENTS: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "CloudWatch.1": (
        [event("CreateUser", userIdentity=ROOT)],
        [
            event("CreateUser"),
            event("CreateUser", userIdentity={**ROOT, "invokedBy": "support.amazonaws.com"}),
            event("Rotate", userIdentity=ROOT, eventType="AwsServiceEvent"),
        ],
    ),
    "CloudWatch.2": (
        [
            event("RunInstances", errorCode="Client.UnauthorizedOperation"),
            event("GetObject", errorCode="AccessDenied"),
            event("GetParameter", errorCode="AccessDeniedException"),
        ],
        [event("GetObject"), event("GetObject", errorCode="NoSuchKey")],
    ),
    "CloudWatch.3": (
        [event("ConsoleLogin", additionalEventData={"MFAUsed": "No"}, **LOGIN)],
        [
            event("ConsoleLogin", additionalEventData={"MFAUsed": "Yes"}, **LOGIN),
            event("ConsoleLogin", **LOGIN | {"responseElements": {"ConsoleLogin": "Failure"}}),
        ],
    ),
    "CloudWatch.4": (
        [event("AttachRolePolicy", "iam.amazonaws.com")],
        [event("ListRoles", "iam.amazonaws.com")],
    ),
    "CloudWatch.5": ([event("StopLogging"), event("DeleteTrail")], [event("DescribeTrails")]),
    "CloudWatch.6": (
        [event("ConsoleLogin", errorMessage="Failed authentication")],
        [event("ConsoleLogin"), event("ConsoleLogin", errorMessage="No username found in supplied account")],
    ),
    "CloudWatch.7": (
        [event("DisableKey", "kms.amazonaws.com"), event("ScheduleKeyDeletion", "kms.amazonaws.com")],
        [event("DisableKey", "elsewhere.amazonaws.com"), event("EnableKey", "kms.amazonaws.com")],
    ),
    "CloudWatch.8": (
        [event("PutBucketPolicy", "s3.amazonaws.com"), event("DeleteBucketCors", "s3.amazonaws.com")],
        [event("PutBucketPolicy", "s3-outposts.amazonaws.com"), event("PutObject", "s3.amazonaws.com")],
    ),
    "CloudWatch.9": (
        [event("StopConfigurationRecorder", "config.amazonaws.com")],
        [event("StopConfigurationRecorder"), event("StartConfigurationRecorder", "config.amazonaws.com")],
    ),
    "CloudWatch.10": ([event("AuthorizeSecurityGroupIngress")], [event("DescribeSecurityGroups")]),
    "CloudWatch.11": ([event("ReplaceNetworkAclEntry")], [event("DescribeNetworkAcls")]),
    "CloudWatch.12": ([event("DetachInternetGateway")], [event("AttachVolume")]),
    "CloudWatch.13": ([event("ReplaceRoute")], [event("DescribeRouteTables")]),
    "CloudWatch.14": ([event("ModifyVpcAttribute")], [event("DescribeVpcs")]),
}


def reason(pattern: str) -> tuple[str, int]:
    with pytest.raises(InvalidFilterPattern) as refused:
        compile_filter_pattern(pattern)
    return refused.value.reason, refused.value.at


@pytest.mark.parametrize("control", CIS_EVENTS)
def test_each_cis_pattern_sees_what_its_control_is_about_and_nothing_else(control: str) -> None:
    if not CIS.exists():
        pytest.skip(f"{CIS.name} is not beside this checkout")
    pattern = json.loads(CIS.read_text())[control]
    seen, unseen = CIS_EVENTS[control]
    assert [match_metric_filter(pattern, json.dumps(one)) for one in seen] == [True] * len(seen)
    assert [match_metric_filter(pattern, one) for one in unseen] == [False] * len(unseen)


def test_there_is_a_case_for_every_cis_pattern() -> None:
    if not CIS.exists():
        pytest.skip(f"{CIS.name} is not beside this checkout")
    assert set(json.loads(CIS.read_text())) == set(CIS_EVENTS)


@pytest.mark.parametrize(
    "pattern",
    [
        '{ $.eventType = "UpdateTrail" }',
        "{$.eventType=UpdateTrail}",
        "{ $.eventType = Update* }",
        "{ $.eventType = *Trail }",
        '{ $.eventType = "*dateTr*" }',
        "{ $.eventType = %^Up[a-z]{4}Tr% }",
        "{ $.sourceIPAddress != 123.123.* }",
        '{ $.arrayKey[0] = "value" }',
        '{ $.arrayKey[*] = "another value" }',
        "{ $.objectList[1].id = 2 }",
        "{ $.objectList[*].name = b }",
        "{ $.coordinates[1][2] = 6 }",
        "{ $.nothing IS NULL }",
        "{ $.flag IS TRUE }",
        "{ $.flag is true }",
        "{ $.missing NOT EXISTS }",
        '{ $.["cluster.name"] = "c" }',
        "{ $['cluster.name'] = c }",
        "{ $.latency = * }",
        '{ $.latency = "*" }',
        "{ $.latency >= 50 && $.latency < 5.1e1 && $.latency != +49 }",
        "{ $.status = 404 }",
        "{ $.status = 4* }",
        "{ $.eventType = Other || $.latency = 50 && $.flag IS TRUE }",
        "{ ($.eventType = Other || $.latency = 50) && ($.flag IS TRUE) }",
    ],
)
def test_a_json_pattern_matches_the_record_that_satisfies_it(pattern: str) -> None:
    assert match_metric_filter(pattern, RECORD)
    assert match_metric_filter(pattern, json.dumps(RECORD, indent=1))


@pytest.mark.parametrize(
    "pattern",
    [
        "{ $.eventType = updatetrail }",
        "{ $.eventType = U*Trail }",
        '{ $.missing = "*" }',
        "{ $.missing != x }",
        "{ $.arrayKey = value }",
        "{ $.arrayKey != value }",
        "{ $.objectList[5].id = 2 }",
        "{ $.eventType[0] = U }",
        "{ $.nothing NOT EXISTS }",
        "{ $.nothing = * }",
        "{ $.missing IS NULL }",
        "{ $.flag IS FALSE }",
        "{ $.eventType > 1 }",
        "{ $.latency > 50 }",
        "{ $.cluster.name = c }",
        "{ ($.eventType = UpdateTrail || $.latency = 1) && $.flag IS FALSE }",
    ],
)
def test_a_json_pattern_does_not_match_the_record_that_fails_it(pattern: str) -> None:
    assert not match_metric_filter(pattern, RECORD)


@pytest.mark.parametrize("message", ["plain text", "{ not json", '["array"]', "", '"text"', "12"])
def test_a_json_pattern_never_matches_what_is_no_json_object(message: str) -> None:
    assert not match_metric_filter("{ $.missing NOT EXISTS }", message)


@pytest.mark.parametrize(
    ("pattern", "hits"),
    [
        ("", {0, 1, 2, 3}),
        ('" "', {0, 1, 2, 3}),
        ("ERROR", {0, 1, 2}),
        ("ERROR ARGUMENTS", {1}),
        ("?WARN ?ARGUMENTS", {1, 3}),
        ("?WARN ?ARGUMENTS ERROR", {0, 1, 2}),
        ('"BAD REQUEST"', {0}),
        ('ERROR -"BAD REQUEST"', {1, 2}),
        ("-ERROR", {3}),
        ("error", set()),
        ("%ERROR [45]0%", {0, 1}),
        ("%^WARN%", {3}),
        ("RRORC", {2}),
    ],
)
def test_terms_are_required_optional_or_excluded_and_found_inside_words(pattern: str, hits: set[int]) -> None:
    lines = [
        "[ERROR 400] BAD REQUEST",
        "[ERROR 409] MISSING ARGUMENTS",
        "Exiting with ERRORCODE: -1",
        "WARN 12",
    ]
    assert {place for place, line in enumerate(lines) if match_metric_filter(pattern, line)} == hits


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("[ip, user, username, timestamp, request, status_code, bytes]", True),
        ("[ip, user, username, timestamp, request = *.html*, status_code = 4*, bytes]", True),
        ("[ip, user, username, timestamp, request, status_code, bytes > 1534]", False),
        ("[..., request = *.html*, status_code = 4*, bytes > 1000]", True),
        ("[ip, user, username, timestamp, request, status_code = 4* && bytes > 1000]", True),
        ("[ip, user, username, timestamp, request, status_code = 4* && bytes > 1534]", False),
        ("[ip=127*, ..., bytes]", True),
        ("[ip, user, ...]", True),
        ("[ip, user, username, timestamp, request, status_code = 404 || status_code = 410, bytes]", True),
        ("[..., status_code >= 400 && status_code < 404, bytes]", False),
        (r'[ip = %127\.0\.0\.[1-9]%, ..., status_code = "404", bytes]', True),
        ("[w1 = 127.0.0.1, w2]", True),
        ("[w1 = 127.0.0.1]", False),
        ("[w1 != Prod && w1 != Test, w2]", True),
        ("[a, b, c, d, e, f, g, h]", False),
        ("[]", True),
    ],
)
def test_fields_of_a_space_delimited_event_satisfy_their_conditions(pattern: str, matches: bool) -> None:
    assert match_metric_filter(pattern, APACHE) is matches


def test_fields_are_extracted_by_name_or_by_place() -> None:
    extracted = compile_filter_pattern("[..., request=*.html*, status_code=4*,]").extract(APACHE)
    assert extracted == {
        "$1": "127.0.0.1",
        "$2": "Prod",
        "$3": "frank",
        "$4": "10/Oct/2000:13:25:15 -0700",
        "$request": "GET /index.html HTTP/1.0",
        "$status_code": "404",
        "$7": "1534",
    }


@pytest.mark.parametrize(
    ("pattern", "said", "at"),
    [
        ('{ $.a = "x"', "If a filter pattern starts with '{' it must end with '}'", 11),
        ("[a, b", "If a filter pattern starts with '[' it must end with ']'", 5),
        ("{ $.a EXISTS }", "EXISTS is not supported", 12),
        ("{ $.a IS NOT NULL }", "IS NOT is not supported", 12),
        ("{ $.a == 1 }", "a value is missing after =", 7),
        ("{ $.a > abc }", "> compares numbers only", 8),
        ('{ $.a > "5" }', "> compares numbers only", 8),
        ("{ $.a = b@c }", "&&, || or the closing } is expected", 9),
        ("{ $.a }", "=, !=, <, <=, >, >=, IS or NOT EXISTS is expected", 6),
        ("{ $. = 1 }", "a property's name is missing after the dot", 4),
        ("{ a = 1 }", "a property selector that begins with $. is expected", 2),
        ("{ $.a[x] = 1 }", "an index, * or a quoted name is expected", 5),
        ("{ $.a[*].b[*] = 1 }", "a selector may have one array wildcard", 2),
        ("{ ($.a = 1 }", "&&, || or the closing ) is expected", 11),
        ("{ $.a = 1 & $.b = 2 }", "&&, || or the closing } is expected", 10),
        ('{ $.a = "open }', "a quotation mark is not closed", 8),
        ("{ $.a = %(x)% }", "Invalid character(s) in term '('", 9),
        ("{ $.a = %[% }", "the regular expression is malformed", 9),
        ("{ $.a = %x% && $.b = %y% && $.c = %z% }", "at most 2 regular expressions", 39),
        ("ERROR: x", "Invalid character(s) in term ':'", 5),
        ("a && b", "Invalid character(s) in term '&'", 2),
        ("%open", "the regular expression's closing % is missing", 0),
        ("[status_code = 4* || bytes > 1000]", "the conditions of a field are about that field", 21),
        ("[a, ..., b, ...]", "a pattern may have one ellipsis", 11),
        ("[a b]", "a comma or the closing ] is expected", 3),
        ("x" * 1025, "it is longer than 1024 characters", 1024),
    ],
)
def test_a_malformed_pattern_is_refused_with_the_place(pattern: str, said: str, at: int) -> None:
    told, place = reason(pattern)
    assert said in told
    assert place == at


def test_the_place_is_told_as_people_count() -> None:
    with pytest.raises(InvalidFilterPattern, match=re.escape("(character 13)")):
        match_metric_filter("{ $.a EXISTS }", "")


WORDS = st.text(alphabet="abc*[]{}()$.%\"'?-=!<>&| 1,_\\", max_size=24)


@settings(derandomize=True, max_examples=examples(400), deadline=None)
@given(
    st.one_of(WORDS, WORDS.map(lambda text: f"{{ $.a{text} }}"), WORDS.map(lambda text: f"[{text}]")), WORDS
)
def test_no_pattern_ends_in_anything_but_a_verdict_or_a_refusal(pattern: str, message: str) -> None:
    try:
        compiled = compile_filter_pattern(pattern)
    except InvalidFilterPattern as refused:
        assert 0 <= refused.at <= len(pattern)  # noqa: PT017 - hypothesis also explores the other branch
        return
    for one in (message, {"a": message}, {"a": [message]}, "", {}):
        assert compiled.matches(one) in {True, False}
        assert all(isinstance(value, str) for value in compiled.extract(one).values())


def test_deep_patterns_and_events_are_never_too_much_for_the_stack() -> None:
    assert reason("{" + "(" * 480 + "$.a = 1" + ")" * 480 + "}")[0] == "it is nested too deeply"
    assert match_metric_filter("{" + "(" * 40 + "$.a = 1" + ")" * 40 + "}", {"a": 1})
    nested = '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}"
    assert not match_metric_filter("{ $.a = 1 }", nested)
