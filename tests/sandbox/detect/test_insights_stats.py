"""Stats queries answered twice: by Logs Insights' own engine and, in SQL, by DuckDB."""

from __future__ import annotations

import json
import math
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.sandbox.detect import run_insights
from tests.examples import examples

START = 1_714_557_600_000
Log = dict[str, Any]

LOGS = st.lists(
    st.fixed_dictionaries(
        {
            "op": st.sampled_from(["Get", "Put", "Del", None]),
            "who": st.sampled_from(["ann", "bob", "eve"]),
            "ms": st.one_of(st.none(), st.integers(-50, 5000), st.sampled_from([0.5, 2.25, 99.125])),
            "minute": st.integers(0, 300),
        }
    ),
    min_size=1,
    max_size=40,
    unique_by=lambda log: log["minute"],
)
QUERIES = {
    "counts, sums and extremes by field": (
        """stats count(*) as n, count(ms) as c, count_distinct(who) as d, sum(ms) as s, avg(ms) as a,
        min(ms) as lo, max(ms) as hi by op""",
        """select op, count(*) n, count(ms) c, count(distinct who) d, sum(ms) s, avg(ms) a,
        min(ms) lo, max(ms) hi from logs group by op""",
    ),
    "counts by hour": (
        "stats count(*) as n by bin(1h) as h, who",
        """select strftime(date_trunc('hour', epoch_ms(ts)), '%Y-%m-%d %H:%M:%S.%g') h, who, count(*) n
        from logs group by all""",
    ),
    "percentiles and deviation": (
        "stats pct(ms, 50) as p50, pct(ms, 90) as p90, stddev(ms) as dev by who",
        """select who, quantile_cont(ms, 0.5) p50, quantile_cont(ms, 0.9) p90, stddev_samp(ms) dev
        from logs group by who""",
    ),
    "the first and the last by time": (
        "stats earliest(who) as first, latest(who) as last, latest(op) as o",
        "select arg_min(who, ts) first, arg_max(who, ts) as last, arg_max(op, ts) o from logs",
    ),
    "a condition before and one after": (
        """filter ms >= 10 and op in ['Get', 'Put'] | stats count(*) as n, sum(ms * 2) as s by op
        | filter n > 1""",
        """select op, count(*) n, sum(ms * 2) s from logs where ms >= 10 and op in ('Get', 'Put')
        group by op having count(*) > 1""",
    ),
    "stats of stats": (
        "stats count(*) as n by who, bin(30m) | stats max(n) as most, avg(n) as mean by who",
        """select who, max(n) most, avg(n) mean from
        (select who, count(*) n from logs group by who, ts // 1800000) group by who""",
    ),
    "arithmetic of aggregates": (
        "stats sum(ms) / count(ms) as mean, max(ms) - min(ms) as span by who",
        "select who, sum(ms) / count(ms) mean, max(ms) - min(ms) span from logs group by who",
    ),
    "the top rows": (
        "filter ispresent(ms) | sort ms desc, @timestamp | limit 3 | display ms, who",
        "select ms, who from logs where ms is not null order by ms desc, ts limit 3",
    ),
    "texts compared and cut": (
        "filter who like /^[ab]/ and who != 'bob' | stats count(*) as n by substr(who, 0, 1) as c",
        """select who[1] c, count(*) n from logs where regexp_matches(who, '^[ab]') and who <> 'bob'
        group by c""",
    ),
}


@pytest.fixture(scope="module")
def database() -> Any:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("create table logs (ts bigint, op varchar, who varchar, ms double)")
        yield connection


def canonical(rows: list[dict[str, Any]]) -> list[list[tuple[str, Any]]]:
    """Rows without what is missing, numbers as rounded floats, in an order that both can have."""
    clean = [
        sorted(
            (name, round(float(one), 6) + 0.0 if isinstance(one, int | float) else one)
            for name, one in row.items()
            if one is not None and not (isinstance(one, float) and math.isnan(one))
        )
        for row in rows
    ]
    return sorted(clean, key=repr)


@settings(derandomize=True, max_examples=examples(60), deadline=None)
@given(logs=LOGS)
@pytest.mark.parametrize("what", QUERIES)
def test_stats_agree_with_duckdb(database: Any, what: str, logs: list[Log]) -> None:
    query, sql = QUERIES[what]
    database.execute("delete from logs")
    rows = [(START + log["minute"] * 60_000, log["op"], log["who"], log["ms"]) for log in logs]
    database.executemany("insert into logs values (?, ?, ?, ?)", rows)
    answer = database.execute(sql)
    names = [column[0] for column in answer.description]
    expected = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    records = [
        {"@timestamp": at, "@message": json.dumps({"op": op, "who": who, "ms": ms})}
        for at, op, who, ms in rows
    ]
    assert canonical(run_insights(query, records)) == canonical(expected)
