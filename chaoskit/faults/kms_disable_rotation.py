"""A key is not rotated any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes


@fault("kms.disable-rotation", layer="data", attack=("T1685",))
class DisableRotation(Fault):
    """Switch off a key's yearly rotation, so that what was stolen of it stays of use.

    Detected by: CloudTrail DisableKeyRotation; AWS Config.

    Attributes:
        key: The key's id or ARN; it must be a symmetric key of the customer's own.
    """

    key: str

    def changes(self, aws: Reader) -> Changes:
        """Switch it off; undone by switching it on with the prior period. Off already, it is not ours."""
        where: dict[str, Any] = {"KeyId": self.key}
        select = "{on: KeyRotationEnabled, days: RotationPeriodInDays}"
        status = Query("kms", "GetKeyRotationStatus", where, select)
        prior = aws.read(status)
        if not prior["on"]:
            return
        period = {"RotationPeriodInDays": prior["days"]} if prior["days"] else {}
        yield Change(
            do=Call("kms", "DisableKeyRotation", **where),
            undo=(Call("kms", "EnableKeyRotation", **where, **period),),
            state=status,
        )
