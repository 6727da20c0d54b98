"""Changes what a notebook runs at its start: the one call about it that moto lacks, and intruders make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.state import backend
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.wire import ApiCall, Cloud


class LifecycleScripts:
    """Answers UpdateNotebookInstanceLifecycleConfig (SageMaker API Reference); moto has the rest."""

    service = "sagemaker"

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operation answered here."""
        return {"UpdateNotebookInstanceLifecycleConfig": self.update}

    def update(self, call: ApiCall) -> Mapping[str, Any]:
        """Put other scripts in the place of those that the call names.

        Raises:
            ApiError: `ValidationException`, when there is no such configuration.
        """
        name = str(call.params["NotebookInstanceLifecycleConfigName"])
        with self._cloud.lock:
            kept = backend("sagemaker", call.account, call.region)
            found = kept.notebook_instance_lifecycle_configurations.get(name) if kept is not None else None
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
