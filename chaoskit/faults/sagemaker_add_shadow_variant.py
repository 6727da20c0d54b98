"""An endpoint's requests go to another model too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.contract import Fault, fault
from chaoskit.faults._endpoint_configs import switched

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault(
    "sagemaker.add-shadow-variant",
    layer="application",
    attack=("T1578.005", "T1020.001"),
    atlas=("AML.T0035",),
    owasp_ml=("ML06",),
)
class AddShadowVariant(Fault):
    """Give an endpoint a shadow variant: a model that sees every request, and whose answers nobody sees.

    An intruder's container would carry the requests away; here it is the approved model itself, once more.

    Detected by: CloudTrail CreateEndpointConfig, UpdateEndpoint.

    Attributes:
        endpoint: The endpoint's name; it must run on instances.
        config: The new configuration's name; one that exists already is left alone.
    """

    endpoint: str
    config: str = "research-chaoskit-shadowed"

    def changes(self, aws: Reader) -> Changes:
        """Switch to a configuration with it; undone by the prior one. With one already, it is left."""
        return switched(aws, self.endpoint, self.config, _shadowed)


def _shadowed(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    if settings.get("ShadowProductionVariants"):
        return settings
    shadow = {**settings["ProductionVariants"][0], "VariantName": "chaoskit-shadow"}
    return {**settings, "ShadowProductionVariants": [shadow]}
