"""A key is not rotated any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("kms.disable-rotation", layer="data", attack=("T1562",))
class DisableRotation(Fault):
    """Switch a key's yearly rotation off, so that key material that leaked stays good.

    Detected by: DisableKeyRotation.

    Attributes:
        key: The key's id or ARN.
    """

    key: str

    def changes(self, aws: Reader) -> Changes:
        """Switch off; undone by switching on with the period that was set. A key without is left alone."""
        rotation = Query(
            "kms",
            "GetKeyRotationStatus",
            {"KeyId": self.key},
            "{on: KeyRotationEnabled, days: KeyRotationEnabled && RotationPeriodInDays || `null`}",
        )
        prior = aws.read(rotation)
        if not prior["on"]:
            return
        period = {"RotationPeriodInDays": prior["days"]} if prior["days"] else {}
        yield Change(
            do=Call("kms", "DisableKeyRotation", KeyId=self.key),
            undo=(Call("kms", "EnableKeyRotation", KeyId=self.key, **period),),
            state=rotation,
        )
