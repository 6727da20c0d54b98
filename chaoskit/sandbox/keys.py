"""KMS keys switched off and on again, by id or ARN as AWS takes them; moto takes ids only.

Source: AWS KMS API Reference, "DisableKey", "EnableKey", "ScheduleKeyDeletion", "CancelKeyDeletion".
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.state import backends
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.wire import ApiCall

_SHORTEST, _LONGEST = 7, 30


class KeyStates:
    """Answers the operations that change whether a key can be used."""

    service = "kms"

    def __init__(self, cloud: Sandbox) -> None:
        self._cloud = cloud

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "EnableKey": self.enable_key,
            "DisableKey": self.disable_key,
            "ScheduleKeyDeletion": self.schedule_key_deletion,
            "CancelKeyDeletion": self.cancel_key_deletion,
        }

    def enable_key(self, call: ApiCall) -> Mapping[str, Any]:
        """Let a key be used again.

        Raises:
            ApiError: `NotFoundException`, or `KMSInvalidStateException` while it is pending deletion.
        """
        with self._cloud.lock:
            key = _key(call)
            _refuse_pending(key)
            key.enabled, key.key_state = True, "Enabled"
        return {}

    def disable_key(self, call: ApiCall) -> Mapping[str, Any]:
        """Let a key not be used.

        Raises:
            ApiError: `NotFoundException`, or `KMSInvalidStateException` while it is pending deletion.
        """
        with self._cloud.lock:
            key = _key(call)
            _refuse_pending(key)
            key.enabled, key.key_state = False, "Disabled"
        return {}

    def schedule_key_deletion(self, call: ApiCall) -> Mapping[str, Any]:
        """Put an end to a key, `PendingWindowInDays` (7 to 30, by default 30) from now.

        Raises:
            ApiError: `NotFoundException`, `ValidationException`, or `KMSInvalidStateException`.
        """
        days = int(call.params.get("PendingWindowInDays", _LONGEST))
        if not _SHORTEST <= days <= _LONGEST:
            raise ApiError("ValidationException", f"PendingWindowInDays must be {_SHORTEST} to {_LONGEST}.")
        with self._cloud.lock:
            key = _key(call)
            _refuse_pending(key)
            key.enabled, key.key_state = False, "PendingDeletion"
            end = self._cloud.now() + timedelta(days=days)
            # moto keeps naive times, in UTC.
            key.deletion_date = end.replace(tzinfo=None)
        return {
            "KeyId": key.arn,
            "DeletionDate": end,
            "KeyState": "PendingDeletion",
            "PendingWindowInDays": days,
        }

    def cancel_key_deletion(self, call: ApiCall) -> Mapping[str, Any]:
        """Keep a key after all; it is disabled then.

        Raises:
            ApiError: `NotFoundException`, or `KMSInvalidStateException` when it is not pending deletion.
        """
        with self._cloud.lock:
            key = _key(call)
            if key.key_state != "PendingDeletion":
                raise ApiError("KMSInvalidStateException", f"{key.arn} is not pending deletion.")
            key.key_state, key.deletion_date = "Disabled", None
        return {"KeyId": key.arn}


def _key(call: ApiCall) -> Any:
    """Moto's key that a call names."""
    given = str(call.params["KeyId"])
    known = backends("kms")[call.account][call.region].keys.get(given.rpartition("/")[2])
    if known is None or given.startswith("alias/"):
        where = f"arn:aws:kms:{call.region}:{call.account}:key/{given.rpartition('/')[2]}"
        raise ApiError("NotFoundException", f"Key '{where}' does not exist")
    return known


def _refuse_pending(key: Any) -> None:
    if key.key_state == "PendingDeletion":
        raise ApiError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
