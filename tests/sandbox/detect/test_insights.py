from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.sandbox.detect import InvalidQuery, run_insights
from tests.examples import examples

START = 1_714_557_600_000  # 2024-05-01 10:00:00 UTC
MINUTE = 60_000
LINE = "25 May 2019 10:24:39,474 [ERROR] {foo=2, bar=data} The error was: DataIntegrityException"


def log(minute: float, message: Any, **more: Any) -> dict[str, Any]:
    text = message if isinstance(message, str) else json.dumps(message)
    return {"@timestamp": START + int(minute * MINUTE), "@message": text, "@logStream": "s", **more}


def calls() -> list[dict[str, Any]]:
    return [
        log(0, {"op": "Get", "user": {"name": "ann"}, "ms": 12, "code": "200", "ok": True}),
        log(1, {"op": "Put", "user": {"name": "bob"}, "ms": 7.5, "code": "403", "ok": False}),
        log(2, {"op": "Get", "user": {"name": "ann"}, "ms": 30, "code": "200", "ok": True}),
        log(
            62, {"op": "Del", "user": {"name": "eve"}, "code": "500", "items": [{"id": "i-1"}, {"id": "i-2"}]}
        ),
    ]


def column(query: str, name: str, records: list[dict[str, Any]] | None = None) -> list[Any]:
    return [row.get(name) for row in run_insights(query, calls() if records is None else records)]


def ops(condition: str) -> list[Any]:
    return column(f"filter {condition} | fields op | sort @timestamp", "op")


def value(expression: str, message: Any = "{}") -> Any:
    (row,) = run_insights(f"fields {expression} as x", [log(0.5, message)])
    return row.get("x")


def test_without_commands_that_choose_fields_time_and_message_are_shown_newest_first() -> None:
    rows = run_insights("limit 2", [{**one, "@ptr": "p"} for one in calls()])
    assert [row["@timestamp"] for row in rows] == ["2024-05-01 11:02:00.000", "2024-05-01 10:02:00.000"]
    assert all(set(row) == {"@timestamp", "@message", "@ptr"} for row in rows)


def test_fields_of_json_are_found_by_their_dotted_names_and_places_in_arrays() -> None:
    rows = run_insights(
        "fields user.name, items.1.id, ms | sort @timestamp | display user.name, items.1.id", calls()
    )
    assert rows[0] == {"user.name": "ann"}
    assert rows[3] == {"user.name": "eve", "items.1.id": "i-2"}


def test_keys_with_dots_hyphens_or_at_signs_can_be_named() -> None:
    record = log(0, {"a.b": {"c-d": 1}, "@x": 2})
    assert run_insights("fields a.b.`c-d`, @@x", [record]) == [{"a.b.c-d": 1, "@@x": 2}]


def test_an_object_is_accepted_as_the_message_and_shown_as_json() -> None:
    assert run_insights("fields a.b, @message", [{"@timestamp": 0, "@message": {"a": {"b": 1}}}]) == [
        {"a.b": 1, "@message": '{"a":{"b":1}}'}
    ]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ('op = "Get"', ["Get", "Get"]),
        ("op != 'Get'", ["Put", "Del"]),
        ("ms > 7.5", ["Get", "Get"]),
        ("ms >= 7.5 and ms < 30", ["Get", "Put"]),
        ("code = 403", ["Put"]),
        ('code = "403"', ["Put"]),
        ("code in [200, 500]", ["Get", "Get", "Del"]),
        ('op not in ["Get", "Del"]', ["Put"]),
        ('op like "e"', ["Get", "Get", "Del"]),
        ("op like /^[GP]/", ["Get", "Put", "Get"]),
        ("op not like /(?i)g/", ["Put", "Del"]),
        ("op =~ /ut$/", ["Put"]),
        ("not (op = 'Get' or op = 'Put')", ["Del"]),
        ("op = 'Put' or op = 'Get' and ms = 12", ["Get", "Put"]),
        ("ispresent(ms)", ["Get", "Put", "Get"]),
        ("not isPresent(ms)", ["Del"]),
        ("ok = 1", ["Get", "Get"]),
        ("ok = 'false'", ["Put"]),
        ("op =~ /^(?i)put$/", ["Put"]),
        ("op like /x|(?i)PUT|del/", ["Put", "Del"]),
        ("op like /(?:(?i)p)UT/", []),
        ("op like /[](?i)]/", []),
        ("ms + 1 = 13", ["Get"]),
        ("ms > 1000 or strcontains(user.name, 've')", ["Del"]),
        (f"@timestamp > {START + 2 * MINUTE}", ["Del"]),
        ("missing > 1", []),
        ("missing != 1 and op = 'Del'", ["Del"]),
    ],
)
def test_filter_keeps_the_records_for_which_its_condition_holds(condition: str, found: list[str]) -> None:
    assert ops(condition) == found


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("2 + 3 * 2 ^ 3", 26),
        ("(2 + 3) * 2", 10),
        ("-7 % 3", -1),
        ("7.5 % 2", 1.5),
        ("7 / 2", 3.5),
        ("1 / 0", None),
        ("abs(0 - 3)", 3),
        ("ceil(1.2) + floor(1.8)", 3),
        ("greatest(1, 5, 3) - least(4, 2)", 3),
        ("sqrt(16)", 4.0),
        ("sqrt(-1)", None),
        ("log(1)", 0.0),
        ("coalesce(nope, a, 'b')", 1),
        ("isempty(nope)", 1),
        ("isblank('  ')", 1),
        ("concat('a', '-', a)", "a-1"),
        ("trim(' x ')", "x"),
        ("trim('xyZxyfooxyxyZ', 'xyZ')", "foo"),
        ("ltrim('xyZfooxyZ', 'xyZ')", "fooxyZ"),
        ("rtrim('xyZfooxyxyZ', 'xyZ')", "xyZfoo"),
        ("strlen('h\u00e9llo')", 5),
        ("toupper('a')", "A"),
        ("tolower('A')", "a"),
        ("substr('xyZfooxyZ', 3, 3)", "foo"),
        ("substr('xyZfoo', 3)", "foo"),
        ("replace('smoke_test', '_', '-')", "smoke-test"),
        ("strcontains('abc', 'd')", 0),
        ("datefloor(@timestamp, 1h)", "2024-05-01 10:00:00.000"),
        ("dateceil(@timestamp, 5m)", "2024-05-01 10:05:00.000"),
        ("dateceil(fromMillis(0), 1d)", "1970-01-01 00:00:00.000"),
        ("bin(30s)", "2024-05-01 10:00:30.000"),
        ("bin(1mo)", "2024-05-01 00:00:00.000"),
        ("bin(1q)", "2024-04-01 00:00:00.000"),
        ("dateceil(@timestamp, 1y)", "2025-01-01 00:00:00.000"),
        ("toMillis(@timestamp) - 30000", START),
        ("fromMillis(1714557600123)", "2024-05-01 10:00:00.123"),
        ("isValidIp('10.0.0.256')", 0),
        ("isValidIpV6('2001:db8::1') and isValidIpV4('10.0.0.1')", 1),
        ("isIpInSubnet('192.0.2.7', '192.0.2.0/24')", 1),
        ("isIpv4InSubnet('2001:db8::1', '2001:db8::/32')", 0),
        ("isIpv6InSubnet('2001:db8::1', '2001:db8::/32')", 1),
        ("a = 1 and b = 'x'", 1),
        ("jsonStringify(jsonParse('{\"k\": [1, 2]}'))", '{"k":[1,2]}'),
        ("jsonParse('no json')", "no json"),
        ("unmask(b)", "x"),
    ],
)
def test_expressions_have_the_value_that_the_guide_gives_them(expression: str, result: object) -> None:
    assert value(expression, {"a": 1, "b": "x"}) == result


def test_now_is_the_time_that_the_caller_gives() -> None:
    assert run_insights("fields now() as t", [log(0, "x")], now=START + 999) == [{"t": START // 1000}]
    with pytest.raises(InvalidQuery, match="time of the query"):
        run_insights("fields now() as t", [log(0, "x")])


@pytest.mark.parametrize(
    "pattern",
    [
        '"[*] * The error was: *" as level, config, exception',
        r"/\[(?<level>\S+)\]\s+(?<config>\{.*\})\s+The error was: (?<exception>\S+)/",
        r"/\[(\S+)\]\s+(\{.*\})\s+The error was: (\S+)/ as level, config, exception",
    ],
)
def test_parse_extracts_the_same_with_a_glob_and_with_regular_expressions(pattern: str) -> None:
    query = f"parse @message {pattern} | display level, config, exception"
    assert run_insights(query, [log(0, LINE), log(1, "else")]) == [
        {},
        {"level": "ERROR", "config": "{foo=2, bar=data}", "exception": "DataIntegrityException"},
    ]


def test_parsed_fields_can_be_filtered_and_aggregated() -> None:
    records = [log(0, "took 12 ms"), log(1, "took 30 ms"), log(2, "idle")]
    query = 'parse "took * ms" as took | filter took > 5 | stats sum(took) as total, max(took)'
    assert run_insights(query, records) == [{"total": 42, "max(took)": 30}]


def test_stats_aggregates_by_field_and_hour() -> None:
    rows = run_insights(
        "stats count(*) as n, count(ms), count_distinct(user.name) as users, sum(ms), avg(ms), min(ms),"
        " max(ms) by bin(1h) as hour, op | sort hour, op",
        calls(),
    )
    assert rows[0] == {
        "hour": "2024-05-01 10:00:00.000",
        "op": "Get",
        "n": 2,
        "count(ms)": 2,
        "users": 1,
        "sum(ms)": 42,
        "avg(ms)": 21.0,
        "min(ms)": 12,
        "max(ms)": 30,
    }
    assert rows[2] == {"hour": "2024-05-01 11:00:00.000", "op": "Del", "n": 1, "count(ms)": 0, "users": 1}


def test_stats_without_alias_names_columns_as_they_are_written() -> None:
    rows = run_insights("stats count( * ), pct(ms,  50) by bin(1d) | sort count( * ) desc, bin(1d)", calls())
    assert rows == [{"bin(1d)": "2024-05-01 00:00:00.000", "count( * )": 4, "pct(ms, 50)": 12.0}]


def test_stats_computes_with_aggregates_and_a_second_stats_with_the_first_ones_columns() -> None:
    query = (
        "stats count(*) as n, sum(ms) / count(ms) as mean by op"
        " | filter n > 0 | stats max(n) as most, avg(mean)"
    )
    assert run_insights(query, calls()) == [{"most": 2, "avg(mean)": (21 + 7.5) / 2}]


def test_the_first_and_last_are_found_by_time_and_by_order() -> None:
    query = "stats earliest(op), latest(op), sortsFirst(op), sortsLast(op), stddev(ms), latest(ms)"
    (row,) = run_insights(query, calls())
    assert (row["earliest(op)"], row["latest(op)"]) == ("Get", "Del")
    assert (row["sortsFirst(op)"], row["sortsLast(op)"]) == ("Del", "Put")
    assert row["latest(ms)"] == 30
    assert row["stddev(ms)"] == pytest.approx(11.9059, abs=1e-4)


def test_a_column_of_stats_may_compute_with_those_before_it() -> None:
    query = "stats max(ms) as most, min(ms) as least, most - least as spread, sum(ms > 10) as slow"
    assert run_insights(query, calls()) == [{"most": 30, "least": 7.5, "spread": 22.5, "slow": 2}]


def test_the_log_groups_that_a_query_names_are_passed_over() -> None:
    query = "SOURCE '/a' | SOURCE logGroups(namePrefix: ['b']) | fields op | head 1"
    assert column(query, "op") == ["Del"]


def test_a_glob_with_more_places_than_the_text_has_is_answered_at_once() -> None:
    names = ", ".join(f"n{place}" for place in range(41))
    assert run_insights(f"parse '{'* ' * 40}*' as {names} | display n0", [log(0, "x " * 39)]) == [{}]


def test_a_percentile_has_two_names() -> None:
    (row,) = run_insights("stats pct(ms, 50) as a, percentile(ms, 50) as b", calls())
    assert row["a"] == row["b"] == 12


def test_a_parsed_map_is_reached_into_and_a_list_is_unnested() -> None:
    message = 'x={"events": [{"name": "exception", "n": 2}, {"name": "action", "n": 3}]}'
    query = (
        'parse "x=*" as x | fields jsonParse(x) as made, made.events[1].name as second'
        " | unnest made.events into event | sort event.name | display event.name, second, event"
    )
    assert run_insights(query, [log(0, message)]) == [
        {"event.name": "action", "second": "action", "event": '{"name":"action","n":3}'},
        {"event.name": "exception", "second": "action", "event": '{"name":"exception","n":2}'},
    ]
    summed = "fields jsonParse(@message) as m | unnest m.events into e | stats sum(e.n) as n by @logStream"
    rows = run_insights(summed, [log(0, message.removeprefix("x=")), log(1, "idle")])
    assert rows == [{"@logStream": "s", "n": 5}]


def test_records_as_they_were_logged_are_taken_without_a_message() -> None:
    record = {"eventTime": "2024-05-01T10:00:30Z", "eventName": "X", "userIdentity": {"type": "Root"}}
    rows = run_insights(
        "filter userIdentity.type = 'Root' | stats count(*) as n by bin(1m), eventName", [record]
    )
    assert rows == [{"bin(1m)": "2024-05-01 10:00:00.000", "eventName": "X", "n": 1}]


def test_log_events_and_texts_are_taken_as_they_come() -> None:
    record = {"eventTime": "2024-05-01T10:00:30Z", "eventName": "X"}
    event = {
        "timestamp": START + 30_000,
        "message": json.dumps(record),
        "ingestionTime": START,
        "eventId": "7",
    }
    query = "filter eventName = 'X' or @message = 'plain' | stats count(*) as n by bin(1m)"
    for form in (event, json.dumps(event), json.dumps(record)):
        assert run_insights(query, [form]) == [{"bin(1m)": "2024-05-01 10:00:00.000", "n": 1}]
    assert run_insights("filter @message = 'plain' | stats count(*) as n", ["plain", "other"]) == [{"n": 1}]
    logged = {"timestamp": "noon", "message": "a field of the record", "op": "Get"}
    assert column("filter message like /field/ | fields op", "op", [logged]) == ["Get"]


def test_stats_of_nothing_is_no_row() -> None:
    assert run_insights("filter op = 'None' | stats count(*)", calls()) == []


def test_sort_is_natural_and_puts_what_is_missing_last() -> None:
    records = [log(0, {"v": one}) for one in ("f10", "f9", 3, "b", 20, None, "f9a")]
    assert column("fields v | sort v", "v", records) == ["b", "f9", "f9a", "f10", 3, 20, None]
    assert column("fields v | sort v desc", "v", records) == [20, 3, "f10", "f9a", "f9", "b", None]


def test_dedup_keeps_the_first_of_equals_and_all_that_lack_the_field() -> None:
    assert column("fields op | sort @timestamp | dedup op", "op") == ["Get", "Put", "Del"]
    assert column("fields op, ms | dedup ms | limit 9", "op") == ["Del", "Get", "Put", "Get"]
    assert column("fields op, ms | dedup items.0.id", "op") == ["Del", "Get", "Put", "Get"]


def test_display_shows_only_its_fields_the_last_one_winning() -> None:
    rows = run_insights("fields op, ms | display ms | display op | limit 1", calls())
    assert rows == [{"op": "Del"}]


def test_comments_keywords_in_capitals_and_line_breaks_are_fine() -> None:
    query = """
    # who did what
    FIELDS op
    # | filter op = "Put"
    | FILTER op LIKE "Put" OR op IN ["Del"] | SORT op DESC | LIMIT 5"""
    assert column(query, "op") == ["Put", "Del"]


def test_fields_of_lambda_lines_are_discovered() -> None:
    report = (
        "REPORT RequestId: 8f5e\tDuration: 102.25 ms\tBilled Duration: 103 ms"
        "\tMemory Size: 128 MB\tMax Memory Used: 34 MB"
    )
    query = "filter @type = 'REPORT' | display @requestId, @duration, @billedDuration, @maxMemoryUsed"
    assert run_insights(query, [log(0, report), log(1, "START RequestId: 8f5e Version: 1")]) == [
        {"@requestId": "8f5e", "@duration": 102.25, "@billedDuration": 103.0, "@maxMemoryUsed": 34_000_000.0}
    ]


@pytest.mark.parametrize(
    ("query", "said", "at"),
    [
        ("", "mismatched input <EOF> expecting {fields", 0),
        ("fields a | count()", "mismatched input 'count' expecting {fields", 11),
        ("fields a |", "mismatched input <EOF>", 10),
        ("fields a b", "mismatched input 'b' expecting '|'", 9),
        ("filter a =", "mismatched input <EOF> expecting a field, a value", 10),
        ("filter a like b", "expecting a quoted text or a /regular expression/", 14),
        ("filter a like /(/", "the regular expression is malformed", 15),
        ("filter a like /open", "closing / is missing", 14),
        ("filter a = 'open", "a quotation mark is not closed", 11),
        ("filter a in []", "expecting a field", 13),
        ("filter nope(a)", "unknown function nope", 7),
        ("fields substr(a) as b", "substr takes 2 to 3 arguments, not 1", 7),
        ("fields count(a)", "the aggregate count can only be used in stats", 7),
        ("stats max(min(a))", "the aggregate min can only be used in stats", 10),
        ("stats pct(a)", "pct takes 2 arguments, not 1", 6),
        ("stats count(*) by bin(a)", "bin takes one period", 18),
        ("fields a as x | fields b as x", "the field x has been made already", 28),
        ("parse @message 'a*b*' as x", "parse extracts 2 values but names 1", 25),
        ("parse @message /(a)/", "parse needs a name for each value", 15),
        ("parse @message x", "parse needs a quoted glob or a /regular expression/", 15),
        ("limit 0", "limit is from 1 to 10000", 6),
        ("limit many", "expecting a whole number", 6),
        ("dedup a | sort a", "only limit may follow dedup", 10),
        ("fields a ; b", "unexpected character ';'", 9),
        ("stats count(*) as n | filter sum(n) > 1", "there is no column sum(n)", 29),
        ("pattern @message", "the embedded sandbox does not evaluate pattern", 0),
        ("unnest a b", "expecting 'into'", 9),
        ("fields bin(0s)", "a period is longer than nothing", 11),
        ("filter 5m > 1", "a period can only be the argument", 7),
    ],
)
def test_a_malformed_query_is_refused_with_the_place(query: str, said: str, at: int) -> None:
    with pytest.raises(InvalidQuery) as refused:
        run_insights(query, calls())
    assert said in refused.value.reason
    assert refused.value.at == at


WORDS = """
fields filter stats parse sort limit dedup display by as and or not in like =~ | , ( ) [ ] + - * / ^ %
= != < >= a a.b @message @timestamp count sum pct bin now 5m 1 2.5 'x' "y" /z/ `q`
"""
TOKENS = st.lists(st.sampled_from(WORDS.split()), max_size=14)


@settings(derandomize=True, max_examples=examples(400), deadline=None)
@given(TOKENS, st.sampled_from(["fields a, b", "stats count(*) by a", "filter a = 1"]))
def test_no_query_ends_in_anything_but_rows_or_a_refusal(words: list[str], beginning: str) -> None:
    query = f"{beginning} {' '.join(words)}"
    try:
        rows = run_insights(query, calls())
    except InvalidQuery as refused:
        assert 0 <= refused.at <= len(query)  # noqa: PT017 - hypothesis also explores the other branch
        return
    assert len(rows) <= len(calls())


def test_long_and_deep_queries_are_answered_or_refused_never_too_much_for_the_stack() -> None:
    many = " or ".join(f"ms = {number}" for number in range(700))
    assert len(run_insights(f"filter {many} | fields op", calls())) == 2
    for deep in ("(" * 2000 + "1" + ")" * 2000, "not " * 2000 + "a", "-" * 2000 + "1", "1" + " + 1" * 2000):
        with pytest.raises(InvalidQuery, match=r"too deeply|too long"):
            run_insights(f"filter {deep}", calls())
    nested = '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}"
    assert run_insights("fields a", [log(0, nested)]) == [{}]
