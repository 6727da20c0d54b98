"""The safety lever of AWS FIS, of which moto has none (AWS FIS User Guide, "Safety levers for AWS FIS")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.cloud import Sandbox
    from chaoskit.sandbox.wire import ApiCall

_STATES = ("disengaged", "engaged")


class SafetyLevers:
    """Answers GetSafetyLever and UpdateSafetyLeverState: one lever, `default`, an account and region."""

    service = "fis"

    def __init__(self, cloud: Sandbox) -> None:
        self._lock = cloud.lock
        self._levers: dict[tuple[str, str], tuple[str, str]] = {}

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {"GetSafetyLever": self.get, "UpdateSafetyLeverState": self.update}

    def get(self, call: ApiCall) -> Mapping[str, Any]:
        """The lever, disengaged until somebody engages it."""
        _known(call)
        status, reason = self._levers.get((call.account, call.region), (_STATES[0], ""))
        return _told(call, status, reason)

    def update(self, call: ApiCall) -> Mapping[str, Any]:
        """Engage or disengage it.

        Raises:
            ApiError: `ValidationException` for a state that can't be set, `ResourceNotFoundException` for
                another lever.
        """
        _known(call)
        wanted = call.params["state"]
        if wanted["status"] not in _STATES:
            raise ApiError("ValidationException", f"status must be one of {', '.join(_STATES)}.")
        with self._lock:
            self._levers[call.account, call.region] = wanted["status"], wanted["reason"]
        return _told(call, wanted["status"], wanted["reason"])


def _known(call: ApiCall) -> None:
    if call.params["id"] != "default":
        raise ApiError("ResourceNotFoundException", f"There is no safety lever {call.params['id']}.", 404)


def _told(call: ApiCall, status: str, reason: str) -> Mapping[str, Any]:
    arn = f"arn:aws:fis:{call.region}:{call.account}:safety-lever/default"
    return {"safetyLever": {"id": "default", "arn": arn, "state": {"status": status, "reason": reason}}}
