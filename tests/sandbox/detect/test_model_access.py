from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import chaoskit.sandbox
from chaoskit.sandbox.detect import run_insights

QUERY = (Path(chaoskit.sandbox.__file__).parent / "detections" / "model-access.insights").read_text()
TEN = 1_714_557_600_000  # 2024-05-01 10:00 UTC
HOUR = 3_600_000


def invocations(endpoint: str, count: int, callers: int = 1, at: int = TEN) -> list[dict[str, Any]]:
    """CloudTrail data events of one hour, as a trail writes them to its log group."""
    return [
        {
            "@timestamp": at + number * (HOUR // count),
            "@message": json.dumps(
                {
                    "eventVersion": "1.11",
                    "userIdentity": {
                        "type": "AssumedRole",
                        "arn": f"arn:aws:sts::111122223333:assumed-role/app/session-{number % callers}",
                    },
                    "eventSource": "sagemaker.amazonaws.com",
                    "eventName": "InvokeEndpoint",
                    "requestParameters": {"endpointName": endpoint},
                    "managementEvent": False,
                    "eventCategory": "Data",
                }
            ),
        }
        for number in range(count)
    ]


def flagged(*parts: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    rows = run_insights(QUERY, [record for part in parts for record in part])
    return [(row["endpoint"], row["hour"], row["invocations"], row["callers"]) for row in rows]


def test_an_hour_of_normal_use_is_not_flagged() -> None:
    assert flagged(invocations("scoring", 1000), invocations("ranking", 50, callers=10)) == []


def test_more_than_a_thousand_invocations_within_an_hour_are_flagged() -> None:
    assert flagged(invocations("scoring", 1001), invocations("ranking", 5)) == [
        ("scoring", "2024-05-01 10:00:00.000", 1001, 1)
    ]


def test_more_than_ten_callers_within_an_hour_are_flagged() -> None:
    assert flagged(invocations("scoring", 22, callers=11)) == [("scoring", "2024-05-01 10:00:00.000", 22, 11)]


def test_use_spread_over_two_hours_is_judged_hour_by_hour() -> None:
    early, late = invocations("scoring", 900), invocations("scoring", 900, at=TEN + HOUR)
    assert flagged(early, late) == []
    assert flagged(early, late, invocations("scoring", 101, at=TEN + HOUR)) == [
        ("scoring", "2024-05-01 11:00:00.000", 1001, 1)
    ]


def test_other_calls_do_not_count() -> None:
    described = [
        {**one, "@message": one["@message"].replace('"InvokeEndpoint"', '"DescribeEndpoint"')}
        for one in invocations("scoring", 2000, callers=20)
    ]
    assert flagged(described) == []
