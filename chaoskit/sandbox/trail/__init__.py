"""CloudTrail: a record of every call, event history, trails, their selectors and deliveries.

Wiring, for whoever assembles the sandbox:

    trail = AuditTrail(cloud)
    gateway.add_provider(trail)             # LookupEvents, ListPublicKeys and what moto's trails lack
    gateway.add_observers([trail])          # sees every call, denied ones too
    trail.subscribe(bus.cloudtrail_event)   # events that a logging trail takes; bus = events.EventBus(cloud)

`StopLogging` and the like take effect for the call after them. What a record holds: `records.py`; where
its parameters get their spelling: `parameters.py`, `s3.py`, `ec2.py`; what never gets in: `redaction.py`.
What trails deliver: `log_files.py` and `digests.py` to a bucket, `log_events.py` to a log group, each after
the delay of the sandbox's profile (`chaoskit.sandbox.profile`).
"""

from __future__ import annotations

from chaoskit.sandbox.trail.observer import AuditTrail
from chaoskit.sandbox.trail.records import Recorded

__all__ = ["AuditTrail", "Recorded"]
