"""EventBridge: buses, rules, input transformation and delivery to targets.

Wiring, for whoever assembles the sandbox:

    bus = EventBus(cloud)
    gateway.add_provider(bus)               # PutEvents, PutRule, TestEventPattern
    trail.subscribe(bus.cloudtrail_event)   # trail = trail.AuditTrail(cloud)

moto keeps buses, rules and targets (and answers the rest of the API); its own delivery is never used.
An event is matched in the caller's thread, so a rule disabled after the call still had its say, and
delivered by `cloud.spawn`, so `cloud.idle` waits for it. `bus.deliveries` has counts and failures.
"""

from __future__ import annotations

from chaoskit.sandbox.events.bus import EventBus
from chaoskit.sandbox.events.delivery import Failure

__all__ = ["EventBus", "Failure"]
