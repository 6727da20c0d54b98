"""Step Functions' API is moto's; what executions do is fitted to this sandbox on the service's first call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.step_functions.callbacks import Callbacks
from chaoskit.sandbox.step_functions.interpreter import fit
from chaoskit.sandbox.step_functions.sessions import Sessions
from chaoskit.sandbox.wire import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chaoskit.sandbox.wire import ApiCall, Cloud


class StepFunctions:
    """Refuses what would look as if it worked and would not; everything else is moto's."""

    service = "stepfunctions"

    def __init__(self, cloud: Cloud) -> None:
        fit(cloud, Sessions(cloud))
        self._callbacks = Callbacks(cloud)

    @property
    def operations(self) -> Mapping[str, Callable[[ApiCall], Mapping[str, Any]]]:
        """The operations answered here."""
        refused = {"StartSyncExecution": self._refuse, "TestState": self._refuse}
        return {**self._callbacks.operations, **refused}

    def _refuse(self, call: ApiCall) -> Mapping[str, Any]:
        """Express executions that are waited for would hold the sandbox's lock while their tasks need it."""
        raise ApiError(
            "NotImplemented", f"The embedded sandbox does not have stepfunctions {call.operation}.", 501
        )
