"""Notebook instances, whose status decides what may be done to them, and changes of their scripts.

Source: SageMaker API Reference, "StartNotebookInstance", "StopNotebookInstance", "DeleteNotebookInstance" and
"UpdateNotebookInstanceLifecycleConfig"; SageMaker's own words for what a status does not allow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.moto_errors import moto_errors
from chaoskit.sandbox.state import backends
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.wire import ApiCall, Cloud


class Notebooks:
    """Answers what starts, stops and deletes an instance, at once, and what changes a script."""

    service = "sagemaker"

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        return {
            "DeleteNotebookInstance": self.delete,
            "StartNotebookInstance": self.start,
            "StopNotebookInstance": self.stop,
            "UpdateNotebookInstanceLifecycleConfig": self.update_scripts,
        }

    def start(self, call: ApiCall) -> Mapping[str, Any]:
        """Start an instance that has stopped.

        Raises:
            ApiError: `ValidationException`, when there is none, or it has another status.
        """
        with self._cloud.lock:
            _found(call, "Pending", "Stopped", "Failed").start()
        return {}

    def stop(self, call: ApiCall) -> Mapping[str, Any]:
        """Stop an instance that is in service.

        Raises:
            ApiError: `ValidationException`, when there is none, or it has another status.
        """
        with self._cloud.lock:
            _found(call, "Stopping", "InService").stop()
        return {}

    def delete(self, call: ApiCall) -> Mapping[str, Any]:
        """Delete an instance that has stopped.

        Raises:
            ApiError: `ValidationException`, when there is none, or it has another status.
        """
        with self._cloud.lock:
            found = _found(call, "Deleting", "Stopped", "Failed")
            del _backend(call).notebook_instances[found.notebook_instance_name]
        return {}

    def update_scripts(self, call: ApiCall) -> Mapping[str, Any]:
        """Put other scripts in the place of those that the call names.

        Raises:
            ApiError: `ValidationException`, when there is no such configuration.
        """
        name = str(call.params["NotebookInstanceLifecycleConfigName"])
        with self._cloud.lock:
            found = _backend(call).notebook_instance_lifecycle_configurations.get(name)
            if found is None:
                raise ApiError(
                    "ValidationException",
                    f"Unable to describe Notebook Instance Lifecycle Config '{name}'. "
                    "(Details: Notebook Instance Lifecycle Config does not exist.)",
                )
            found.on_create = call.params.get("OnCreate", found.on_create)
            found.on_start = call.params.get("OnStart", found.on_start)
            found.last_modified_time = self._cloud.now().replace(tzinfo=None)
        return {}


def _backend(call: ApiCall) -> Any:
    return backends("sagemaker")[call.account][call.region]


def _found(call: ApiCall, becomes: str, *allowed: str) -> Any:
    """The instance that a call is about, when its status allows the call."""
    with moto_errors():
        found = _backend(call).get_notebook_instance(call.params["NotebookInstanceName"])
    if found.status not in allowed:
        raise ApiError(
            "ValidationException",
            f"Status ({found.status}) not in ([{', '.join(allowed)}]). "
            f"Unable to transition to ({becomes}) for Notebook Instance ({found.arn}).",
        )
    return found
