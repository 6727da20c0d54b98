"""EventBridge Scheduler: moto keeps the schedules, and here they are fired when their time comes."""

from __future__ import annotations

from chaoskit.sandbox.scheduler.firing import Schedules

__all__ = ["Schedules"]
