"""Looks whether a key can be used and is rotated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, probe

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace


@probe("kms.key-sound")
class KeySound(Probe):
    """The key is enabled, so neither disabled nor about to be deleted, and it is rotated.

    Attributes:
        key: The key's id or ARN; a symmetric key of the customer's own.
    """

    key: str

    reads = ("kms:DescribeKey", "kms:GetKeyRotationStatus")

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Read its state and its rotation."""
        del trace
        where: dict[str, Any] = {"KeyId": self.key}
        state = aws.read(Query("kms", "DescribeKey", where, "KeyMetadata.KeyState"))
        # KMS does not tell of a key that is pending deletion (AWS KMS API Reference, GetKeyRotationStatus).
        rotation = Query(
            "kms", "GetKeyRotationStatus", where, "KeyRotationEnabled", absent=("KMSInvalidStateException",)
        )
        rotated = aws.read(rotation)
        wrong = [
            *([] if state == "Enabled" else [f"is {state}"]),
            *([] if rotated else ["is not rotated"]),
        ]
        return Observation(
            holds=not wrong,
            summary=f"key {self.key} {' and '.join(wrong) or 'is enabled and rotated'}",
            evidence={"state": state, "rotated": rotated},
        )
