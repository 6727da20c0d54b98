"""What the faults share that change trails."""

from __future__ import annotations

from typing import Any, Final

CHANGING: Final[dict[str, Any]] = {"not_yet": ("ConflictException",), "settles": 300.0}
"""How to call for a trail that a responder may be changing, or that was made just now: "wait a few minutes"
(CloudTrail API Reference, ConflictException)."""
