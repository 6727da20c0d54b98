"""What SES says of an account as a whole, which moto lacks: whether it may send, and how much.

Intruders ask for it before they send. Source: SES API Reference, "GetAccountSendingEnabled"; SES API v2
Reference, "GetAccount".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.wire import ApiCall

_QUOTA = {"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 0.0}
"""That of an account in SES's own sandbox, which every account begins in."""


class Sending:
    """Keeps which accounts may not send, by region, for both versions of the API."""

    service = "ses"

    def __init__(self) -> None:
        self._paused: set[tuple[str, str]] = set()

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations of version 1."""
        return {
            "GetAccountSendingEnabled": lambda call: {"Enabled": self.enabled(call)},
            "UpdateAccountSendingEnabled": lambda call: self.switch(
                call, on=call.params.get("Enabled", False)
            ),
        }

    def enabled(self, call: ApiCall) -> bool:
        """Whether the account may send."""
        return (call.account, call.region) not in self._paused

    def switch(self, call: ApiCall, *, on: bool) -> Mapping[str, Any]:
        """Let the account send, or not."""
        (self._paused.discard if on else self._paused.add)((call.account, call.region))
        return {}


class SendingV2:
    """The same in version 2 of the API."""

    service = "sesv2"

    def __init__(self, sending: Sending) -> None:
        self._sending = sending

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations of version 2."""
        return {
            "GetAccount": self._account,
            "PutAccountSendingAttributes": lambda call: self._sending.switch(
                call, on=call.params.get("SendingEnabled", False)
            ),
        }

    def _account(self, call: ApiCall) -> Mapping[str, Any]:
        return {
            "DedicatedIpAutoWarmupEnabled": False,
            "EnforcementStatus": "HEALTHY",
            "ProductionAccessEnabled": False,
            "SendQuota": dict(_QUOTA),
            "SendingEnabled": self._sending.enabled(call),
        }
