from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import chaoskit.sandbox
from chaoskit.sandbox.detect import SigmaEngine, load_sigma_rules

ORACLES = Path(__file__).parents[4] / "shared" / "oracles"
CONTENT = Path(chaoskit.sandbox.__file__).parent / "detections" / "sigma"
START = datetime(2024, 5, 1, 10, tzinfo=UTC)


def rule(name: str, selection: Any, condition: str = "selection", **more: Any) -> dict[str, Any]:
    return {
        "title": f"Rule {name}",
        "name": name,
        "logsource": {"product": "aws", "service": "cloudtrail"},
        "detection": {"selection": selection, "condition": condition},
    } | more


def correlation(kind: str, *rules: str, **more: Any) -> dict[str, Any]:
    body = {"type": kind, "rules": list(rules), "timespan": "1m"} | more
    return {"title": "Correlated", "name": "correlated", "correlation": body}


def event(name: str, at: float = 0, **more: Any) -> dict[str, Any]:
    return {"eventName": name, "eventTime": (START + timedelta(seconds=at)).isoformat()} | more


A, B, C = (rule(name.lower(), {"eventName": name}) for name in "ABC")


def fired(engine: SigmaEngine, *events: dict[str, Any]) -> list[bool]:
    return [bool(engine.feed(one)) for one in events]


def test_a_match_says_which_rule_from_which_file_and_what_it_saw(tmp_path: Path) -> None:
    file = tmp_path / "stop.yml"
    more: dict[str, Any] = {
        "id": "35dbed0f-b6be-4cb0-9194-f0d596904f28",
        "level": "high",
        "tags": ["attack.t1562.008"],
    }
    file.write_text(json.dumps(rule("stopped", {"eventName": "StopLogging"}, **more)))
    seen = event("StopLogging")
    (match,) = SigmaEngine(file).feed(seen)
    assert (match.title, match.name, match.id) == ("Rule stopped", "stopped", more["id"])
    assert (match.level, match.tags, match.path) == ("high", ("attack.t1562.008",), str(file))
    assert match.events == (seen,)


def test_the_index_changes_no_answer() -> None:
    rules = load_sigma_rules(
        rule("source", {"eventSource": "IAM.amazonaws.com"}),
        rule("name", {"eventName": ["putrolepolicy", "CreateUser"]}),
        rule("both", {"eventSource": "iam.amazonaws.com", "eventName|cased": "CreateUser"}),
        rule("start", {"eventName|startswith": "Put"}),
        rule("other", {"eventName": "CreateUser"}, "not selection"),
        rule("either", [{"eventName": "CreateUser"}, {"errorCode": "AccessDenied"}]),
        rule("listed", [{"eventName": "CreateUser"}, {"eventName": "Put*"}]),
        rule("all", {"eventName|all": ["CreateUser", "DeleteUser"]}),
        rule("null", {"eventName": None}),
        rule("key", ["CreateUser"]),
    )
    engine = SigmaEngine(rules)
    values = [None, "CreateUser", "createuser", "PutRolePolicy", ["CreateUser", "DeleteUser"], 5, ""]
    for name in values:
        for source in (None, "iam.amazonaws.com", ["iam.amazonaws.com"], "s3.amazonaws.com"):
            for code in (None, "AccessDenied"):
                one = {"eventName": name, "eventSource": source, "errorCode": code}
                expected = [single.rule.title for single in rules.singles if single.matches(one)]
                assert sorted(match.title for match in engine.feed(one)) == sorted(expected)


def test_rules_for_other_log_sources_are_left_out_when_the_stream_is_named() -> None:
    windows = rule("windows", ["StopLogging"]) | {"logsource": {"product": "windows"}}
    anything = rule("aws", ["StopLogging"]) | {"logsource": {"product": "aws"}}
    named = SigmaEngine(windows, anything, logsource={"product": "aws", "service": "cloudtrail"})
    assert [match.name for match in named.feed(event("StopLogging"))] == ["aws"]
    assert len(SigmaEngine(windows, anything).feed(event("StopLogging"))) == 2


def test_enough_events_within_the_span_match_and_so_does_each_further_one() -> None:
    engine = SigmaEngine(A, correlation("event_count", "a", condition={"gte": 3}))
    assert fired(engine, *(event("A", at) for at in (0, 30, 60, 61, 200))) == [
        False,
        False,
        True,
        True,
        False,
    ]


def test_a_match_of_a_correlation_carries_the_events_it_rests_on() -> None:
    engine = SigmaEngine(A, correlation("event_count", "a", condition={"gte": 2}))
    one, two, other = event("A", 0), event("A", 100), event("A", 150)
    assert not engine.feed(one)
    assert not engine.feed(two)
    (match,) = engine.feed(other)
    assert match.events == (two, other)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"gt": 1}, [False, True, True]),
        ({"eq": 2}, [False, True, False]),
        ({"neq": 2}, [True, False, True]),
        ({"lte": 2}, [True, True, False]),
        ({"lt": 2}, [True, False, False]),
    ],
)
def test_a_count_is_compared_as_the_condition_says(condition: dict[str, int], expected: list[bool]) -> None:
    engine = SigmaEngine(A, correlation("event_count", "a", condition=condition))
    assert fired(engine, event("A", 1), event("A", 2), event("A", 3)) == expected


def test_groups_are_counted_apart_and_events_without_the_field_not_at_all() -> None:
    engine = SigmaEngine(
        A, correlation("event_count", "a", condition={"gte": 2}, **{"group-by": ["userIdentity.arn"]})
    )
    ann, bob = ({"userIdentity": {"arn": name}} for name in ("ann", "bob"))
    stream = [event("A", 1, **ann), event("A", 2, **bob), event("A", 3), event("A", 4), event("A", 5, **ann)]
    assert fired(engine, *stream) == [False, False, False, False, True]


def test_an_event_that_two_rules_match_counts_once() -> None:
    also = rule("also", {"eventName": "A*"})
    engine = SigmaEngine(A, also, correlation("event_count", "a", "also", condition={"gte": 2}))
    assert fired(engine, event("A", 1), event("A", 2)) == [False, True]


def test_different_values_are_counted_not_events() -> None:
    engine = SigmaEngine(A, correlation("value_count", "a", condition={"gte": 3, "field": "ip"}))
    stream = [event("A", at, ip=ip) for at, ip in enumerate(["1", "2", "2", None, "1", "3"])]
    assert fired(engine, *stream) == [False, False, False, False, False, True]


@pytest.mark.parametrize(
    ("kind", "condition", "expected"),
    [
        ("value_sum", {"gte": 60}, [False, False, True, True]),
        ("value_avg", {"gt": 19}, [False, False, True, True]),
        ("value_median", {"gte": 20}, [False, False, True, True]),
        ("value_percentile", {"gt": 35, "percentile": 90}, [False, False, False, True]),
    ],
)
def test_numbers_within_the_span_are_measured(
    kind: str, condition: dict[str, Any], expected: list[bool]
) -> None:
    engine = SigmaEngine(A, correlation(kind, "a", condition=condition | {"field": "bytes"}))
    stream = [event("A", at, bytes=size) for at, size in enumerate([10, "20", 30, 40])]
    assert fired(engine, *stream) == expected
    assert not engine.feed(event("A", 1000, bytes="no number"))


def test_a_temporal_correlation_wants_all_its_rules_in_any_order() -> None:
    engine = SigmaEngine(A, B, correlation("temporal", "a", "b"))
    assert fired(engine, event("B", 1), event("B", 2), event("A", 3)) == [False, False, True]
    assert fired(engine, event("B", 100), event("A", 161)) == [False, False]


def test_an_ordered_correlation_wants_them_in_their_order() -> None:
    ordered = correlation("temporal_ordered", "a", "b", "c")
    assert (
        fired(SigmaEngine(A, B, C, ordered), *(event(name, at) for at, name in enumerate("CBA")))
        == [False] * 3
    )
    stream = [event(name, at) for at, name in enumerate("BACABC")]
    assert fired(SigmaEngine(A, B, C, ordered), *stream) == [False] * 5 + [True]


def test_a_late_event_counts_where_its_time_belongs() -> None:
    ordered = SigmaEngine(A, B, correlation("temporal_ordered", "a", "b"))
    assert fired(ordered, event("B", 30), event("A", 10)) == [False, True]
    counted = SigmaEngine(A, correlation("event_count", "a", condition={"gte": 3}))
    assert fired(counted, event("A", 0), event("A", 50), event("A", 20)) == [False, False, True]


def test_a_condition_may_combine_rules_with_and_or_not() -> None:
    body = {"type": "temporal", "timespan": "1m", "condition": "a and (b or c) and not d"}
    extended = {"title": "Extended", "correlation": body}
    d = rule("d", {"eventName": "D"})
    assert fired(SigmaEngine(A, B, C, d, extended), event("A", 1), event("C", 2)) == [False, True]
    assert (
        fired(SigmaEngine(A, B, C, d, extended), event("A", 1), event("D", 2), event("B", 3)) == [False] * 3
    )


def test_an_alias_joins_fields_of_different_names() -> None:
    joined = correlation(
        "temporal_ordered",
        "a",
        "b",
        **{"group-by": ["key"], "aliases": {"key": {"a": "made.key", "b": "used"}}},
    )
    engine = SigmaEngine(A, B, joined)
    stream = [event("A", 1, made={"key": "k1"}), event("B", 2, used="k2"), event("B", 3, used="k1")]
    assert fired(engine, *stream) == [False, False, True]


def test_a_correlation_can_build_on_another() -> None:
    pairs = correlation("temporal_ordered", "a", "b", **{"group-by": ["user"]})
    body = {
        "type": "value_count",
        "rules": ["correlated"],
        "timespan": "5m",
        "condition": {"gte": 2, "field": "user"},
    }
    engine = SigmaEngine({"title": "Spread", "correlation": body}, B, pairs, A)
    stream = [
        event(name, at, user=user) for at, (name, user) in enumerate([("A", "x"), ("B", "x"), ("A", "y")])
    ]
    assert fired(engine, *stream) == [False, False, False]
    (match,) = engine.feed(event("B", 9, user="y"))
    assert match.title == "Spread"
    assert len(match.events) == 4


def test_the_rules_of_a_correlation_report_by_themselves_only_when_it_says_so() -> None:
    quiet = correlation("event_count", "a", condition={"gte": 9})
    assert fired(SigmaEngine(A, quiet), event("A")) == [False]
    quiet["correlation"]["generate"] = True
    assert fired(SigmaEngine(A, quiet), event("A")) == [True]


def test_what_is_out_of_reach_is_forgotten() -> None:
    engine = SigmaEngine(A, correlation("event_count", "a", condition={"gte": 2}, **{"group-by": ["user"]}))
    for at in range(1000):
        engine.feed(event("A", at * 10, user=f"u{at}"))
        engine.feed(event("A", at * 10, user="same"))
    (windows,) = engine._windows
    assert len(windows._groups) < 50
    assert len(windows._groups["same",]) < 50


def test_events_without_a_time_count_as_being_as_old_as_the_one_before() -> None:
    engine = SigmaEngine(A, correlation("event_count", "a", condition={"gte": 2}))
    assert fired(engine, {"eventName": "A"}, {"eventName": "A"}) == [False, True]


@pytest.mark.skipif(not ORACLES.exists(), reason="../shared is not there")
def test_of_the_real_attack_records_the_shipped_rules_see_the_key_that_is_created() -> None:
    engine = SigmaEngine(CONTENT)
    records = json.loads((ORACLES / "cloudtrail-detonations.json").read_text())
    seen = {match.title: one["_technique"] for one in records for match in engine.feed(one)}
    assert seen == {"Access key created for a user": "aws.persistence.iam-create-admin-user"}
