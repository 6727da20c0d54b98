"""S3 event notifications: what happens to objects gets to queues, topics, functions and EventBridge.

Wiring, for whoever assembles the sandbox:

    notices = BucketEvents(cloud, bus.put)      # bus = events.EventBus(cloud)
    gateway.add_provider(notices)               # PutBucketNotificationConfiguration
    gateway.add_observers([notices])            # sees PutObject, DeleteObject, ...

moto keeps the configurations; its own delivery is never used.
"""

from __future__ import annotations

from chaoskit.sandbox.bucket_events.notices import BucketEvents

__all__ = ["BucketEvents"]
