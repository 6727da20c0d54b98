"""Rules about keys. AWS's own keys are nobody's to configure, so they don't count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.sandbox.config.managed import managed

if TYPE_CHECKING:
    from chaoskit.sandbox.config.managed import Parameters
    from chaoskit.sandbox.config.resources import Resource

_KEY = "AWS::KMS::Key"
_SYMMETRIC = "SYMMETRIC_DEFAULT"
_GOING = frozenset({"PendingDeletion", "PendingReplicaDeletion"})


@managed("CMK_BACKING_KEY_ROTATION_ENABLED", _KEY, "kms", periodic=True)
def rotated(found: Resource, parameters: Parameters) -> str | None:
    """A symmetric key that is enabled is rotated each year."""
    del parameters
    key = found.state
    if key.key_manager != "CUSTOMER" or key.key_spec != _SYMMETRIC or key.key_state != "Enabled":
        return None
    return "" if key.key_rotation_status else "Key rotation is not enabled."


@managed("KMS_CMK_NOT_SCHEDULED_FOR_DELETION", _KEY, "kms", periodic=True)
def kept(found: Resource, parameters: Parameters) -> str | None:
    """The key is not about to be deleted."""
    del parameters
    if found.state.key_manager != "CUSTOMER":
        return None
    return "The KMS key is scheduled for deletion." if found.state.key_state in _GOING else ""
