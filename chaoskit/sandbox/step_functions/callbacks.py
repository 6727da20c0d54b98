"""What workers tell of the tasks that wait for them, by task token.

moto drops the cause of a failure, takes an answer twice, knows no token of an execution that has ended, and
does not see an answer that comes before it has begun to wait for heartbeats.
Source: Step Functions API Reference, "SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat": a token that
has expired, or whose task is closed, is `TaskTimedOut`; one that never was is `InvalidToken`.
"""

from __future__ import annotations

import inspect
import json
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.state import backend
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chaoskit.sandbox.wire import ApiCall, Cloud

_CALLBACK = "moto.stepfunctions.parser.asl.eval.callback.callback"


def fit_callbacks() -> None:
    """Let tasks see an answer however soon it comes."""
    endpoint = import_module(_CALLBACK).CallbackEndpoint
    endpoint.setup_heartbeat_endpoint = _seeing(endpoint.setup_heartbeat_endpoint)


def _seeing(setup: Callable[..., Any]) -> Callable[..., Any]:
    setup = inspect.unwrap(setup)

    @wraps(setup)
    def seeing(endpoint: Any, heartbeat_seconds: int) -> Any:
        made = setup(endpoint, heartbeat_seconds)
        if endpoint.get_outcome() is not None:
            made.notify()
        return made

    return seeing


class Callbacks:
    """Finds the task that a token stands for, and hands it the answer."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "SendTaskFailure": self.failure,
            "SendTaskHeartbeat": self.heartbeat,
            "SendTaskSuccess": self.success,
        }

    def heartbeat(self, call: ApiCall) -> Mapping[str, Any]:
        """Set the task's heartbeat clock back."""
        with self._cloud.lock:
            self._waiting(call).notify_heartbeat()
        return {}

    def success(self, call: ApiCall) -> Mapping[str, Any]:
        """Let the task end with this output."""
        try:
            json.loads(call.params["output"])
        except ValueError as error:
            raise ApiError("InvalidOutput", f"Invalid Output: {error}") from error
        outcome = import_module(_CALLBACK).CallbackOutcomeSuccess
        with self._cloud.lock:
            token = call.params["taskToken"]
            self._waiting(call).notify(outcome(callback_id=token, output=call.params["output"]))
        return {}

    def failure(self, call: ApiCall) -> Mapping[str, Any]:
        """Let the task fail with this error."""
        outcome = import_module(_CALLBACK).CallbackOutcomeFailure
        error, cause = call.params.get("error"), call.params.get("cause")
        with self._cloud.lock:
            token = call.params["taskToken"]
            self._waiting(call).notify(outcome(callback_id=token, error=error, cause=cause))
        return {}

    def _waiting(self, call: ApiCall) -> Any:
        """The task's end of the callback.

        Raises:
            ApiError: `TaskTimedOut`, `InvalidToken`.
        """
        for execution in _executions(call):
            env = execution.exec_worker.env if execution.exec_worker else None
            found = env and env.callback_pool_manager.get(call.params["taskToken"])
            if not found:
                continue
            if execution.status != "RUNNING" or found.consumer_error or found.get_outcome():
                raise ApiError(
                    "TaskTimedOut",
                    "Task Timed Out: 'Provided task does not exist anymore'",
                )
            return found
        raise ApiError("InvalidToken", "Invalid Token: 'Invalid token'")


def _executions(call: ApiCall) -> Iterator[Any]:
    held = backend("stepfunctions", call.account, call.region)
    for machine in held.state_machines if held else ():
        yield from list(machine.executions)
