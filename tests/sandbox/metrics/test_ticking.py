from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from chaoskit.sandbox.server import serve
from tests.sandbox.metrics.monitored import Monitored


def test_alarms_are_evaluated_at_each_whole_minute_without_anybody_asking() -> None:
    ahead = timedelta()

    def wall() -> datetime:
        return datetime.now(UTC) + ahead

    with serve(wall=wall) as served:
        aws = Monitored(served)
        datum = {"MetricName": "Latency", "Value": 9.0}
        aws.client("cloudwatch").put_metric_data(Namespace="Own", MetricData=[datum])
        aws.client("cloudwatch").describe_alarms()
        ahead = timedelta(seconds=59.5 - wall().timestamp() % 60)
        alarm = aws.alarm(("Own", "Latency"), Statistic="Average", TreatMissingData="missing")
        deadline = time.monotonic() + 30
        while aws.state(alarm) != "ALARM" and time.monotonic() < deadline:
            time.sleep(0.05)
        assert aws.state(alarm) == "ALARM"
