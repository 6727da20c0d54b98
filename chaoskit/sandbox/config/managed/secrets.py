"""Rules about secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.sandbox.config.managed import managed

if TYPE_CHECKING:
    from chaoskit.sandbox.config.managed import Parameters
    from chaoskit.sandbox.config.resources import Resource

_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a resource type


@managed(
    "SECRETSMANAGER_ROTATION_ENABLED_CHECK",
    _SECRET,
    "secretsmanager",
    on_change=True,
    parameters="maximumAllowedRotationFrequency maximumAllowedRotationFrequencyInHours",
)
def rotated(found: Resource, parameters: Parameters) -> str | None:
    """The secret is rotated, as often as is asked for."""
    if not getattr(found.state, "rotation_enabled", False):
        return "Rotation is not enabled."
    days = int(parameters.get("maximumAllowedRotationFrequency", "0"))
    return "The secret is rotated too seldom." if days and found.state.auto_rotate_after_days > days else ""


@managed("SECRETSMANAGER_USING_CMK", _SECRET, "secretsmanager", on_change=True, parameters="kmsKeyArns")
def own_key(found: Resource, parameters: Parameters) -> str | None:
    """The secret is encrypted with a key of the customer's."""
    key = found.state.kms_key_id or ""
    if not key or key.endswith("alias/aws/secretsmanager"):
        return "The secret is encrypted with the AWS managed key."
    wanted = [each.strip() for each in parameters.get("kmsKeyArns", "").split(",") if each.strip()]
    return "The KMS key is not one of kmsKeyArns." if wanted and key not in wanted else ""
