"""An alarm is the fault's only if the log group had the fault's record before it was raised."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from chaoskit.contract import Trace
from chaoskit.probes.cloudwatch_alarm_raised import AlarmRaised
from tests.answers import Answers
from tests.samples import NOW, attempt

FAULT = attempt(at=NOW + timedelta(seconds=10), request_id="the-faults")
TRACE = Trace("t", NOW, (FAULT,))


def account(raised: int, *ingested: int) -> Answers:
    """An alarm that was raised, and records of the fault that arrived, so many seconds into the run."""
    record = json.dumps({"eventName": "AttachRolePolicy", "requestID": "the-faults"})
    events = [
        {"message": record, "ingestionTime": int((NOW + timedelta(seconds=at)).timestamp() * 1000)}
        for at in ingested
    ]
    change = {
        "Timestamp": (NOW + timedelta(seconds=raised)).isoformat(),
        "HistoryData": json.dumps({"newState": {"stateValue": "ALARM"}}),
    }
    return Answers(
        DescribeAlarms={"MetricAlarms": [{"StateValue": "ALARM", "MetricName": "m", "Namespace": "n"}]},
        DescribeMetricFilters={"metricFilters": [{"logGroupName": "g", "filterPattern": "{ $.a = 1 }"}]},
        FilterLogEvents={"events": events},
        DescribeAlarmHistory={"AlarmHistoryItems": [change]},
    )


@pytest.mark.parametrize(
    ("raised", "ingested", "counts"),
    [
        (60, [30], True),
        (60, [60], True),
        (60, [300], False),
        (60, [300, 30], True),
        (5, [2], False),
        (60, [], False),
    ],
    ids=["after-it", "at-once", "before-it", "after-the-earliest", "before-the-fault", "of-nothing"],
)
def test_an_alarm_counts_once_the_log_group_had_a_record_of_the_fault(
    raised: int, ingested: list[int], counts: bool
) -> None:
    assert AlarmRaised(name="a").look(account(raised, *ingested), TRACE).holds is counts
