from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chaoskit.sandbox.metrics.evaluation import Datapoint, Rule, State, judge

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
RETAINED = None


def rule(**more: Any) -> Rule:
    given: dict[str, Any] = {"period": 300, "periods": 3, "datapoints": 3, **more}
    return Rule(statistic="Average", comparison="GreaterThanThreshold", threshold=50.0, **given)


def points(drawn: str) -> list[Datapoint | None]:
    """`X` is a breaching datapoint, `0` another, `-` a missing one; the newest is the last."""
    start = NOON - timedelta(minutes=25)
    return [
        None
        if one == "-"
        else Datapoint(start + place * timedelta(minutes=5), 99.5 if one == "X" else 1.0, 1)
        for place, one in enumerate(drawn)
    ]


def state(drawn: str, which: Rule, current: State = State.OK) -> State | None:
    verdict = judge(which, points(drawn), current, NOON)
    return None if verdict is None else verdict.state


@pytest.mark.parametrize(
    ("drawn", "datapoints", "missing", "ignore", "breaching", "not_breaching"),
    [
        # The tables of the user guide, three evaluation periods.
        ("0-X-X", 3, "OK", "OK", "OK", "OK"),
        ("0----", 3, "OK", "OK", "OK", "OK"),
        ("-----", 3, "INSUFFICIENT_DATA", RETAINED, "ALARM", "OK"),
        ("0XX-X", 3, "ALARM", "ALARM", "ALARM", "ALARM"),
        ("----X", 3, "INSUFFICIENT_DATA", RETAINED, "ALARM", "OK"),
        ("X----", 3, "ALARM", RETAINED, "ALARM", "OK"),
        ("0-X-X", 2, "ALARM", "ALARM", "ALARM", "ALARM"),
        ("00X0X", 2, "ALARM", "ALARM", "ALARM", "ALARM"),
        ("0-X--", 2, "OK", "OK", "ALARM", "OK"),
        ("----0", 2, "OK", "OK", "ALARM", "OK"),
        ("----X", 2, "INSUFFICIENT_DATA", RETAINED, "ALARM", "OK"),
    ],
)
def test_missing_data_is_treated_as_the_guides_tables_say(
    drawn: str,
    datapoints: int,
    missing: str,
    ignore: str | None,
    breaching: str,
    not_breaching: str,
) -> None:
    found = [
        state(drawn, rule(datapoints=datapoints, treat_missing=treatment))
        for treatment in ("missing", "ignore", "breaching", "notBreaching")
    ]
    assert found == [missing, ignore, breaching, not_breaching]


@pytest.mark.parametrize(
    ("comparison", "breaches"),
    [
        ("GreaterThanThreshold", [False, False, True]),
        ("GreaterThanOrEqualToThreshold", [False, True, True]),
        ("LessThanThreshold", [True, False, False]),
        ("LessThanOrEqualToThreshold", [True, True, False]),
    ],
)
def test_a_value_is_compared_with_the_threshold(comparison: str, breaches: list[bool]) -> None:
    which = Rule("Sum", comparison, 50.0, period=60, periods=1, datapoints=1)
    assert [which.breached_by(value) for value in (49, 50, 51)] == breaches


def test_the_reason_tells_the_datapoints_as_cloudwatch_does() -> None:
    verdict = judge(rule(periods=1, datapoints=1), points("-0X"), State.OK, NOON)
    assert verdict is not None
    assert verdict.reason == (
        "Threshold Crossed: 1 out of the last 1 datapoints [99.5 (01/05/24 11:45:00)] was greater than the "
        "threshold (50.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    data = json.loads(verdict.reason_data)
    assert data["queryDate"] == "2024-05-01T12:00:00.000+0000"
    assert data["startDate"] == "2024-05-01T11:45:00.000+0000"
    assert (data["recentDatapoints"], data["threshold"], data["period"]) == ([99.5], 50.0, 300)


def test_the_reason_tells_how_missing_data_was_treated() -> None:
    verdict = judge(rule(treat_missing="notBreaching"), points("-----"), State.ALARM, NOON)
    assert verdict is not None
    assert verdict.reason == (
        "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated "
        "as [NonBreaching]."
    )
    unknown = judge(rule(), points("-----"), State.OK, NOON)
    assert unknown is not None
    assert unknown.reason == "Insufficient Data: 3 datapoints were unknown."


@pytest.mark.parametrize(
    ("statistic", "comparison", "early"),
    [
        ("Sum", "GreaterThanThreshold", True),
        ("Maximum", "GreaterThanOrEqualToThreshold", True),
        ("Minimum", "LessThanThreshold", True),
        ("Average", "GreaterThanThreshold", False),
        ("Sum", "LessThanThreshold", False),
    ],
)
def test_an_open_period_rings_only_when_more_data_cannot_undo_it(
    statistic: str, comparison: str, early: bool
) -> None:
    assert Rule(statistic, comparison, 1.0, period=60, periods=1, datapoints=1).can_ring_early is early
