"""Every evaluator on events of any shape that JSON can have: an answer each time, never an exception."""

from __future__ import annotations

import json
import random
from typing import Any

from chaoskit.sandbox.detect import match_event_pattern, match_metric_filter, match_sigma, run_insights

SEED = 20_261_130
EVENTS = 200
SCALARS = (
    *(None, True, False, 0, -1, 1.5, 1e308, float("inf"), 10**400),
    *("", "x", "5", "1e3", "9" * 5000, "\u00e9\U0001f600", "a\nb", "%", "[", '"', "{}", "10.1.2.3"),
)
FILTERS = (
    '{ $.a = 1 && $.b != "x*" }',
    '{ $.a[*].b != "x" || $.c NOT EXISTS }',
    "{ $.a > 5 && $.b IS NULL }",
    '{ $.["."] = %a.*% || $.a[0][1] = 1e3 }',
    "[a, b, ...]",
    "[a = 1, ..., b > 2]",
    "?x ?y",
    "%x+% -z",
)
PATTERNS: tuple[dict[str, Any], ...] = (
    {"a": [{"numeric": [">", 1]}], "b": [{"anything-but": [1]}]},
    {"a": {"b": [{"exists": False}, 1]}, "c": [{"exists": True}]},
    {"a": [{"cidr": "10.0.0.0/8"}, {"wildcard": "*x*"}, {"equals-ignore-case": "X"}]},
    {"$or": [{"a": ["x"]}, {"b": {"c": [None, {"suffix": "x"}]}}]},
)
QUERIES = (
    "stats sum(a), avg(b), max(c), stddev(a), pct(b, 50), count_distinct(a) by c",
    "fields a.b, c + 1 as d, abs(a), strlen(b), a ^ b, a % c | sort d, a",
    "filter a > 1 or b like /x/ or isIpv4InSubnet(c, '10.0.0.0/8') | dedup a",
    "fields jsonParse(@message) as j | unnest j.a into x | stats count(*) by x",
    "stats sortsFirst(b), earliest(c), latest(a) by bin(1h)",
    "fields fromMillis(a) as t, datefloor(b, 1mo), dateceil(c, 1y) | sort t",
)
RULE = {
    "title": "Fuzz",
    "logsource": {"product": "aws"},
    "detection": {
        "fields": {"a|contains": "x", "b|gt": 1, "c|cidr": "10.0.0.0/8", "a.b": None},
        "words": ["x"],
        "condition": "1 of them",
    },
}


def anything(dice: random.Random, depth: int = 3) -> Any:
    if depth and dice.random() < 0.25:
        return {dice.choice("abc.$@ "): anything(dice, depth - 1) for _ in range(dice.randint(0, 3))}
    if depth and dice.random() < 0.2:
        return [anything(dice, depth - 1) for _ in range(dice.randint(0, 3))]
    return dice.choice(SCALARS)


def test_no_event_is_too_odd_for_an_evaluator() -> None:
    dice = random.Random(SEED)  # noqa: S311 - a reproducible choice, not a secret
    verdicts = []
    for _ in range(EVENTS):
        event = {name: anything(dice) for name in "abc"}
        told = json.dumps(event)
        verdicts += [match_metric_filter(one, form) for one in FILTERS for form in (event, told)]
        verdicts += [match_event_pattern(one, event) for one in PATTERNS]
        verdicts.append(match_sigma(RULE, event))
        for query in QUERIES:
            run_insights(query, [{"@timestamp": 1, "@message": event}, {"@timestamp": 2, "@message": told}])
    assert {True, False} == set(verdicts)
