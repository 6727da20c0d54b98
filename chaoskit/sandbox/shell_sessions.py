"""Ways to a shell on an instance: Session Manager, and the serial console with its key.

Sessions start on any instance and are kept; nothing listens where their stream would be, since nothing here
runs an agent. Source: Systems Manager API Reference, "StartSession"; EC2 User Guide, "Configure access to
the EC2 Serial Console"; EC2 Instance Connect API Reference, "SendSerialConsoleSSHPublicKey".
"""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.wire import ApiCall, Cloud

_OVER = frozenset({"Terminated", "Terminating"})


class ShellSessions:
    """Answers StartSession, ResumeSession, TerminateSession and DescribeSessions, which moto lacks."""

    service = "ssm"

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._sessions: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "StartSession": self.start,
            "ResumeSession": self.resume,
            "TerminateSession": self.terminate,
            "DescribeSessions": self.describe,
        }

    def start(self, call: ApiCall) -> Mapping[str, Any]:
        """Begin a session; its id begins with the caller's name, as Session Manager's do."""
        who = call.principal.session_name or call.principal.user_name or "root"
        identity = f"{who}-{secrets.token_hex(9)[:17]}"
        given: dict[str, Any] = {
            name: call.params[name] for name in ("DocumentName", "Reason") if name in call.params
        }
        self._held(call)[identity] = {
            "SessionId": identity,
            "Target": call.params["Target"],
            "Status": "Connected",
            "StartDate": self._cloud.now(),
            "Owner": call.principal.arn,
            **given,
        }
        return _stream(call, identity)

    def resume(self, call: ApiCall) -> Mapping[str, Any]:
        """Take a session up again."""
        return _stream(call, self._found(call)["SessionId"])

    def terminate(self, call: ApiCall) -> Mapping[str, Any]:
        """End a session."""
        session = self._found(call)
        session |= {"Status": "Terminated", "EndDate": self._cloud.now()}
        return {"SessionId": session["SessionId"]}

    def describe(self, call: ApiCall) -> Mapping[str, Any]:
        """The sessions that go on (`State: Active`), or those that are over (`History`)."""
        over = call.params["State"] == "History"
        return {"Sessions": [one for one in self._held(call).values() if (one["Status"] in _OVER) is over]}

    def _held(self, call: ApiCall) -> dict[str, dict[str, Any]]:
        return self._sessions.setdefault((call.account, call.region), {})

    def _found(self, call: ApiCall) -> dict[str, Any]:
        identity = str(call.params["SessionId"])
        session = self._held(call).get(identity)
        if session is None:
            raise ApiError("DoesNotExistException", f"There is no session {identity}.")
        return session


class SerialConsole:
    """Answers EC2's switch of the account's serial console access, which moto lacks."""

    service = "ec2"

    def __init__(self) -> None:
        self._open: set[tuple[str, str]] = set()

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "EnableSerialConsoleAccess": self.enable,
            "DisableSerialConsoleAccess": self.disable,
            "GetSerialConsoleAccessStatus": self.status,
        }

    def enable(self, call: ApiCall) -> Mapping[str, Any]:
        """Let keys be sent to serial consoles in this account and region."""
        self._open.add((call.account, call.region))
        return self.status(call)

    def disable(self, call: ApiCall) -> Mapping[str, Any]:
        """Let none be sent any more."""
        self._open.discard((call.account, call.region))
        return self.status(call)

    def status(self, call: ApiCall) -> Mapping[str, Any]:
        """Whether keys may be sent; not so at first."""
        return {"SerialConsoleAccessEnabled": (call.account, call.region) in self._open}


class SerialConsoleKeys:
    """Answers SendSerialConsoleSSHPublicKey, which moto lacks."""

    service = "ec2-instance-connect"

    def __init__(self, console: SerialConsole) -> None:
        self._console = console

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operation answered here."""
        return {"SendSerialConsoleSSHPublicKey": self.send}

    def send(self, call: ApiCall) -> Mapping[str, Any]:
        """Take a key.

        Raises:
            ApiError: `SerialConsoleAccessDisabledException`, until EnableSerialConsoleAccess is called.
        """
        if not self._console.status(call)["SerialConsoleAccessEnabled"]:
            raise ApiError(
                "SerialConsoleAccessDisabledException",
                "Your account is not authorized to use the EC2 Serial Console.",
                403,
            )
        return {"RequestId": call.request_id, "Success": True}


def _stream(call: ApiCall, identity: str) -> Mapping[str, Any]:
    return {
        "SessionId": identity,
        "TokenValue": str(uuid.uuid4()),
        "StreamUrl": f"wss://ssmmessages.{call.region}.amazonaws.com/v1/data-channel/{identity}"
        "?role=publish_subscribe",
    }
