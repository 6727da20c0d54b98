"""Rules about notebooks and endpoint configurations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.sandbox.config.managed import managed

if TYPE_CHECKING:
    from chaoskit.sandbox.config.managed import Parameters
    from chaoskit.sandbox.config.resources import Resource

_NOTEBOOK = "AWS::SageMaker::NotebookInstance"
_ENDPOINT_CONFIG = "AWS::SageMaker::EndpointConfig"


@managed("SAGEMAKER_NOTEBOOK_NO_DIRECT_INTERNET_ACCESS", _NOTEBOOK, "sagemaker", periodic=True)
def no_internet(found: Resource, parameters: Parameters) -> str | None:
    """The notebook reaches the internet only through its VPC."""
    del parameters
    direct = found.state.direct_internet_access != "Disabled"
    return "The notebook instance has direct internet access." if direct else ""


@managed("SAGEMAKER_NOTEBOOK_INSTANCE_ROOT_ACCESS_CHECK", _NOTEBOOK, "sagemaker", on_change=True)
def no_root(found: Resource, parameters: Parameters) -> str | None:
    """The notebook's users are not root."""
    del parameters
    return "Root access is enabled." if found.state.root_access != "Disabled" else ""


@managed(
    "SAGEMAKER_NOTEBOOK_INSTANCE_KMS_KEY_CONFIGURED",
    _NOTEBOOK,
    "sagemaker",
    periodic=True,
    parameters="kmsKeyArns",
)
def notebook_key(found: Resource, parameters: Parameters) -> str | None:
    """The notebook's volume is encrypted with a KMS key."""
    return _key(found.state.kms_key_id, parameters)


@managed(
    "SAGEMAKER_ENDPOINT_CONFIGURATION_KMS_KEY_CONFIGURED",
    _ENDPOINT_CONFIG,
    "sagemaker",
    periodic=True,
    parameters="kmsKeyArns",
)
def endpoint_key(found: Resource, parameters: Parameters) -> str | None:
    """The endpoint's volumes are encrypted with a KMS key."""
    return _key(found.state.kms_key_id, parameters)


def _key(key: str | None, parameters: Parameters) -> str:
    if not key:
        return "No KMS key is configured."
    wanted = [each.strip() for each in parameters.get("kmsKeyArns", "").split(",") if each.strip()]
    return "The KMS key is not one of kmsKeyArns." if wanted and key not in wanted else ""
