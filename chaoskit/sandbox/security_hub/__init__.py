"""Security Hub: findings of GuardDuty, Config, Access Analyzer and importers in one format and one place."""

from __future__ import annotations

from chaoskit.sandbox.security_hub.provider import SecurityHub

__all__ = ["SecurityHub"]
