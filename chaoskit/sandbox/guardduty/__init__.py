"""GuardDuty: the finding types that are rules on CloudTrail events, and samples of the others."""

from __future__ import annotations

from chaoskit.sandbox.guardduty.provider import GuardDuty

__all__ = ["GuardDuty"]
