"""SNS: what is published to a topic gets to its queues and functions as the topic, if their policies let it.

Wiring, for whoever assembles the sandbox:

    gateway.add_observers([Topics(cloud)])      # sees Publish and PublishBatch

moto keeps topics, subscriptions and platform endpoints, and answers the API; its own delivery is never
used. HTTP, e-mail and SMS subscribers are never called.
"""

from __future__ import annotations

from chaoskit.sandbox.topics.topics import Topics

__all__ = ["Topics"]
