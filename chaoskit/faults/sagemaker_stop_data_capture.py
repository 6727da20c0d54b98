"""An endpoint ceases to keep what it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.contract import Fault, fault
from chaoskit.faults._endpoint_configs import switched

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "sagemaker.stop-data-capture",
    layer="application",
    attack=("T1685.002", "T1578.005"),
    atlas=("AML.T0040", "AML.T0015"),
    owasp_ml=("ML08",),
)
class StopDataCapture(Fault):
    """Let an endpoint serve by a configuration without data capture: drift and attacks are then not seen.

    Detected by: CloudTrail CreateEndpointConfig, UpdateEndpoint.

    Attributes:
        endpoint: The endpoint's name.
        config: The new configuration's name; one that exists already is left alone.
    """

    endpoint: str
    config: str = "research-chaoskit-uncaptured"

    def changes(self, aws: Reader) -> Changes:
        """Switch to a configuration without it; undone by the prior one. Without it already, it is left."""
        return switched(aws, self.endpoint, self.config, _uncaptured)


def _uncaptured(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in settings.items() if name != "DataCaptureConfig"}
