"""CloudWatch: metric filters on logs, metric data, and alarms that ring.

Wiring, for whoever assembles the sandbox:

    alarms = Alarms(cloud, bus.put)             # bus = events.EventBus(cloud)
    cloudwatch = CloudWatch(cloud, alarms)
    filters = LogFilters(cloud, cloudwatch)
    for provider in (cloudwatch, filters, LogSearch(cloud), LogWrites(cloud)):
        gateway.add_provider(provider)
    gateway.add_observers([filters])            # sees PutLogEvents

moto keeps metric data, alarms, log groups and metric filters, and answers what these leave out.
"""

from __future__ import annotations

from chaoskit.sandbox.metrics.alarms import Alarms
from chaoskit.sandbox.metrics.log_filters import LogFilters
from chaoskit.sandbox.metrics.log_search import LogSearch
from chaoskit.sandbox.metrics.log_writes import LogWrites
from chaoskit.sandbox.metrics.provider import CloudWatch

__all__ = ["Alarms", "CloudWatch", "LogFilters", "LogSearch", "LogWrites"]
